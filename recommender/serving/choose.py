"""Which activities, in which order: candidates -> rules -> diversity -> first n, of one model or of a fallback."""

from __future__ import annotations

import logging
from typing import NamedTuple

import numpy as np

from analytics.public import Activity
from recommender.serving import rules
from recommender.serving.answers import Candidate, Chosen
from recommender.serving.candidates import Pool, pool
from recommender.serving.popular import popular, popular_in_your_courses
from recommender.serving.rules import Named
from recommender.serving.scoring import Scored, models_for, scored
from recommender.serving.situation import Situation
from recommender.serving.variety import varied

logger = logging.getLogger(__name__)


class _Found(NamedTuple):
    """A candidate before it is chosen: most are not, and making an activity of a row costs more than reading it."""

    named: Named
    strength: float
    source: str


def chosen_for(situation: Situation, limit: int) -> Chosen:
    """By the first model that has something to say, else by the first fallback that has."""
    for model in models_for(situation):
        try:
            found = scored(model, situation)
        except Exception:  # a model must not take the page down with it: the next one, or a fallback, answers
            logger.exception("%s of organisation %s could not answer.", model.version, model.version.organisation_id)
            continue
        candidates = _of_model(found, situation, limit) if found is not None else []
        if candidates:
            return Chosen(candidates, model=model)
    return _of_fallback(situation, limit)


def _of_model(found: Scored, situation: Situation, limit: int) -> list[Candidate]:
    """The list in its order; empty if the rules admit nothing that the model knows."""
    candidates = pool(found, situation, limit)
    admitted = rules.admitted_among(situation, candidates.strengths)
    if len(admitted) < limit and candidates.n_left:
        candidates, admitted = _at_second_look(found, situation, limit)
    left = [
        _Found(admitted[pk], strength, candidates.sources.get(pk, "model"))
        for pk, strength in candidates.strengths.items()
        if pk in admitted
    ]
    if not any(one.source == "model" for one in left):
        return []
    return _filled(_candidates(_first(left, situation, limit)), situation, limit)


def _at_second_look(found: Scored, situation: Situation, limit: int) -> tuple[Pool, dict[int, Named]]:
    """All that is admitted, because the strongest few were not: a second query, and a third for the names."""
    open_ids = np.array(rules.admitted_ids(situation), np.int64)
    places = np.sort(found.places_of(np.sort(found.model.indices_of(open_ids))))
    narrower = Scored(found.model, found.indices[places], found.strengths[places])
    candidates = pool(narrower, situation, limit)
    return candidates, rules.admitted_among(situation, candidates.strengths)


def _first(candidates: list[_Found], situation: Situation, limit: int) -> list[_Found]:
    """What is pinned stands first; of the rest no course fills the list, unless one was asked for."""
    pinned = [one for one in candidates if one.source == "pinned"][:limit]
    others = [one for one in candidates if one.source != "pinned"]
    if situation.course is None and others:
        courses = np.array([[one.named.course_id or 0 for one in others]], np.int64)
        strengths = np.array([[one.strength for one in others]])
        others = [others[place] for place in varied(courses, strengths, limit)[0]]
    return (pinned + others)[:limit]


def _filled(candidates: list[Candidate], situation: Situation, limit: int) -> list[Candidate]:
    """A short list goes on with what others do lately in the same courses: the model may not know it yet."""
    if len(candidates) >= limit or not situation.enrolled_course_ids:
        return candidates
    there, weakest = {one.activity.pk for one in candidates}, candidates[-1].strength
    more = [(pk, share * weakest) for pk, share in popular_in_your_courses(situation, limit) if pk not in there]
    named = rules.admitted_among(situation, [pk for pk, _strength in more])
    added = [_Found(named[pk], strength, "popular_in_your_courses") for pk, strength in more if pk in named]
    return candidates + _candidates(added[: limit - len(candidates)])


def _of_fallback(situation: Situation, limit: int) -> Chosen:
    found = popular(situation, limit)
    pinned = list(dict.fromkeys(situation.effects.pinned_ids))
    strengths = dict.fromkeys(pinned, 1.0) | {pk: strength for pk, strength in found.activities if pk not in pinned}
    named = rules.admitted_among(situation, strengths)
    candidates = [
        _Found(named[pk], strength, "pinned" if pk in pinned else found.name)
        for pk, strength in strengths.items()
        if pk in named
    ]
    return Chosen(_candidates(candidates[:limit]), fallback=found.name)


def _candidates(found: list[_Found]) -> list[Candidate]:
    courses: dict[int, Activity] = {}
    return [Candidate(rules.activity_of(one.named, courses), one.strength, one.source) for one in found]
