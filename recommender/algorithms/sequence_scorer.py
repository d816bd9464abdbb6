"""Answers of a trained sequence model: the encoder reads the vectors of the latest activities, in their order."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import Times
from recommender.algorithms.vector_scorer import VectorScorer
from recommender.datasets.interactions import DAY_SECONDS, Index
from recommender.parallel import in_parallel

_FEW = 16  # histories, as one and its shortened ones for reasons: threads would cost more than they save
N_GAPS = 33
"""Kinds of gap or of age: unknown, and 32 others."""
_N_DAYS, _N_LEFT = 8, 4  # steps of age: days, each twice as long as the one before, and events left, four times as many


class SequenceScorer(VectorScorer):
    """Base of recommenders whose encoder maps (batch, length, size) vectors to one vector per position.

    Position t must see nothing after t: then the end of a batch may be padded with anything. What counts is the answer
    at the last event. A subclass adds `_learn`, and a config with `max_length`; where it has `gap_vectors`, shape
    (N_GAPS, size), the one of the time since the event before is added to each activity's vector, or where it has
    `asked_at`, shape (1,), the one of how long before that instant and before the end of the list the next event came.
    """

    uses_order: ClassVar[bool] = True
    at_once: ClassVar[int] = 8  # histories in one call of the network, so few that what it makes stays in the cache

    @property
    def max_length(self) -> int:
        """Only so many of the latest events are looked at."""
        length: int = self.config.as_dict()["max_length"]
        return length

    def _encode(self, histories: list[Index], times: Times | None) -> NDArray[np.float32]:
        """In blocks of similar length, so that little is padded."""
        lengths = np.array([len(history) for history in histories])
        encoded = np.empty((len(histories), self._fitted()["activity_vectors"].shape[1]), np.float32)
        order = np.argsort(lengths, kind="stable")
        gaps: list[Index] | None = None
        if times is not None and "gap_vectors" in self._fitted():
            asked_at = self._fitted().get("asked_at")
            at = np.concatenate(times)
            kinds = gap_kinds(at, lengths) if asked_at is None else age_kinds(at, lengths, int(asked_at[0]))
            gaps = np.split(kinds, np.cumsum(lengths)[:-1])
        step = self.at_once if len(order) > _FEW else len(order)

        def encode(start: int) -> None:
            block = order[start : start + step]
            inputs, last = padded([histories[k] for k in block], self.max_length)
            known = None if gaps is None else padded([gaps[k] for k in block], self.max_length)[0]
            encoded[block] = self.read(inputs, known, last[:, None])[:, 0]

        # The longest first: what comes last is short, and no thread waits long for another.
        in_parallel(encode, reversed(range(0, len(order), step)), limits_blas=False)
        return encoded

    def read(self, rows: Index, gaps: Index | None = None, places: Index | None = None) -> NDArray[np.float32]:
        """Answers at `places` of each history, shape (batch, n_places, size); at all of them where that is None.

        Args:
            rows: activity indices, shape (batch, length).
            gaps: kinds of gap or age of them, the same shape.
            places: shape (batch, n_places), of int32, each below length.
        """
        vectors = self._rows("activity_vectors", rows)
        if "gap_vectors" in self._fitted():
            vectors = vectors + self._rows("gap_vectors", np.zeros_like(rows) if gaps is None else gaps)
        if places is None:
            places = np.broadcast_to(np.arange(rows.shape[1], dtype=np.int32), rows.shape)
        return self._read(vectors, places)

    def _read(self, vectors: NDArray[np.float32], places: Index) -> NDArray[np.float32]:
        """From (batch, length, size) and (batch, n_places) to (batch, n_places, size).

        An encoder that takes places answers there alone, another everywhere.
        """
        encoder = self._encoder()
        if "places" in encoder.input_names:
            return encoder(vectors, places=places)
        answers: NDArray[np.float32] = np.take_along_axis(encoder(vectors), places[:, :, None], axis=1)
        return answers


def gap_kinds(at: NDArray[np.int64], lengths: NDArray[np.int64]) -> Index:
    """Shape (total,): how long before each event its list had one, as a place below N_GAPS; 0 for first events.

    Each kind is twice as long as the one before.

    Args:
        at: shape (total,), the instants of all lists one after the other, in seconds.
        lengths: shape (n_lists,), in events.
    """
    seconds = np.maximum(np.diff(at, prepend=at[:1]), 0)
    kinds: Index = np.minimum(1 + np.floor(np.log2(1.0 + seconds)), N_GAPS - 1).astype(np.int32)
    starts = np.cumsum(lengths) - lengths
    kinds[starts[lengths > 0]] = 0
    return kinds


def age_kinds(at: NDArray[np.int64], lengths: NDArray[np.int64], now: int) -> Index:
    """Shape (total,): how long before `now` the event after each came, as a place below N_GAPS; of last ones it is now.

    In days and in events of its list: what all did lately, and what each did last, as places counted from the end tell
    in other networks.

    Args:
        at: shape (total,), the instants of all lists one after the other, in seconds.
        lengths: shape (n_lists,), in events.
        now: in seconds; what came later is not older than that.
    """
    following, ends = np.append(at[1:], now), np.cumsum(lengths)
    following[ends[lengths > 0] - 1] = now
    days = np.maximum(now - following, 0) / DAY_SECONDS
    n_left = np.maximum(np.repeat(ends, lengths) - 1 - np.arange(len(at)), 1)
    by_days = np.minimum(np.floor(np.log2(1.0 + days)), _N_DAYS - 1)
    kinds: Index = (1 + _N_LEFT * by_days + np.minimum(np.log2(n_left) // 2, _N_LEFT - 1)).astype(np.int32)
    return kinds


def padded(histories: list[Index], max_length: int) -> tuple[Index, Index]:
    """The latest activities of each history, zeros behind: shape (n, longest), and (n,) where each one ends."""
    latest = [history[-max_length:] for history in histories]
    lengths = np.array([len(history) for history in latest], np.int32)
    rows = np.zeros((len(latest), lengths.max()), np.int32)
    rows[np.arange(rows.shape[1]) < lengths[:, None]] = np.concatenate(latest)
    return rows, lengths - 1
