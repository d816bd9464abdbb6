"""Answers of a trained network over pairs: what is known of each side is computed once, and the rest for all pairs."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.bag_scorer import BagScorer
from recommender.algorithms.base import Scores, Times
from recommender.datasets.interactions import Index
from recommender.parallel import in_parallel

_CACHED_NUMBERS = 2**17  # of a block of activities: it is gone through once for each learner
_LEARNERS_AT_ONCE = 256


class Head(NamedTuple):
    """The layers above a pair, for either side's vector of 2 x size: its factors, then its half of the first layer.

    The answer is `answer` times the products of the factors, then relu(deep' relu(sum of the halves) + bias).
    """

    deep: NDArray[np.float32]  # (size, deep size)
    bias: NDArray[np.float32]  # (deep size,)
    answer: NDArray[np.float32]  # (size + deep size,)

    def scores(self, learners: NDArray[np.float32], activities: NDArray[np.float32]) -> Scores:
        """Of all pairs: from (n_learners, 2 size) and (n_activities, 2 size) to (n_learners, n_activities)."""
        size = len(self.deep)
        factors: NDArray[np.float32] = learners[:, :size] * self.answer[:size]
        scores: Scores = factors @ activities[:, :size].T
        step = max(1, _CACHED_NUMBERS // size)
        blocks = [
            (slice(start, start + step), np.ascontiguousarray(activities[start : start + step, size:].T))
            for start in range(0, len(activities), step)
        ]

        def add(start: int) -> None:
            some = slice(start, start + _LEARNERS_AT_ONCE)
            self._add_deep(scores[some], learners[some, size:], blocks)

        in_parallel(add, range(0, len(learners), _LEARNERS_AT_ONCE))
        return scores

    def _add_deep(
        self, scores: Scores, halves: NDArray[np.float32], blocks: list[tuple[slice, NDArray[np.float32]]]
    ) -> None:
        """To `scores`, in place.

        As relu(a + b) = max(a, -b) + b, what is added to all activities alike goes through the next layer once for the
        learner, and one pass over the pairs is left for each layer.
        """
        deep, weight = np.ascontiguousarray(self.deep.T), self.answer[len(self.deep) :]
        shifts = halves @ self.deep + self.bias  # (n_learners, deep size)
        for place, block in blocks:
            wide, high = np.empty_like(block), np.empty((len(deep), block.shape[1]), np.float32)
            for row, (learner, shift) in enumerate(zip(halves, shifts, strict=True)):
                np.maximum(block, -learner[:, None], out=wide)
                np.matmul(deep, wide, out=high)
                np.maximum(high, -shift[:, None], out=high)
                scores[row, place] += weight @ high
        scores += (shifts @ weight)[:, None]


class PairScorer(BagScorer):
    """Base of recommenders that look at pairs: the encoder and `activity_vectors` are the two sides of a `Head`."""

    arrays: ClassVar[Mapping[str, tuple[type[np.generic], int]]] = {
        **BagScorer.arrays,
        "deep_kernel": (np.float32, 2),
        "deep_bias": (np.float32, 1),
        "answer_kernel": (np.float32, 1),
    }

    def _score(self, histories: list[Index], times: Times | None) -> Scores:
        return self._score_pairs(self._encode(histories, times), slice(None))

    def _score_among(self, histories: list[Index], times: Times | None, among: NDArray[np.integer]) -> Scores:
        return self._score_pairs(self._encode(histories, times), among)

    def _score_pairs(self, learners: NDArray[np.float32], which: NDArray[np.integer] | slice) -> Scores:
        state = self._fitted()
        head = Head(self._rows("deep_kernel"), state["deep_bias"], state["answer_kernel"])
        scores = head.scores(learners, self._rows("activity_vectors", which))
        scores += state["activity_bias"][which]
        return scores
