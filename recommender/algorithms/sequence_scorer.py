"""Answers of a trained sequence model without the framework that trained it: LiteRT for the encoder, then NumPy.

A neural recommender trains in Keras, which costs a web process seconds and hundreds of megabytes to import. What
serving needs of it is an encoder (a LiteRT flatbuffer, https://ai.google.dev/edge/litert) that turns the vectors
of a history into one vector, and the vectors of the activities to compare it with.
"""

import threading
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm, Scores
from recommender.datasets.interactions import Index

_BLOCK = 64
_EXPLAINED_EVENTS = 10


class SequenceScorer(Algorithm):
    """Base of recommenders whose encoder maps (batch, length, size) vectors to one vector per position.

    Position t must see nothing after t: then the end of a batch may be padded with anything. The strength of an
    activity is the inner product of its vector with the encoder's answer at the last event, plus its bias. A
    subclass adds `_learn`, and a config with `max_length`.
    """

    uses_order: ClassVar[bool] = True
    explains: ClassVar[bool] = True
    needs_keras: ClassVar[bool] = True
    arrays: ClassVar[Mapping[str, tuple[type[np.generic], int]]] = {
        "encoder": (np.uint8, 1),  # the bytes of the flatbuffer
        "activity_vectors": (np.float32, 2),  # (n_activities, size)
        "activity_bias": (np.float32, 1),  # (n_activities,)
    }
    _encoder: "Encoder | None" = None
    # One tuple, so that threads never see the history of one beside the answer of another.
    _latest_likelihood: tuple[bytes, Scores] = (b"", np.zeros((0, 0), np.float32))

    @property
    def max_length(self) -> int:
        """Only so many of the latest events are looked at."""
        length: int = self.config.as_dict()["max_length"]
        return length

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

    def _encode(self, histories: list[Index]) -> NDArray[np.float32]:
        """Shape (n_histories, size). In blocks of similar length, so that little is padded."""
        if self._encoder is None:
            self._encoder = Encoder(self._fitted()["encoder"])
        vectors = self._vectors()
        latest = [history[-self.max_length :] for history in histories]
        lengths = np.array([len(history) for history in latest])
        encoded = np.empty((len(latest), vectors.shape[1]), np.float32)
        order = np.argsort(lengths, kind="stable")
        for start in range(0, len(order), _BLOCK):
            block = order[start : start + _BLOCK]
            padded = np.zeros((len(block), lengths[block].max()), np.int32)
            for row, k in enumerate(block):
                padded[row, : lengths[k]] = latest[k]
            answers = self._encoder(vectors[padded])  # (block, length, size)
            encoded[block] = answers[np.arange(len(block)), lengths[block] - 1]
        return encoded

    def _vectors(self) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = self._fitted()["activity_vectors"]
        return vectors

    def _forget(self) -> None:
        super()._forget()
        self._encoder = None
        self._latest_likelihood = SequenceScorer._latest_likelihood


class Encoder:
    """One LiteRT interpreter. It holds the tensors of the call in progress, so callers take turns."""

    def __init__(self, flatbuffer: NDArray[np.uint8]) -> None:
        self._interpreter = Interpreter(model_content=flatbuffer.tobytes(), num_threads=1)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._lock = threading.Lock()

    def __call__(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """From (batch, length, size) to the same shape."""
        with self._lock:
            self._interpreter.resize_tensor_input(self._input, vectors.shape)
            self._interpreter.allocate_tensors()
            self._interpreter.set_tensor(self._input, np.ascontiguousarray(vectors, np.float32))
            self._interpreter.invoke()
            answers: NDArray[np.float32] = self._interpreter.get_tensor(self._output)
        return answers
