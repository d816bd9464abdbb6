"""iALS: implicit alternating least squares, with a ridge that grows with how often somebody or something was met.

Hu, Koren & Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008; regularization scaled by
frequency as in Rendle et al., "Revisiting the Performance of iALS on Item Recommendation Benchmarks", RecSys 2022
(arXiv 2110.14037), equation 5. Minimised over learner vectors w and activity vectors h:
    sum over met (1 - w.h)**2 + unobserved_weight sum over all (w.h)**2
    + regularization (sum |w|**2 (n_met + unobserved_weight n_activities)**nu, and likewise for |h|**2).

Everyone who met equally many shares one ridge, so their equations differ in a low rank only and are solved together:
short histories as n_met equations (Woodbury), long ones as embedding_size equations. Exact, so few epochs do.

Cost of an epoch, for each side: the sum of n_met x embedding_size x min(n_met, embedding_size), solved exactly.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import scipy.linalg.lapack
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm, FitOptions, Progress, Scores, State, Times
from recommender.algorithms.config import Config, Span, parameter
from recommender.backends.base import Dense
from recommender.datasets.interactions import Index, Interactions, Sequences, offsets_of
from recommender.parallel import in_parallel

_BLOCK_NUMBERS = 2**20
_LENGTH_STEPS = 1.1  # lists within this factor of length are solved together, filled up with an activity of no weight


Turned = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class IALSConfig(Config):
    embedding_size: int = parameter(
        64, minimum=2, maximum=2048, search=(32, 64, 128, 256), doc="Numbers per learner and activity."
    )
    regularization: float = parameter(
        0.003, minimum=1e-6, search=Span(3e-4, 3e-2, is_log=True), doc="Ridge per meeting, see regularization_power."
    )
    unobserved_weight: float = parameter(
        0.1,
        minimum=1e-6,
        maximum=10,
        search=Span(0.01, 1, is_log=True),
        doc="How much a pair counts that did not meet, beside 1 for one that did.",
    )
    regularization_power: float = parameter(
        1.0, minimum=0.0, maximum=2.0, doc="nu: 0, the ridge is the same for all; 1, it grows with the meetings."
    )
    epochs: int = parameter(8, minimum=1, maximum=1000, search=(4, 8, 16), doc="Times that both sides are solved.")


class IALS(Algorithm):
    """A learner's vector is solved from the history when asked, so new learners are answered as any other."""

    name: ClassVar[str] = "ials"
    config_class: ClassVar[type[Config]] = IALSConfig
    explains: ClassVar[bool] = True
    arrays: ClassVar[Mapping[str, tuple[type[np.generic], int]]] = {"activity_vectors": (np.float32, 2)}
    config: IALSConfig
    _gram: Dense | None = None
    _axes: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    _latest: tuple[bytes, Turned] | None = None  # of the history asked about last: reasons follow its answer

    def memory_bytes(self, n_learners: int, n_activities: int, n_interactions: int) -> int:
        vectors = 4 * self.config.embedding_size * (n_learners + n_activities)
        return 3 * vectors + 32 * n_interactions + 2**28

    def _learn(self, interactions: Interactions, options: FitOptions) -> State:
        config, n_activities = self.config, interactions.n_activities
        by_learner = interactions.sequences()
        columns = interactions.matrix().T.tocsr()
        by_activity = Sequences(columns.indptr.astype(np.int64), columns.indices.astype(np.int32))
        draw = np.random.default_rng(options.seed)
        # As in the paper: small enough that the first answers are near 0.
        size = (n_activities, config.embedding_size)
        activities = draw.normal(0.0, 0.1 / np.sqrt(config.embedding_size), size).astype(np.float32)
        for epoch in range(1, config.epochs + 1):
            learners = self._solve(by_learner, activities, activities.T @ activities, options)
            activities = self._solve(by_activity, learners, learners.T @ learners, options)
            options.progress(Progress(epoch, config.epochs, epoch=epoch, n_epochs=config.epochs))
        return {"activity_vectors": activities}

    def _score(self, histories: list[Index], times: Times | None) -> Scores:
        scores: Scores = self._learners(histories) @ self._fitted()["activity_vectors"].T
        return scores

    def _score_among(self, histories: list[Index], times: Times | None, among: NDArray[np.integer]) -> Scores:
        scores: Scores = self._learners(histories) @ self._fitted()["activity_vectors"][among].T
        return scores

    def _learners(self, histories: list[Index]) -> Dense:
        """The learner's vector behind each history: shape (n_histories, embedding_size)."""
        if len(histories) == 1:
            return self._learner(histories[0])[None]
        lists = Sequences(offsets_of(np.array([len(history) for history in histories])), np.concatenate(histories))
        # Without the activities that nobody asked of: copying all vectors for one history would cost more than solving.
        met, place = np.unique(lists.activity_index, return_inverse=True)
        vectors = self._fitted()["activity_vectors"]
        few = Sequences(lists.offsets, place.astype(np.int32))
        return self._solve(few, vectors[met], self._activity_gram(), FitOptions(), len(vectors))

    def _learner(self, history: Index) -> Dense:
        """As `_learners` of one, without what it costs to do many together."""
        axes, weights, met = self._turned(history)
        if len(met) < len(weights):
            weighed = met * weights
            solved = _answers(weighed @ met.T, 1.0, np.ones(len(met))) @ weighed
        else:
            solved = _answers(met.T @ met, 1 / weights, met.sum(axis=0))
        found: Dense = (axes @ solved).astype(np.float32)
        return found

    def _explain(self, history: Index, activity_index: int) -> NDArray[np.floating]:
        explained: NDArray[np.floating] = self._explain_each(history, np.array([activity_index]), None)[0]
        return explained

    def _explain_each(
        self, history: Index, indices: NDArray[np.integer], times: NDArray[np.int64] | None
    ) -> NDArray[np.floating]:
        """Hu et al., section 5: the answer is a sum over the history, the learner's own likeness of activities."""
        axes, weights, met = self._turned(history)
        asked = self._fitted()["activity_vectors"][indices].astype(np.float64) @ axes
        if len(met) < len(weights):
            weighed = met * weights
            return _answers(weighed @ met.T, 1.0, weighed @ asked.T).T
        return _answers(met.T @ met, 1 / weights, asked.T).T @ met.T

    def _turned(self, history: Index) -> Turned:
        """The axes of what all equations share, the inverse of it along them, and the history's vectors along them.

        However long a history is, what it shares differs in the ridge only, and has the same axes: so answering needs
        no inverse of its own. Shapes (embedding_size, embedding_size), (embedding_size,) and (n_met, embedding_size).
        """
        latest, key = self._latest, history.tobytes()
        if latest is not None and latest[0] == key:
            return latest[1]
        vectors = self._fitted()["activity_vectors"]
        if self._axes is None:
            self._axes = np.linalg.eigh(self._activity_gram().astype(np.float64))
        lengths, axes = self._axes
        shared = self.config.unobserved_weight * np.maximum(lengths, 0.0) + self._ridge(len(history), len(vectors))
        found = axes, 1 / shared, vectors[history].astype(np.float64) @ axes
        self._latest = (key, found)
        return found

    def _activity_gram(self) -> Dense:
        if self._gram is None:
            vectors = self._fitted()["activity_vectors"]
            self._gram = vectors.T @ vectors
        return self._gram

    def _ridge(self, n_met: int, n_others: int) -> float:
        config = self.config
        frequency = n_met + config.unobserved_weight * n_others
        return float(config.regularization * frequency**config.regularization_power)

    def _ridged(self, gram: Dense, n_met: int, n_others: int) -> NDArray[np.float64]:
        """What the equations of everyone with `n_met` share: shape (embedding_size, embedding_size)."""
        weighed = self.config.unobserved_weight * gram.astype(np.float64)
        found: NDArray[np.float64] = weighed + self._ridge(n_met, n_others) * np.eye(len(gram))
        return found

    def _solve(
        self, lists: Sequences, others: Dense, gram: Dense, options: FitOptions, n_others: int | None = None
    ) -> Dense:
        """The best vector for each list of met `others`, shape (len(lists), embedding_size); 0 for an empty one.

        `n_others` counts those of the gram matrix, where `others` holds only the ones that were met.
        """
        solved = np.zeros((len(lists), others.shape[1]), np.float32)
        # The last row is what fills lists up: it weighs nothing.
        padded = np.concatenate((others, np.zeros((1, others.shape[1]), np.float32)))
        n_all = len(others) if n_others is None else n_others

        def solve(group: _Group) -> None:
            options.check_stop()
            met = padded[_rectangle(lists, group.members, group.length, len(others))]  # (group, length, size)
            is_short = group.length < others.shape[1]
            solved[group.members] = (
                _few_equations(met, group.inverse) if is_short else _all_equations(met, group.shared)
            )

        in_parallel(solve, self._groups(lists, gram, n_all))
        return solved

    def _groups(self, lists: Sequences, gram: Dense, n_others: int) -> "Iterator[_Group]":
        for length, members in _alike(lists.lengths):
            shared = self._ridged(gram, length, n_others)
            inverse = np.linalg.inv(shared).astype(np.float32)
            step = max(1, _BLOCK_NUMBERS // (max(length, len(gram)) * len(gram)))
            for start in range(0, len(members), step):
                yield _Group(length, members[start : start + step], shared.astype(np.float32), inverse)

    def _forget(self) -> None:
        super()._forget()
        self._gram, self._axes, self._latest = None, None, None


class _Group(NamedTuple):
    """Lists that are solved together."""

    length: int
    members: NDArray[np.int64]
    shared: Dense  # (size, size), of everybody's equations
    inverse: Dense  # of it


def _alike(lengths: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Lists of about one length, and that of the longest of them."""
    order = np.argsort(lengths, kind="stable")
    ordered = lengths[order]
    start = int(np.searchsorted(ordered, 1))
    while start < len(order):
        end = int(np.searchsorted(ordered, int(ordered[start] * _LENGTH_STEPS), side="right"))
        yield int(ordered[end - 1]), order[start:end]
        start = end


def _rectangle(lists: Sequences, members: NDArray[np.int64], length: int, filling: int) -> NDArray[np.int64]:
    """Shape (len(members), length): their entries, then `filling`."""
    column = np.arange(length)
    is_there = column < lists.lengths[members][:, None]
    place = np.where(is_there, lists.offsets[members][:, None] + column, 0)
    return np.where(is_there, lists.activity_index[place], filling)


def _few_equations(met: Dense, inverse: Dense) -> Dense:
    """`inv(shared + met' met) met' 1` = shared**-1 met' inv(I + met shared**-1 met') 1: `length` equations."""
    length = met.shape[1]
    turned: Dense = (met.reshape(-1, met.shape[2]) @ inverse).reshape(met.shape)
    small: Dense = turned @ met.transpose(0, 2, 1)
    small[:, np.arange(length), np.arange(length)] += 1.0
    answers = _solved(small, np.ones((len(met), length), np.float32))
    found: Dense = (answers[:, None] @ turned)[:, 0]
    return found


def _all_equations(met: Dense, shared: Dense) -> Dense:
    matrices: Dense = met.transpose(0, 2, 1) @ met
    matrices += shared
    total: Dense = np.ones((1, met.shape[1]), np.float32) @ met
    return _solved(matrices, total[:, 0])


def _answers(
    matrix: NDArray[np.float64], diagonal: NDArray[np.float64] | float, right: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Of the equations `matrix` with `diagonal` added to its own (in place): positive definite, by Cholesky.

    Without what NumPy does around it, which takes longer than the solution of thirty equations.
    """
    matrix.flat[:: len(matrix) + 1] += diagonal
    _factor, found, info = scipy.linalg.lapack.dposv(matrix, right)
    answers: NDArray[np.float64] = found
    return answers if not info else np.linalg.solve(matrix, right).astype(np.float64)


def _solved(matrices: Dense, right: Dense) -> Dense:
    """Positive definite equations, (n, size, size) and (n, size): by Cholesky, half the work of NumPy's LU."""
    found = np.empty_like(right)
    for place, matrix in enumerate(matrices):
        # Symmetric, so its transpose is the same in the order that LAPACK wants.
        _factor, found[place], info = scipy.linalg.lapack.sposv(matrix.T, right[place])
        if info:  # not so in single precision
            found[place] = np.linalg.solve(matrix, right[place])
    return found
