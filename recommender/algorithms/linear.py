"""Answers that are sums, over the history, of sparse weights from what was met to what is recommended."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm, Scores, State, Times
from recommender.backends.base import Dense
from recommender.datasets.interactions import Index, offsets_of
from recommender.parallel import in_parallel

_BLOCK_NUMBERS = 2**20  # small enough for the cache, and for memory that is used again instead of asked for anew
_FADED = 1e-4  # an event that counts so little counts as nothing
# Many histories at once are multiplied with the weights as a full matrix where that is not too large or too empty: an
# entry through two sparse indices costs as much as a dozen that lie side by side.
_MANY_HISTORIES, _FULL_BYTES, _FULL_SHARE = 256, 512 * 2**20, 1 / 16
_HISTORIES_AT_ONCE = 256


class LinearAlgorithm(Algorithm):
    """Base of recommenders that learn weights from activities met to activities recommended.

    A history is seen in `n_views` ways, each with weights of its own: view v of activity i is row v x n_activities + i.
    Serving maps the weights from disk: 8 bytes each.
    """

    explains: ClassVar[bool] = True
    # Row i of a compressed sparse matrix, offsets[i]:offsets[i + 1], holds the weights *from* activity i.
    arrays: ClassVar[Mapping[str, tuple[type[np.generic], int]]] = {
        "offsets": (np.int64, 1),
        "neighbour_index": (np.int32, 1),
        "neighbour_weight": (np.float32, 1),
    }
    _weights: scipy.sparse.csr_matrix | None = None
    _dense: Dense | None = None

    def _views(self, age: NDArray[np.int64]) -> NDArray[np.float32]:
        """Shape (len(age), n_views): how much an event counts that has so many younger ones after it."""
        return np.ones((len(age), 1), np.float32)

    def _score(self, histories: list[Index], times: Times | None) -> Scores:
        seen = self._seen(histories)
        if len(histories) < _MANY_HISTORIES or not self._is_nearly_full():
            scores: Scores = (seen @ self._matrix()).toarray()
            return scores
        weights, scores = self._full(), np.empty((len(histories), self.n_activities), np.float32)

        def fill(start: int) -> None:
            scores[start : start + _HISTORIES_AT_ONCE] = seen[start : start + _HISTORIES_AT_ONCE] @ weights

        in_parallel(fill, range(0, len(histories), _HISTORIES_AT_ONCE), limits_blas=False)
        return scores

    def _seen(self, histories: list[Index]) -> scipy.sparse.csr_matrix:
        """Shape (n_histories, n_views x n_activities)."""
        offsets = offsets_of(np.array([len(history) for history in histories]))
        views = self._views(np.repeat(offsets[1:], np.diff(offsets)) - 1 - np.arange(offsets[-1]))
        n_views = views.shape[1]
        columns = np.concatenate(histories)[:, None] + self.n_activities * np.arange(n_views)
        is_left = views >= _FADED
        ends = offsets_of(is_left.sum(axis=1))[offsets]
        shape = (len(histories), self.n_activities * n_views)
        return scipy.sparse.csr_matrix((views[is_left], columns[is_left], ends), shape=shape)

    def _is_nearly_full(self) -> bool:
        n_rows, n_kept = len(self._fitted()["offsets"]) - 1, len(self._fitted()["neighbour_weight"])
        n_all = n_rows * self.n_activities
        return 4 * n_all <= _FULL_BYTES and n_kept >= _FULL_SHARE * n_all

    def _explain(self, history: Index, activity_index: int) -> NDArray[np.floating]:
        """Exact: the answer is the sum of these."""
        state = self._fitted()
        views = self._views(np.arange(len(history))[::-1])
        total = np.zeros(len(history))
        for view, counts in enumerate(views.T):
            rows = history + view * self.n_activities
            place = _find(state["offsets"], state["neighbour_index"], rows, activity_index)
            total += counts * np.where(place >= 0, state["neighbour_weight"][place], 0.0)
        return total

    def _matrix(self) -> scipy.sparse.csr_matrix:
        if self._weights is None:
            state = self._fitted()
            parts = (state["neighbour_weight"], state["neighbour_index"], state["offsets"])
            shape = (len(state["offsets"]) - 1, self.n_activities)
            self._weights = scipy.sparse.csr_matrix(parts, shape=shape, copy=False)
        return self._weights

    def _full(self) -> Dense:
        if self._dense is None:
            self._dense = self._matrix().toarray()
        return self._dense

    def _forget(self) -> None:
        super()._forget()
        self._weights = self._dense = None


def strongest(weights: Dense, neighbours: int, importance: Dense | None = None) -> State:
    """Per activity recommended (column) the weights of largest size, stored by activity met (row).

    `importance` (shape (rows,)) multiplies the sizes that are compared: how large the inputs of a row usually are.
    """
    n_rows, n_columns = weights.shape
    kept = min(neighbours, n_rows)
    step = max(1, _BLOCK_NUMBERS // n_rows)

    def of_block(start: int) -> tuple[NDArray[np.int32], Dense]:
        block = np.ascontiguousarray(weights[:, start : start + step].T)  # (to, from)
        size = np.abs(block)
        if importance is not None:
            size *= importance
        chosen = np.argpartition(size, n_rows - kept, axis=1)[:, n_rows - kept :].astype(np.int32)
        return chosen.ravel(), np.take_along_axis(block, chosen, axis=1).ravel()

    met, values = zip(*in_parallel(of_block, range(0, n_columns, step), limits_blas=False), strict=True)
    recommended = np.repeat(np.arange(n_columns, dtype=np.int32), kept)
    matrix = scipy.sparse.csr_matrix((np.concatenate(values), (np.concatenate(met), recommended)), shape=weights.shape)
    matrix.eliminate_zeros()
    return {
        "offsets": matrix.indptr.astype(np.int64),
        "neighbour_index": matrix.indices.astype(np.int32, copy=False),
        "neighbour_weight": matrix.data,
    }


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
