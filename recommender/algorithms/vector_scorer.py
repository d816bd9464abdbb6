"""Answers of a trained network without the framework that trained it: LiteRT for the encoder, then NumPy.

A neural recommender trains in Keras, which costs a web process seconds and hundreds of megabytes to import. What
serving needs of it is an encoder (a LiteRT flatbuffer) that turns a history into one vector, and the vectors of the
activities to compare it with.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm, FitOptions, Scores, State, Times
from recommender.algorithms.litert import Network
from recommender.algorithms.neural.config import NeuralConfig
from recommender.datasets.interactions import Index, Interactions

_EXPLAINED_EVENTS = 10
_RIVALS = 2048
_SCALES = "_scales"
_WIDENED_ROWS = 8192


class VectorScorer(Algorithm):
    """Base of recommenders where the strength of an activity is an inner product, plus the activity's bias.

    A subclass says how histories become vectors (`_encode`), and adds `_learn`.
    """

    explains: ClassVar[bool] = True
    needs_keras: ClassVar[bool] = True
    arrays: ClassVar[Mapping[str, tuple[type[np.generic], int]]] = {
        "encoder": (np.uint8, 1),  # the bytes of the flatbuffer
        "activity_vectors": (np.float32, 2),  # (n_activities, size)
        "activity_bias": (np.float32, 1),  # (n_activities,)
    }
    config: NeuralConfig
    _network: Network | None = None

    def fit(self, interactions: Interactions, options: FitOptions | None = None) -> Self:
        options = options or FitOptions()
        teacher = self._taught_by(interactions, options)
        if teacher is not None:
            options = replace(options.part(1, 2, "student"), teacher=teacher)
        super().fit(interactions, options)
        self.before = teacher
        if self.config.precision == "int8":
            before = type(self)(replace(self.config, precision="float32"))
            before._state, before.before = self._state, teacher
            self._state = rounded(self._fitted())
            self.before = before
        return self

    def _taught_by(self, interactions: Interactions, options: FitOptions) -> Algorithm | None:
        """The teacher, trained; memory is asked for both before either begins."""
        config = self.config.teacher_config()
        if config is None:
            return None
        self._forget()
        self._check_data(interactions)
        self._check_memory(interactions)
        return type(self)(config).fit(interactions, options.part(0, 2, "teacher"))

    def expected_arrays(self) -> dict[str, tuple[type[np.generic], int]]:
        found = super().expected_arrays()
        if self.config.precision == "int8":
            for name in [name for name, kind in found.items() if kind == (np.float32, 2)]:
                found |= {name: (np.int8, 2), name + _SCALES: (np.float32, 1)}
        return found

    @abstractmethod
    def _encode(self, histories: list[Index], times: Times | None) -> NDArray[np.float32]:
        """Shape (n_histories, size)."""

    def _score(self, histories: list[Index], times: Times | None) -> Scores:
        return self._products(self._encode(histories, times)) + self._fitted()["activity_bias"]

    def _score_among(self, histories: list[Index], times: Times | None, among: NDArray[np.integer]) -> Scores:
        scores: Scores = self._encode(histories, times) @ self._rows("activity_vectors", among).T
        scores += self._fitted()["activity_bias"][among]
        return scores

    def _explain_each(
        self, history: Index, indices: NDArray[np.integer], times: NDArray[np.int64] | None
    ) -> NDArray[np.floating]:
        """How much less likely (difference of log softmax) each gets when one of the latest events is left out.

        All shortened histories go through the encoder in one call. The softmax is over the activities that are
        strongest after the whole history, which hold nearly all of the chance.
        """
        if len(history) == 1:
            return np.ones((len(indices), 1))
        latest = np.arange(max(0, len(history) - _EXPLAINED_EVENTS), len(history))
        rivals = np.arange(self.n_activities)
        lists = [history, *(np.delete(history, position) for position in latest)]
        # Without an event the next one follows the one before it, after both gaps.
        when = None if times is None else [times, *(np.delete(times, position) for position in latest)]
        if len(rivals) > _RIVALS:
            rivals = np.argpartition(-self._score(lists[:1], when and when[:1])[0], _RIVALS)[:_RIVALS]
        strength = self._score_among(lists, when, np.concatenate((indices, rivals)))
        asked, rest = strength[:, : len(indices)], strength[:, len(indices) :]
        highest = rest.max(axis=1, keepdims=True)
        likelihood = asked - highest - np.log(np.exp(rest - highest).sum(axis=1, keepdims=True))
        contributions = np.zeros((len(indices), len(history)))
        contributions[:, latest] = (likelihood[0] - likelihood[1:]).T
        return contributions

    def _encoder(self) -> Network:
        if self._network is None:
            self._network = Network(self._fitted()["encoder"])
        return self._network

    def _products(self, encoded: NDArray[np.float32]) -> Scores:
        """Inner products with every activity's vector: shape (len(encoded), n_activities)."""
        stored, scales = self._stored("activity_vectors")
        if scales is None:
            products: Scores = encoded @ stored.T
            return products
        products = np.empty((len(encoded), len(stored)), np.float32)
        for start in range(0, len(stored), _WIDENED_ROWS):
            part = slice(start, start + _WIDENED_ROWS)
            products[:, part] = encoded @ stored[part].astype(np.float32).T
        return products * scales

    def _rows(self, name: str, index: Any = slice(None)) -> NDArray[np.float32]:
        """Rows of an array of two dimensions as float32, however it is stored; `index` may have any shape."""
        stored, scales = self._stored(name)
        rows: NDArray[np.float32] = stored[index] if scales is None else stored[index] * scales[index][..., None]
        return rows

    def _stored(self, name: str) -> tuple[NDArray[Any], NDArray[np.float32] | None]:
        """As it lies on disk, and the scale of each row where that is int8.

        What int8 saves would be lost, and a first question late, if the whole were widened and kept.
        """
        return self._fitted()[name], self._fitted().get(name + _SCALES)

    def _forget(self) -> None:
        super()._forget()
        self._network = None


def rounded(state: State) -> State:
    """Matrices of float32 as int8 with one scale per row: a quarter of the bytes.

    The largest number of a row becomes 127, so none is off by more than 1/254 of it (symmetric quantisation: Jacob et
    al., CVPR 2018, section 2). Everything else stays.
    """
    found: State = {}
    for name, array in state.items():
        if array.dtype != np.float32 or array.ndim != 2:
            found[name] = array
            continue
        scales = np.maximum(np.abs(array).max(axis=1, initial=0.0), np.float32(1e-12)) / np.float32(127)
        found[name] = np.rint(array / scales[:, None]).astype(np.int8)
        found[name + _SCALES] = scales.astype(np.float32)
    return found
