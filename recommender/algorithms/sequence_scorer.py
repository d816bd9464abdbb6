"""Answers of a trained sequence model: the encoder reads the vectors of the latest activities, in their order."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.vector_scorer import VectorScorer
from recommender.datasets.interactions import Index

_BLOCK = 64


class SequenceScorer(VectorScorer):
    """Base of recommenders whose encoder maps (batch, length, size) vectors to one vector per position.

    Position t must see nothing after t: then the end of a batch may be padded with anything. What counts is the answer
    at the last event. A subclass adds `_learn`, and a config with `max_length`.
    """

    uses_order: ClassVar[bool] = True

    @property
    def max_length(self) -> int:
        """Only so many of the latest events are looked at."""
        length: int = self.config.as_dict()["max_length"]
        return length

    def _encode(self, histories: list[Index]) -> NDArray[np.float32]:
        """In blocks of similar length, so that little is padded."""
        lengths = np.array([len(history) for history in histories])
        encoded = np.empty((len(histories), self._fitted()["activity_vectors"].shape[1]), np.float32)
        order = np.argsort(lengths, kind="stable")
        for start in range(0, len(order), _BLOCK):
            block = order[start : start + _BLOCK]
            inputs, last = padded([histories[k] for k in block], self.max_length)
            encoded[block] = self.read(inputs)[np.arange(len(block)), last]
        return encoded

    def read(self, rows: Index) -> NDArray[np.float32]:
        """From (batch, length) activity indices to the answer at every position, (batch, length, size)."""
        return self._read(self._rows("activity_vectors", rows))

    def _read(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """From (batch, length, size) to the same."""
        return self._encoder()(vectors)


def padded(histories: list[Index], max_length: int) -> tuple[Index, NDArray[np.int64]]:
    """The latest activities of each history, zeros behind: shape (n, longest), and (n,) where each one ends."""
    latest = [history[-max_length:] for history in histories]
    lengths = np.array([len(history) for history in latest])
    rows = np.zeros((len(latest), lengths.max()), np.int32)
    rows[np.arange(rows.shape[1]) < lengths[:, None]] = np.concatenate(latest)
    return rows, lengths - 1
