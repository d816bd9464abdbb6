"""Why each of a list: from the learner's own events where a model chose it, else from where it came."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from django.utils.translation import get_language

from analytics.public import Activity
from recommender import explanations
from recommender.explanations import Reason
from recommender.serving.answers import Chosen, Recommendation
from recommender.serving.situation import Situation

logger = logging.getLogger(__name__)

N_REASONS = 2
_BY_SOURCE: Mapping[str, Callable[[Activity], Reason]] = {
    "pinned": explanations.pinned,
    "continue": explanations.unfinished,
    "next_in_sequence": explanations.next_in_course,
    "popular_in_your_courses": explanations.popular,
    "first_in_your_courses": explanations.first_in_course,
    "model_by_courses": explanations.usual_first_step,
    "popular": explanations.popular,
    "popularity": explanations.popular,
}


def causes_of(chosen: Chosen, situation: Situation) -> dict[int, list[int]]:
    """Ids of what of the history spoke for each activity; nothing where the model does not say or did not choose it."""
    model = chosen.model
    if model is None or not model.algorithm.explains:
        return {}
    ids = np.array([one.activity_id for one in chosen.candidates if one.source == "model"], np.int64)
    history, times = chosen.known or model.known_of(situation.history, situation.times)
    if not len(ids) or not len(history):
        return {}
    try:
        contributions = model.algorithm.explain_each(history, model.indices_of(ids), N_REASONS, times)
    except Exception:  # a recommendation without its reason is better than none
        logger.exception("%s of organisation %s could not explain.", model.version, model.version.organisation_id)
        return {}
    causing = zip(ids.tolist(), contributions, strict=True)
    return {pk: [int(model.activity_ids[one.activity_index]) for one in causes] for pk, causes in causing}


def with_reasons(
    chosen: Chosen,
    named: Mapping[int, Activity],
    causes: Mapping[int, list[int]] | None,
    after: Activity | None = None,
) -> list[Recommendation]:
    """The list with names and reasons; what is gone by now is left out.

    Args:
        chosen: the list.
        named: what is in it and in `causes`, by id.
        causes: from `causes_of`; None: without reasons.
        after: the one that all is similar to.
    """
    language = get_language()
    made: list[Recommendation] = []
    for one in chosen.candidates:
        activity = named.get(one.activity_id)
        if activity is None:
            continue
        told: tuple[str | None, Sequence[Activity]] = (None, ())
        if causes is not None:
            met = [named[pk] for pk in causes.get(one.activity_id, ()) if pk in named]
            told = _reason(chosen, one.source, activity, met, after, language)
        made.append(Recommendation(activity, len(made) + 1, one.strength, one.source, *told))
    return made


def _reason(
    chosen: Chosen, source: str, activity: Activity, met: list[Activity], after: Activity | None, language: str | None
) -> Reason:
    source = chosen.source if source == "model" and chosen.source == "popularity" else source
    if source in _BY_SOURCE:
        return _BY_SOURCE[source](activity)
    if after is not None:
        return explanations.follows(after)
    return explanations.because_of(met, language) or explanations.usual_next_step(activity)
