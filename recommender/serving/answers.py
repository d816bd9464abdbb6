"""What is answered: recommendations with their sources and reasons, and what is decided before they have names."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from analytics.public import Activity, Learner
from recommender.models import Version
from recommender.serving.live import Known, LiveModel


class Recommendation(NamedTuple):
    activity: Activity
    rank: int  # 1 is the best
    strength: float  # 0..1 on the scale of this one answer; not a probability
    source: str  # what put it forward, see `candidates.SOURCES`
    reason: str | None  # None where nobody asked for it
    reason_activities: Sequence[Activity]


@dataclass(frozen=True)
class Answer:
    """What was recommended, and by what: a version, or a fallback by its name."""

    token: uuid.UUID | None  # for feedback; None where nothing was recorded
    learner: Learner | None
    source: str  # the version's algorithm, or the fallback's name
    version: Version | None
    fallback: str | None
    recommendations: list[Recommendation]


class Candidate(NamedTuple):
    """An activity in its place, before it has a name and a reason."""

    activity_id: int
    strength: float
    source: str


@dataclass(frozen=True)
class Chosen:
    """The list in its order, and what chose it."""

    candidates: list[Candidate]
    model: LiveModel | None = None
    fallback: str | None = None
    known: Known | None = None  # what the model knows of the history, where it was looked up

    @property
    def source(self) -> str:
        return self.model.version.algorithm if self.model else self.fallback or ""
