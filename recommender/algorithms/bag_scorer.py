"""Answers of a trained model of sets: the encoder reads the mean of what was met, in whatever order."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import Times
from recommender.algorithms.vector_scorer import VectorScorer
from recommender.datasets.interactions import Index
from recommender.parallel import in_parallel

_BLOCK = 1024


class BagScorer(VectorScorer):
    """Base of recommenders whose encoder maps (batch, width), a bag of activities each, to (batch, size).

    A bag is the sum of the `input_vectors` of its activities, divided by their number to the power of `bag_power`:
    1 is the mean, 0.5 the sum of a bag of unit length.
    """

    bag_power: ClassVar[float] = 1.0
    arrays: ClassVar[Mapping[str, tuple[type[np.generic], int]]] = {
        **VectorScorer.arrays,
        "input_vectors": (np.float32, 2),  # (n_activities, width)
    }

    def _encode(self, histories: list[Index], times: Times | None = None) -> NDArray[np.float32]:
        blocks = [histories[start : start + _BLOCK] for start in range(0, len(histories), _BLOCK)]
        encoder = self._encoder()
        return np.concatenate(in_parallel(lambda block: encoder(self._bags(block)), blocks, limits_blas=False))

    def read(self, rows: Index, is_shown: NDArray[np.float32]) -> NDArray[np.float32]:
        """From (batch, most) activity indices, of which those with a 1 are given, to (batch, size)."""
        return self._encode([row[shown > 0] for row, shown in zip(rows, is_shown, strict=True)])

    def _bags(self, histories: list[Index]) -> NDArray[np.float32]:
        """Shape (n_histories, width)."""
        lengths = np.array([len(history) for history in histories])
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        sums = np.add.reduceat(self._inputs(np.concatenate(histories)), starts, axis=0)
        return (sums / lengths[:, None] ** self.bag_power).astype(np.float32)

    def _inputs(self, index: Index) -> NDArray[np.float32]:
        """Shape (len(index), width)."""
        return self._rows("input_vectors", index)
