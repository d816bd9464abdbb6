"""Item-based neighbours: what was met by the same learners as the activities of the history.

Sarwar et al., "Item-based collaborative filtering recommendation algorithms", WWW 2001: cosine between the columns of
the matrix of learners and activities; with the significance weighting of Bell & Koren, ICDM 2007, section 3: a
likeness that few learners speak for is shrunk.

Cost: the sum over learners of n_activities met**2, and 4 n_activities**2 bytes.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from recommender.algorithms.base import FitOptions, Progress, State
from recommender.algorithms.config import Config, Span, parameter
from recommender.algorithms.linear import LinearAlgorithm, strongest
from recommender.backends.base import Dense
from recommender.datasets.interactions import Interactions


@dataclass(frozen=True)
class ItemKNNConfig(Config):
    neighbours: int = parameter(
        200,
        minimum=1,
        maximum=100_000,
        search=Span(20, 1000, is_log=True),
        doc="Most alike activities that are kept for each.",
    )
    shrinkage: float = parameter(
        10.0,
        minimum=0.0,
        search=Span(1, 300, is_log=True),
        doc="With so many learners in common a likeness counts half, with many more whole.",
    )


class ItemKNN(LinearAlgorithm):
    """The sum, over the history, of each activity's likeness to all others."""

    name: ClassVar[str] = "item_knn"
    config_class: ClassVar[type[Config]] = ItemKNNConfig
    config: ItemKNNConfig

    def memory_bytes(self, n_learners: int, n_activities: int, n_interactions: int) -> int:
        kept = min(self.config.neighbours, n_activities)
        return 8 * n_activities**2 + 24 * n_activities * kept + 32 * n_interactions + 2**28

    def _learn(self, interactions: Interactions, options: FitOptions) -> State:
        options.progress(Progress(0, 2, "counting what is met together"))
        common = options.backend.gram(interactions.matrix())
        options.check_stop()
        options.progress(Progress(1, 2, "keeping the most alike"))
        kept = strongest(_likeness(common, self.config.shrinkage), self.config.neighbours)
        options.progress(Progress(2, 2, "done"))
        return kept


def _likeness(common: Dense, shrinkage: float) -> Dense:
    """Cosine x common / (common + shrinkage), 0 to itself. `common` (shape (n_activities, n_activities)) is used up."""
    norm = np.sqrt(np.maximum(common.diagonal(), 1.0))
    np.fill_diagonal(common, 0.0)
    if shrinkage:
        common *= common / (common + np.float32(shrinkage))
    common /= norm
    common /= norm[:, None]
    return common
