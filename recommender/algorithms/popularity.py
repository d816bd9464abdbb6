"""What most learners met lately: the yardstick beside every other figure, and the fallback without history.

Cost: one pass over the interactions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from recommender.algorithms.base import Algorithm, FitOptions, Progress, Scores, State, Times
from recommender.algorithms.config import Config, Span, parameter
from recommender.datasets.interactions import DAY_SECONDS, Index, Interactions


@dataclass(frozen=True)
class PopularityConfig(Config):
    half_life_days: float | None = parameter(
        30.0,
        minimum=0.01,
        search=Span(1, 365, is_log=True),
        doc="After so many days a meeting counts half; empty counts all alike.",
    )


class Popularity(Algorithm):
    """Decayed meetings per activity, as a share of the largest: 0..1, the same for every history."""

    name: ClassVar[str] = "popularity"
    config_class: ClassVar[type[Config]] = PopularityConfig
    arrays: ClassVar[Mapping[str, tuple[type[np.generic], int]]] = {}
    config: PopularityConfig

    def _learn(self, interactions: Interactions, options: FitOptions) -> State:
        # From the last meeting and not from now: the same data give the same model on any day.
        age_days = (interactions.at.max() - interactions.at) / DAY_SECONDS
        half_life = self.config.half_life_days
        counts = np.ones(len(age_days)) if half_life is None else np.exp2(-age_days / half_life)
        popularity = np.bincount(interactions.activity_index, counts, interactions.n_activities)
        options.progress(Progress(1, 1, "counted"))
        return {"popularity": (popularity / popularity.max()).astype(np.float32)}

    def _score(self, histories: list[Index], times: Times | None) -> Scores:
        return np.tile(self._fitted()["popularity"], (len(histories), 1))
