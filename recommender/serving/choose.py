"""Which activities, in which order: candidates -> rules -> diversity -> first n, of one model or of a fallback."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from recommender.serving import rules
from recommender.serving.answers import Candidate, Chosen
from recommender.serving.candidates import Pool, pool
from recommender.serving.live import LiveModel
from recommender.serving.openings import admitted_among
from recommender.serving.popular import POPULAR_IN_YOUR_COURSES, Popular, popular, popular_in_your_courses
from recommender.serving.scoring import Scored, models_for, scored, scored_by_courses
from recommender.serving.situation import Situation
from recommender.serving.variety import varied

logger = logging.getLogger(__name__)


def chosen_for(situation: Situation, limit: int) -> Chosen:
    """By the first model that knows something of the history, else by the first fallback that has something to say.

    For somebody new a model that knows their courses comes second: what is popular there now is no worse a beginning
    (see bench/README.md), but nothing is where nobody has been for weeks.
    """
    chosen = _of_models(scored, situation, limit)
    if chosen is not None:
        return chosen
    found = popular(situation, limit)
    if found.name != POPULAR_IN_YOUR_COURSES:
        chosen = _of_models(scored_by_courses, situation, limit)
    return chosen or _of_fallback(found, situation, limit)


def _of_models(ask: Callable[[LiveModel, Situation], Scored | None], situation: Situation, limit: int) -> Chosen | None:
    for model in models_for(situation):
        try:
            found = ask(model, situation)
        except Exception:  # a model must not take the page down with it: the next one, or a fallback, answers
            logger.exception("%s of organisation %s could not answer.", model.version, model.version.organisation_id)
            continue
        candidates = _of_model(found, situation, limit) if found is not None else []
        if found is not None and candidates:
            return Chosen(candidates, model=model, known=found.known)
    return None


def _of_model(found: Scored, situation: Situation, limit: int) -> list[Candidate]:
    """The list in its order; empty if the rules admit nothing that the model knows."""
    candidates = pool(found, situation, limit)
    admitted = admitted_among(situation, candidates.strengths)
    if len(admitted) < limit and candidates.n_left:
        candidates, admitted = _at_second_look(found, situation, limit)
    left = [pk for pk in candidates.strengths if pk in admitted]
    if all(pk in candidates.sources for pk in left):
        return []
    first = [
        Candidate(pk, candidates.strengths[pk], candidates.sources.get(pk, found.source))
        for pk in _first(left, candidates, admitted, situation, limit)
    ]
    return _filled(first, situation, limit)


def _at_second_look(found: Scored, situation: Situation, limit: int) -> tuple[Pool, dict[int, int]]:
    """All that is admitted, because the strongest few were not: a second query, and a third for the courses."""
    open_ids = np.array(rules.admitted_ids(situation), np.int64)
    places = np.sort(found.places_of(np.sort(found.model.indices_of(open_ids))))
    narrower = replace(found, indices=found.indices[places], strengths=found.strengths[places])
    candidates = pool(narrower, situation, limit)
    return candidates, admitted_among(situation, candidates.strengths)


def _first(ids: list[int], found: Pool, course_ids: dict[int, int], situation: Situation, limit: int) -> list[int]:
    """What is pinned stands first; of the rest no course fills the list, unless one was asked for."""
    pinned = [pk for pk in ids if found.sources.get(pk) == "pinned"][:limit]
    others = [pk for pk in ids if found.sources.get(pk) != "pinned"]
    if situation.course is None and others:
        courses = np.array([[course_ids[pk] for pk in others]], np.int64)
        strengths = np.array([[found.strengths[pk] for pk in others]])
        others = [others[place] for place in varied(courses, strengths, limit)[0].tolist()]
    return (pinned + others)[:limit]


def _filled(candidates: list[Candidate], situation: Situation, limit: int) -> list[Candidate]:
    """A short list goes on with what others do lately in the same courses: the model may not know it yet."""
    if len(candidates) >= limit or not situation.enrolled_course_ids:
        return candidates
    there, weakest = {one.activity_id for one in candidates}, candidates[-1].strength
    more = [(pk, share * weakest) for pk, share in popular_in_your_courses(situation, limit) if pk not in there]
    admitted = admitted_among(situation, [pk for pk, _strength in more])
    added = [Candidate(pk, strength, "popular_in_your_courses") for pk, strength in more if pk in admitted]
    return candidates + added[: limit - len(candidates)]


def _of_fallback(found: Popular, situation: Situation, limit: int) -> Chosen:
    pinned = list(dict.fromkeys(situation.effects.pinned_ids))
    strengths = dict.fromkeys(pinned, 1.0) | {pk: strength for pk, strength in found.activities if pk not in pinned}
    admitted = admitted_among(situation, strengths)
    candidates = [
        Candidate(pk, strength, "pinned" if pk in pinned else found.name)
        for pk, strength in strengths.items()
        if pk in admitted
    ]
    return Chosen(candidates[:limit], fallback=found.name)
