"""Learning from a larger network that was trained first. Imports Keras: only `fit` may import this.

Hinton, Vinyals & Dean, "Distilling the knowledge in a neural network", 2015 (arXiv 1503.02531), at temperature 1: the
student is told what came, and beside it how likely the teacher finds every activity. The teacher answers from its
flatbuffer, so nothing of it is in the student's graph.

`keras.distillation` is not used: its losses compare answers of one shape, and here the whole catalogue would have to be
written out for every event, where a drawn part of it does.
"""

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm
from recommender.algorithms.neural.loop import Batches

_TAUGHT_SHARE = 0.5  # of the loss; the rest is what came


class Teacher:
    """What the student asks of a fitted `VectorScorer`, less `added` of shape (n_activities,): what it tells of now."""

    def __init__(self, algorithm: Algorithm, added: NDArray[np.float32] | None = None) -> None:
        self._algorithm: Any = algorithm
        self._vectors = algorithm.state()["activity_vectors"]
        self._bias = algorithm.state()["activity_bias"]
        if added is not None:
            self._bias = self._bias - added

    def mixed(self, hard: Any, told: Any, encoded: Any, vectors: Any, bias: Any, among: Any = None) -> Any:
        """Shape (n,): the losses `hard` (n,), and beside them the cross-entropy to the teacher's likelihoods.

        Args:
            hard: what the student loses without a teacher.
            told: shape (n, teacher's size), from a batch of `Taught`.
            encoded: shape (n, size).
            vectors: shape (n_activities, size), the student's.
            bias: shape (n_activities,), the student's.
            among: indices of the activities that both are compared on; all where None.
        """
        ours, theirs = (vectors, bias), (self._vectors, self._bias)
        if among is not None:
            ours, theirs = (tuple(ops.take(one, among, axis=0) for one in both) for both in (ours, theirs))
        likely = ops.softmax(ops.matmul(told, ops.transpose(theirs[0])) + theirs[1], axis=-1)
        found = ops.log_softmax(ops.matmul(encoded, ops.transpose(ours[0])) + ours[1], axis=-1)
        return (1 - _TAUGHT_SHARE) * hard - _TAUGHT_SHARE * ops.sum(likely * found, axis=-1)

    def taught(self, batches: Batches) -> Batches:
        """The same batches, whose inputs end with what the teacher makes of them."""
        return _Taught(batches, self._algorithm)


class _Taught:
    def __init__(self, batches: Batches, teacher: Any) -> None:
        self._batches, self._teacher = batches, teacher

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> tuple[Any, Any, Any]:
        given, right, counts = self._batches[number]
        parts = given if isinstance(given, tuple) else (given,)
        return (*parts, self._teacher.read(*parts)), right, counts
