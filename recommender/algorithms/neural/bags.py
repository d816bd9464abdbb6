"""Histories as sets: a part is shown, the rest is to be told. No Keras here."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.datasets.interactions import Index, Sequences
from recommender.errors import NotEnoughData

FIRST_EVENTS = 10
"""Of a newcomer so many of the earliest are to be told, for the question is what to begin with."""


class Shown(NamedTuple):
    """`rows` (learners, most) int32, activity indices; `is_shown` (learners, most), 1 for those that are given."""

    rows: Index
    is_shown: NDArray[np.float32]


class Batch(NamedTuple):
    """What is shown, all that was met, and 1 where there is an event: shape (learners, most) each."""

    inputs: Shown
    targets: Index
    is_event: NDArray[np.float32]


@dataclass(frozen=True)
class Newcomers:
    """What stands for a learner of whom everything that was met is hidden."""

    inputs: Sequences  # one list per learner, as rows of the table below the network
    share: float  # of the learners in a batch, 0..1

    def known_then(self, lists: Sequences) -> "Newcomers":
        """Without what was not known yet when the last of a learner's first events came."""
        since, at = self.inputs.at, lists.at
        if since is None or at is None:
            return self
        last = np.maximum(lists.offsets[:-1] + np.minimum(lists.lengths, FIRST_EVENTS) - 1, 0)
        until = np.where(lists.lengths > 0, at[np.minimum(last, len(at) - 1)], np.iinfo(np.int64).min)
        return replace(self, inputs=self.inputs.without(np.flatnonzero(since > until[self.inputs.owner])))


class Epoch:
    """Every learner with two events or more once, in batches of histories of similar length.

    Of longer histories than `most` another part is taken in every epoch. Each event is hidden with the probability
    `hidden_share`; one at least is shown, and one at least is hidden. A share of the learners are newcomers: of them
    nothing that was met is shown, but what is known besides, and what they met first is to be told.
    """

    def __init__(
        self,
        lists: Sequences,
        most: int,
        batch_size: int,
        hidden_share: float,
        generator: np.random.Generator,
        newcomers: Newcomers | None = None,
    ) -> None:
        self._lists, self._most, self._hidden_share, self._newcomers = lists, most, hidden_share, newcomers
        self._most_known = int(newcomers.inputs.lengths.max(initial=0)) if newcomers else 0
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
        batch = Batch(Shown(rows, is_shown.astype(np.float32)), rows, is_event.astype(np.float32))
        if self._newcomers is None:
            return batch
        learners = self._groups[number]
        is_drawn = generator.random(len(learners)) < self._newcomers.share
        return self._with_newcomers(batch, learners, is_drawn, self._newcomers.inputs.take(learners))

    def _with_newcomers(
        self, batch: Batch, learners: NDArray[np.int64], is_drawn: NDArray[np.bool_], known: Sequences
    ) -> Batch:
        """Those drawn of whom something is known; what is shown of them stands in columns behind all events.

        There are as many such columns in every batch, for back ends that compile a network again for each shape.
        """
        is_new = is_drawn & (known.lengths > 0)
        place = np.arange(batch.targets.shape[1])
        begins, n_first = self._lists.offsets[learners], np.minimum(self._lists.lengths[learners], FIRST_EVENTS)
        is_first = is_new[:, None] & (place < n_first[:, None])
        first = self._lists.activity_index[np.where(is_first, begins[:, None] + place, 0)]
        targets = np.where(is_new[:, None], np.where(is_first, first, 0), batch.targets)
        is_event = np.where(is_new[:, None], is_first, batch.is_event)
        is_known = is_new[:, None] & (np.arange(self._most_known) < known.lengths[:, None])
        besides = np.zeros(is_known.shape, np.int32)
        besides[is_known] = known.activity_index[np.repeat(is_new, known.lengths)]
        nothing = np.zeros(is_known.shape, np.int32)
        is_shown = np.where(is_new[:, None], 0, batch.inputs.is_shown)
        return Batch(
            Shown(np.hstack([targets, besides]), np.hstack([is_shown, is_known]).astype(np.float32)),
            np.hstack([targets, nothing]),
            np.hstack([is_event, nothing]).astype(np.float32),
        )

    def _bag(self, learner: int, generator: np.random.Generator) -> Index:
        return generator.permutation(self._lists[learner])[: self._most]


def check(lists: Sequences) -> None:
    """There must be something to show and something to tell.

    Raises:
        NotEnoughData: nobody has two events.
    """
    if not (lists.lengths >= 2).any():
        raise NotEnoughData("Nobody has met two activities, so nothing tells which belong together. Import more.")
