"""Why each of a list: from the learner's own events where a model chose it, else from where it came."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

import numpy as np

from analytics.public import Activity
from recommender import explanations
from recommender.explanations import Reason
from recommender.history import Meeting
from recommender.serving.answers import Candidate, Chosen, Recommendation
from recommender.serving.rules import partly_read
from recommender.serving.situation import Situation

logger = logging.getLogger(__name__)

N_REASONS = 2
_BY_SOURCE: Mapping[str, Callable[[Activity], Reason]] = {
    "pinned": explanations.pinned,
    "continue": explanations.unfinished,
    "next_in_sequence": explanations.next_in_course,
    "popular_in_your_courses": explanations.popular,
    "first_in_your_courses": explanations.first_in_course,
    "popular": explanations.popular,
    "popularity": explanations.popular,
}


def with_reasons(chosen: Chosen, situation: Situation, after: Activity | None, explain: bool) -> list[Recommendation]:
    """`after` is the one that all is similar to; without `explain` there are no reasons."""
    causes = {} if after or not explain else _causes(chosen, situation)
    made = []
    for rank, one in enumerate(chosen.candidates, start=1):
        reason = _reason(chosen, one, causes.get(one.activity.pk, []), after) if explain else None
        told = (reason.sentence, reason.activities) if reason else (None, [])
        made.append(Recommendation(one.activity, rank, one.strength, one.source, *told))
    return made


def _causes(chosen: Chosen, situation: Situation) -> dict[int, list[Activity]]:
    """What of the history spoke for each activity; nothing where the model does not say or did not choose it."""
    model = chosen.model
    if model is None or not model.algorithm.explains:
        return {}
    ids = np.array([one.activity.pk for one in chosen.candidates if one.source == "model"], np.int64)
    history = model.indices_of(situation.history)
    if not len(ids) or not len(history):
        return {}
    try:
        contributions = model.algorithm.explain_each(history, model.indices_of(ids), n=N_REASONS)
    except Exception:  # a recommendation without its reason is better than none
        logger.exception("%s of organisation %s could not explain.", model.version, model.version.organisation_id)
        return {}
    named: dict[int, Activity] = {}  # few of a long history are ever named
    causing = {}
    for pk, causes in zip(ids.tolist(), contributions, strict=True):
        met = [situation.met[int(model.activity_ids[one.activity_index])] for one in causes]
        causing[pk] = [named.get(one.activity_id) or named.setdefault(one.activity_id, _activity(one)) for one in met]
    return causing


def _activity(met: Meeting) -> Activity:
    return partly_read(
        id=met.activity_id, external_id=met.external_id, kind=met.kind, name=met.name, course_id=met.course_id
    )


def _reason(chosen: Chosen, one: Candidate, causes: list[Activity], after: Activity | None) -> Reason:
    source = chosen.source if one.source == "model" and chosen.source == "popularity" else one.source
    if source in _BY_SOURCE:
        return _BY_SOURCE[source](one.activity)
    if after is not None:
        return explanations.follows(after)
    return explanations.because_of(causes) or explanations.usual_next_step(one.activity)
