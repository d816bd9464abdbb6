"""EASE: a linear model in closed form. Which activities are met together, corrected for all the others.

Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019 (arXiv 1905.03375), equation 8:
with P = inv(X'X + regularization * I), the weight from activity i to j is -P[i, j] / P[j, j], and 0 from i to i.

Cost: n_activities**3 operations and 8 n_activities**2 bytes, whatever the number of learners.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm, FitOptions, Progress, Scores, State
from recommender.algorithms.config import Config, Span, parameter
from recommender.backends.base import Dense
from recommender.datasets.interactions import Index, Interactions, offsets_of

_BLOCK_NUMBERS = 16 * 2**20
_STEPS = ("counting what is met together", "inverting", "keeping the strongest weights")


@dataclass(frozen=True)
class EASEConfig(Config):
    regularization: float = parameter(
        500.0,
        minimum=0.001,
        search=Span(10, 5000, is_log=True),
        doc="Ridge: the larger, the closer to plain counts of what is met together.",
    )
    neighbours: int = parameter(
        256, minimum=1, maximum=100_000, doc="Weights kept per activity; all the others count as nothing."
    )


class EASE(Algorithm):
    """The sum, over the history, of each activity's weights to all others. Only the strongest are kept.

    Serving maps the weights from disk: 8 bytes x n_activities x neighbours, 102 MB at 50,000 activities. Of
    NDCG@10 with all weights, MovieLens-1M keeps 0.97 with 64 neighbours, 0.99 with 256 and 1.01 with 512; OULAD
    (6,034 activities, time split) keeps 1.01 with 64 and 1.00 from 256 on.
    """

    name: ClassVar[str] = "ease"
    config_class: ClassVar[type[Config]] = EASEConfig
    explains: ClassVar[bool] = True
    # Row i of a compressed sparse matrix, offsets[i]:offsets[i + 1], holds the weights *from* activity i.
    arrays: ClassVar[Mapping[str, tuple[type[np.generic], int]]] = {
        "offsets": (np.int64, 1),
        "neighbour_index": (np.int32, 1),
        "neighbour_weight": (np.float32, 1),
    }
    config: EASEConfig
    _weights: scipy.sparse.csr_matrix | None = None

    def memory_bytes(self, n_learners: int, n_activities: int, n_interactions: int) -> int:
        kept = min(self.config.neighbours, n_activities)
        return 8 * n_activities**2 + 24 * n_activities * kept + 32 * n_interactions + 2**28

    def _learn(self, interactions: Interactions, options: FitOptions) -> State:
        def begin(step: int) -> None:
            options.check_stop()
            options.progress(Progress(step, len(_STEPS), _STEPS[step]))

        begin(0)
        gram = options.backend.gram(interactions.matrix())
        begin(1)
        inverse = options.backend.inverse_regularised(gram, self.config.regularization)
        begin(2)
        weights = _weights_of(inverse)
        kept = _strongest(weights, self.config.neighbours)
        options.progress(Progress(len(_STEPS), len(_STEPS), "done"))
        return kept

    def _score(self, histories: list[Index], at: NDArray[np.int64] | None) -> Scores:
        offsets = offsets_of(np.array([len(history) for history in histories]))
        met = np.concatenate(histories)
        shape = (len(histories), self.n_activities)
        matrix = scipy.sparse.csr_matrix((np.ones(len(met), np.float32), met, offsets), shape=shape)
        scores: Scores = (matrix @ self._matrix()).toarray()
        return scores

    def _explain(self, history: Index, activity_index: int) -> NDArray[np.floating]:
        """Exact: the answer is the sum of these."""
        state = self._fitted()
        place = _find(state["offsets"], state["neighbour_index"], history, activity_index)
        return np.where(place >= 0, state["neighbour_weight"][place], 0.0)

    def _matrix(self) -> scipy.sparse.csr_matrix:
        if self._weights is None:
            state = self._fitted()
            parts = (state["neighbour_weight"], state["neighbour_index"], state["offsets"])
            self._weights = scipy.sparse.csr_matrix(parts, shape=(self.n_activities, self.n_activities), copy=False)
        return self._weights

    def _forget(self) -> None:
        super()._forget()
        self._weights = None


def _find(offsets: NDArray[np.int64], columns: Index, rows: Index, column: int) -> NDArray[np.int64]:
    """Where each of the rows of a compressed sparse matrix holds the column, -1 where it does not: shape (len(rows),).

    A binary search in all rows at once: columns ascend within a row.
    """
    low, end = offsets[rows], offsets[rows + 1]
    high = end.copy()
    while (open_ := low < high).any():
        middle = (low + high) // 2
        is_below = open_ & (columns[np.minimum(middle, len(columns) - 1)] < column)
        low = np.where(is_below, middle + 1, low)
        high = np.where(open_ & ~is_below, middle, high)
    is_there = low < end
    is_there[is_there] = columns[low[is_there]] == column
    return np.where(is_there, low, -1)


def _weights_of(inverse: Dense) -> Dense:
    """Equation 8, in the memory of `inverse`: shape (from, to)."""
    inverse /= -inverse.diagonal().copy()
    np.fill_diagonal(inverse, 0.0)
    return inverse


def _strongest(weights: Dense, neighbours: int) -> State:
    """Per activity recommended (column) the weights of largest size, stored by activity met (row)."""
    n = len(weights)
    kept = min(neighbours, n - 1)
    step = max(1, _BLOCK_NUMBERS // n)
    met, recommended, values = [], [], []
    for start in range(0, n, step):
        block = np.ascontiguousarray(weights[:, start : start + step].T)  # (to, from)
        chosen = np.argpartition(np.abs(block), n - kept, axis=1)[:, n - kept :].astype(np.int32)
        met.append(chosen.ravel())
        recommended.append(np.repeat(np.arange(start, start + len(block), dtype=np.int32), kept))
        values.append(np.take_along_axis(block, chosen, axis=1).ravel())
    place = (np.concatenate(met), np.concatenate(recommended))
    matrix = scipy.sparse.csr_matrix((np.concatenate(values), place), shape=weights.shape)
    return {
        "offsets": matrix.indptr.astype(np.int64),
        "neighbour_index": matrix.indices.astype(np.int32, copy=False),
        "neighbour_weight": matrix.data,
    }
