"""Answers of a trained network without the framework that trained it: LiteRT for the encoder, then NumPy.

A neural recommender trains in Keras, which costs a web process seconds and hundreds of megabytes to import. What
serving needs of it is an encoder (a LiteRT flatbuffer) that turns a history into one vector, and the vectors of the
activities to compare it with.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm, FitOptions, Scores, State
from recommender.algorithms.config import Config
from recommender.algorithms.litert import Network
from recommender.algorithms.neural.config import NeuralConfig
from recommender.datasets.interactions import Index, Interactions

_EXPLAINED_EVENTS = 10
_RIVALS = 2048
_SCALES = "_scales"


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

    def __init__(self, config: Config | None = None) -> None:
        super().__init__(config)
        self._widened: dict[str, NDArray[np.float32]] = {}

    def fit(self, interactions: Interactions, options: FitOptions | None = None) -> Self:
        super().fit(interactions, options)
        if self.config.precision == "int8":
            before = type(self)(replace(self.config, precision="float32"))
            before._state = self._state
            self._state = rounded(self._fitted())
            self.before = before
        return self

    def expected_arrays(self) -> dict[str, tuple[type[np.generic], int]]:
        found = super().expected_arrays()
        if self.config.precision == "int8":
            for name in [name for name, kind in found.items() if kind == (np.float32, 2)]:
                found |= {name: (np.int8, 2), name + _SCALES: (np.float32, 1)}
        return found

    @abstractmethod
    def _encode(self, histories: list[Index]) -> NDArray[np.float32]:
        """Shape (n_histories, size)."""

    def _score(self, histories: list[Index], at: NDArray[np.int64] | None) -> Scores:
        scores: Scores = self._encode(histories) @ self._vectors().T
        scores += self._fitted()["activity_bias"]
        return scores

    def _score_among(self, histories: list[Index], at: NDArray[np.int64] | None, among: NDArray[np.integer]) -> Scores:
        scores: Scores = self._encode(histories) @ self._rows("activity_vectors", among).T
        scores += self._fitted()["activity_bias"][among]
        return scores

    def _explain(self, history: Index, activity_index: int) -> NDArray[np.floating]:
        explained: NDArray[np.floating] = self._explain_each(history, np.array([activity_index]))[0]
        return explained

    def _explain_each(self, history: Index, indices: NDArray[np.integer]) -> NDArray[np.floating]:
        """How much less likely (difference of log softmax) each gets when one of the latest events is left out.

        All shortened histories go through the encoder in one call. The softmax is over the activities that are
        strongest after the whole history, which hold nearly all of the chance.
        """
        if len(history) == 1:
            return np.ones((len(indices), 1))
        latest = np.arange(max(0, len(history) - _EXPLAINED_EVENTS), len(history))
        rivals = np.arange(self.n_activities)
        if len(rivals) > _RIVALS:
            rivals = np.argpartition(-self._score([history], None)[0], _RIVALS)[:_RIVALS]
        lists = [history, *(np.delete(history, position) for position in latest)]
        strength = self._score_among(lists, None, np.concatenate((indices, rivals)))
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

    def _rows(self, name: str, rows: NDArray[np.integer]) -> NDArray[np.float32]:
        """Some rows of an array of two dimensions as float32, however it is stored."""
        stored = self._fitted()[name]
        if stored.dtype == np.float32 or name in self._widened:
            found: NDArray[np.float32] = self._matrix(name)[rows]
            return found
        widened: NDArray[np.float32] = stored[rows] * self._fitted()[name + _SCALES][rows, None]
        return widened

    def _vectors(self) -> NDArray[np.float32]:
        return self._matrix("activity_vectors")

    def _matrix(self, name: str) -> NDArray[np.float32]:
        """An array of two dimensions as float32, however it is stored."""
        stored = self._fitted()[name]
        if stored.dtype == np.float32:
            return stored
        if name not in self._widened:
            self._widened[name] = stored * self._fitted()[name + _SCALES][:, None]
        return self._widened[name]

    def _forget(self) -> None:
        super()._forget()
        self._network = None
        self._widened = {}


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
