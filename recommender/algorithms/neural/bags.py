"""Histories as sets: a part is shown, the rest is to be told. No Keras here."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.datasets.interactions import Index, Sequences
from recommender.errors import NotEnoughData


class Shown(NamedTuple):
    """`rows` (learners, most) int32, activity indices; `is_shown` (learners, most), 1 for those that are given."""

    rows: Index
    is_shown: NDArray[np.float32]


class Batch(NamedTuple):
    """What is shown, all that was met, and 1 where there is an event: shape (learners, most) each."""

    inputs: Shown
    targets: Index
    is_event: NDArray[np.float32]


class Epoch:
    """Every learner with two events or more once, in batches of histories of similar length.

    Of longer histories than `most` another part is taken in every epoch. Each event is hidden with the probability
    `hidden_share`; one at least is shown, and one at least is hidden.
    """

    def __init__(
        self, lists: Sequences, most: int, batch_size: int, hidden_share: float, generator: np.random.Generator
    ) -> None:
        self._lists, self._most, self._hidden_share = lists, most, hidden_share
        self._seed = int(generator.integers(2**63))
        learners = np.flatnonzero(lists.lengths >= 2)
        lengths = np.minimum(lists.lengths[learners], most)
        order = learners[np.argsort(lengths * generator.uniform(0.8, 1.2, len(lengths)), kind="stable")]
        groups = [order[first : first + batch_size] for first in range(0, len(order), batch_size)]
        self._groups = [groups[k] for k in generator.permutation(len(groups))]

    def __len__(self) -> int:
        return len(self._groups)

    def __getitem__(self, number: int) -> Batch:
        generator = np.random.default_rng([self._seed, number])
        bags = [self._bag(int(learner), generator) for learner in self._groups[number]]
        lengths = np.array([len(bag) for bag in bags])
        is_event = np.arange(lengths.max()) < lengths[:, None]
        rows = np.zeros(is_event.shape, np.int32)
        rows[is_event] = np.concatenate(bags)
        is_shown = is_event & (generator.random(rows.shape) >= self._hidden_share)
        # The bags are shuffled, so the first two places are as good as any.
        is_shown[:, 0], is_shown[:, 1] = True, False
        return Batch(Shown(rows, is_shown.astype(np.float32)), rows, is_event.astype(np.float32))

    def _bag(self, learner: int, generator: np.random.Generator) -> Index:
        return generator.permutation(self._lists[learner])[: self._most]


def check(lists: Sequences) -> None:
    """There must be something to show and something to tell.

    Raises:
        NotEnoughData: nobody has two events.
    """
    if not (lists.lengths >= 2).any():
        raise NotEnoughData("Nobody has met two activities, so nothing tells which belong together. Import more.")
