"""How strongly a model speaks for each activity, after boosts and after what the learner wants less of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recommender.history import features_of
from recommender.models import TargetKind
from recommender.serving.list_rules import Effects
from recommender.serving.live import Known, LiveModel, live_model, stored_model
from recommender.serving.situation import Situation

NO_FEATURES = np.zeros(0, np.int32)
LOWERED_SHARE = 0.6
"""So much of its strength loses what is most alike to something that the learner wants less of."""


@dataclass(frozen=True)
class Scored:
    """Some of a model's activities, each with its strength 0..1."""

    model: LiveModel
    known: Known  # what the model knows of the history
    indices: NDArray[np.int64]  # (n,) ascending
    strengths: NDArray[np.float32]  # (n,)
    source: Literal["model", "model_by_courses"] = "model"

    def places_of(self, indices: NDArray[np.integer]) -> NDArray[np.int64]:
        """Where those of the indices stand that are here."""
        if not len(self.indices):
            return np.zeros(0, np.int64)
        places = np.minimum(np.searchsorted(self.indices, indices), len(self.indices) - 1)
        found: NDArray[np.int64] = places[self.indices[places] == indices]
        return found


def models_for(situation: Situation) -> Iterator[LiveModel]:
    """The course's own model first, then the organisation's; where a version was asked for, only that one."""
    if situation.version is not None:
        yield stored_model(situation.version)
        return
    for course in (situation.course, None) if situation.course is not None else (None,):
        model = live_model(situation.organisation, situation.kind, course, situation.learner)
        if model is not None:
            yield model


def scored(model: LiveModel, situation: Situation) -> Scored | None:
    """None where the model knows nothing of the history, or nothing of what is in reach."""
    known = model.known_of(situation.history, situation.times)
    return _scored(model, situation, known) if len(known[0]) else None


def scored_by_courses(model: LiveModel, situation: Situation) -> Scored | None:
    """For somebody of whose history it knows nothing; None too where it learnt nothing of the learner's courses."""
    courses = sorted(situation.enrolled_course_ids or ())
    if len(model.indices_of(situation.history)):
        return None
    features = model.algorithm.known_features(features_of(courses)) if courses else NO_FEATURES
    found = _scored(model, situation, (np.zeros(0, np.int32), None), features) if len(features) else None
    return found and replace(found, source="model_by_courses")


def _scored(
    model: LiveModel, situation: Situation, known: Known, features: NDArray[np.int32] = NO_FEATURES
) -> Scored | None:
    history, times = known
    among = within_reach(model, situation)
    if not len(among):
        return None
    disliked = model.indices_of(np.array(situation.personal.disliked_ids, np.int64))
    histories = [history, *(one[None] for one in disliked)]
    is_whole = len(among) == len(model.activity_ids)
    when = None if times is None else [times, *(np.zeros(1, np.int64) for _one in disliked)]
    described = [features, *(NO_FEATURES for _one in disliked)] if len(features) else None
    scores = model.algorithm.score(histories, when, None if is_whole else among, described)
    strengths = scaled(scores[:1])[0]
    if len(disliked):
        strengths *= lowering(scores[1:])
    found = Scored(model, known, among, strengths)
    return boosted(found, situation.effects)


def within_reach(model: LiveModel, situation: Situation) -> NDArray[np.int64]:
    """Indices of what is in the course that was asked for, or in the learner's courses and outside of all."""
    if situation.course is not None:
        return model.indices_in([situation.course.pk])
    enrolled = situation.enrolled_course_ids
    if enrolled is None or situation.kind == TargetKind.COURSE:
        return np.arange(len(model.activity_ids))
    return model.indices_in([0, *enrolled])


def scaled(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row from 0 to 1."""
    lowest = scores.min(axis=1, keepdims=True)
    span = scores.max(axis=1, keepdims=True) - lowest
    found: NDArray[np.float32] = (scores - lowest) / np.where(span > 0, span, np.float32(1))
    return found


def lowering(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """What to multiply with, from what follows from each disliked activity alone: shape (n_disliked, n) -> (n,)."""
    likeness = np.square(scaled(scores)).max(axis=0)
    found: NDArray[np.float32] = 1 - np.float32(LOWERED_SHARE) * likeness
    return found


def boosted(found: Scored, effects: Effects) -> Scored:
    """With the factors of the list rules; the strongest is 1 at most."""
    if not effects.boosts or not len(found.indices):
        return found
    strengths = found.strengths.copy()
    for ids, factor in effects.boosts:
        strengths[found.places_of(found.model.indices_of(ids))] *= factor
    return replace(found, strengths=strengths / max(1.0, float(strengths.max())))
