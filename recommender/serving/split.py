"""Which of two versions answers a learner while they are tried side by side: always the same, and told by nobody."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.public import Learner
from recommender.models import Experiment

if TYPE_CHECKING:
    from recommender.serving.live import LiveModel

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Split:
    """A running experiment whose challenger is loaded."""

    experiment_id: int
    salt: str
    share: float
    challenger: LiveModel

    def is_for(self, learner: Learner) -> bool:
        return place_of(self.salt, learner.pk) < self.share


def place_of(salt: str, learner_id: int) -> float:
    """A place from 0 to 1, spread evenly over learners, another one for each salt; the same in every process."""
    digest = hashlib.sha256(f"{salt} {learner_id}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def running_experiment(organisation_id: int, kind: str, course_id: int | None) -> Experiment | None:
    running = Experiment.objects.filter(organisation=organisation_id, kind=kind, course=course_id, stopped_at=None)
    found: Experiment | None = running.select_related("challenger__organisation").first()
    return found
