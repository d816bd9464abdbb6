"""Answers of a trained network without the framework that trained it: LiteRT for the encoder, then NumPy.

A neural recommender trains in Keras, which costs a web process seconds and hundreds of megabytes to import. What
serving needs of it is an encoder (a LiteRT flatbuffer) that turns a history into one vector, and the vectors of the
activities to compare it with.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm, Scores
from recommender.algorithms.litert import Network
from recommender.datasets.interactions import Index

_EXPLAINED_EVENTS = 10


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
    _network: Network | None = None
    # One tuple, so that threads never see the history of one beside the answer of another.
    _latest_likelihood: tuple[bytes, Scores] = (b"", np.zeros((0, 0), np.float32))

    @abstractmethod
    def _encode(self, histories: list[Index]) -> NDArray[np.float32]:
        """Shape (n_histories, size)."""

    def _score(self, histories: list[Index], at: NDArray[np.int64] | None) -> Scores:
        scores: Scores = self._encode(histories) @ self._vectors().T
        scores += self._fitted()["activity_bias"]
        return scores

    def _explain(self, history: Index, activity_index: int) -> NDArray[np.floating]:
        """How much less likely (difference of log softmax) it gets when one of the latest events is left out."""
        if len(history) == 1:
            return np.ones(1)
        latest = np.arange(max(0, len(history) - _EXPLAINED_EVENTS), len(history))
        likelihood = self._likelihood_without(history, latest)[:, activity_index]
        contributions = np.zeros(len(history))
        contributions[latest] = likelihood[0] - likelihood[1:]
        return contributions

    def _likelihood_without(self, history: Index, latest: NDArray[np.int64]) -> Scores:
        """Shape (1 + len(latest), n_activities): log softmax after the whole history, and without each event.

        The last answer is kept: the activities of one list of recommendations are explained from one history.
        """
        key = history.tobytes()
        kept_key, kept = self._latest_likelihood
        if kept_key != key:
            kept = self._score([history, *(np.delete(history, position) for position in latest)], None)
            kept -= kept.max(axis=1, keepdims=True)
            kept -= np.log(np.exp(kept).sum(axis=1, keepdims=True))
            self._latest_likelihood = (key, kept)
        return kept

    def _encoder(self) -> Network:
        if self._network is None:
            self._network = Network(self._fitted()["encoder"])
        return self._network

    def _vectors(self) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = self._fitted()["activity_vectors"]
        return vectors

    def _forget(self) -> None:
        super()._forget()
        self._network = None
        self._latest_likelihood = VectorScorer._latest_likelihood
