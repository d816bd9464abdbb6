"""Cutting histories into training windows: what was known, and what came next at every position."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.datasets.interactions import Index, Sequences, offsets_of
from recommender.errors import NotEnoughData

_MOST_HELD_OUT = 1_000
_UNKNOWN_SHARE = 0.1


@dataclass(frozen=True)
class HeldOut:
    """The last event of some learners, kept from the training to see when it is enough."""

    histories: Sequences
    next_index: Index  # (n,)


class Batch(NamedTuple):
    """All have shape (windows, length), int32; `weights` is 1 where there is an event, else 0.

    With kinds of gap or age the inputs are two, activities and those.
    """

    inputs: Index | tuple[Index, Index]
    targets: Index
    weights: NDArray[np.float32]


def hold_out(lists: Sequences, generator: np.random.Generator) -> tuple[Sequences, HeldOut]:
    """Take the last event from a fifth of the learners, 1,000 at most, who have three events or more.

    Raises:
        NotEnoughData: nobody has two events, so there is no step to learn.
    """
    if not (lists.lengths >= 2).any():
        raise NotEnoughData("Nobody has met two activities, so there is no order to learn. Import more history.")
    candidates = np.flatnonzero(lists.lengths >= 3)
    n = min(_MOST_HELD_OUT, max(len(candidates) // 5, min(len(candidates), 20)))
    chosen = np.sort(generator.choice(candidates, n, replace=False)) if n else candidates[:0]
    last = lists.offsets[1:][chosen] - 1
    training = lists.without(last)
    return training, HeldOut(training.take(chosen), lists.activity_index[last])


class Epoch:
    """Every step from one event to the next once, in batches of windows of similar length.

    Windows of long histories begin elsewhere in every epoch, so that each step is seen with more and less past.
    Of the events that are given the share `noise_share` is replaced by others, drawn by how often they are met.
    With `has_gaps` each event comes with its kind of gap or age, which stand in `lists.at`; in a tenth of the windows
    they are unknown, as they may be when somebody asks.
    What is told at a position is the next event; with `target_steps` it is drawn from all that follow in the list, the
    one k later with a weight of exp(-k / target_steps), anew in every epoch.
    With `n_shapes` every batch has all its windows and one of so many lengths, empty ones behind: for back ends that
    compile a network again for each shape. Without, nothing is padded in vain.
    """

    def __init__(
        self,
        lists: Sequences,
        max_length: int,
        batch_size: int,
        generator: np.random.Generator,
        n_shapes: int | None = None,
        noise_share: float = 0.0,
        *,
        has_gaps: bool = False,
        target_steps: float = 0.0,
    ) -> None:
        self._lists, self._target_steps = lists, target_steps
        self._gaps = lists.at.astype(np.int32) if has_gaps and lists.at is not None else None
        self._rows, self._most = batch_size if n_shapes else 0, max_length
        self._multiple = -(-max_length // n_shapes) if n_shapes else 1
        self._starts, self._lengths = _windows(lists, max_length, generator)
        # Similar lengths together leave little padding; a little noise keeps the company changing.
        noise = generator.uniform(0, 0.1 * max_length, len(self._lengths))
        order = np.argsort(self._lengths + noise, kind="stable")
        groups = [order[first : first + batch_size] for first in range(0, len(order), batch_size)]
        self._groups = [groups[k] for k in generator.permutation(len(groups))]
        draws = bool(noise_share or has_gaps or target_steps)
        self._noise_share, self._seed = noise_share, int(generator.integers(2**63)) if draws else 0

    def __len__(self) -> int:
        return len(self._groups)

    def __getitem__(self, number: int) -> Batch:
        group = self._groups[number]
        starts, lengths = (_filled(one[group], self._rows) for one in (self._starts, self._lengths))
        longest = min(-(-lengths.max() // self._multiple) * self._multiple, self._most)
        place = np.arange(longest)
        is_event = place < lengths[:, None]
        position = np.where(is_event, starts[:, None] + place, 0)
        inputs = np.where(is_event, self._lists.activity_index[position], 0).astype(np.int32)
        draw = np.random.default_rng([self._seed, number])
        ahead = self._ahead(position, draw) if self._target_steps else 1
        targets = np.where(is_event, self._lists.activity_index[position + is_event * ahead], 0).astype(np.int32)
        given = self._disturbed(inputs, draw) if self._noise_share else inputs
        gaps = None if self._gaps is None else self._shown(self._gaps[position], draw)
        return Batch(given if gaps is None else (given, gaps), targets, is_event.astype(np.float32))

    def _ahead(self, position: NDArray[np.int64], draw: np.random.Generator) -> NDArray[np.int64]:
        """From 1 to as many events as follow in the list: a geometric draw that ends there, by its inverse."""
        offsets, steps = self._lists.offsets, self._target_steps
        n_later = np.maximum(offsets[np.searchsorted(offsets, position, side="right")] - 1 - position, 1)
        beyond = draw.random(position.shape) * np.expm1(-n_later / steps)
        ahead: NDArray[np.int64] = np.minimum(1 + (-steps * np.log1p(beyond)).astype(np.int64), n_later)
        return ahead

    def _disturbed(self, inputs: Index, draw: np.random.Generator) -> Index:
        events = self._lists.activity_index
        others = events[draw.integers(0, len(events), inputs.shape)]
        is_kept = draw.random(inputs.shape) >= self._noise_share
        return np.where(is_kept, inputs, others)

    def _shown(self, gaps: Index, draw: np.random.Generator) -> Index:
        return np.where(draw.random((len(gaps), 1)) >= _UNKNOWN_SHARE, gaps, np.int32(0))


def _windows(
    lists: Sequences, max_length: int, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each window begins in `lists.activity_index`, and how many steps it has (1 .. max_length)."""
    steps = np.maximum(lists.lengths - 1, 0)
    shift = np.where(steps > max_length, generator.integers(0, max_length, len(steps)), 0)
    counts = -(-(steps + shift) // max_length) * (steps > 0)
    owner = np.repeat(np.arange(len(steps)), counts)
    number = np.arange(counts.sum()) - np.repeat(offsets_of(counts)[:-1], counts)
    first = np.maximum(number * max_length - shift[owner], 0)
    end = np.minimum((number + 1) * max_length - shift[owner], steps[owner])
    return lists.offsets[owner] + first, end - first


def _filled(values: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    return np.pad(values, (0, max(0, n - len(values))))
