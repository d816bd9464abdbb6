"""Interactions: which learner met which activity, and when first. All that an algorithm ever sees of people."""

import builtins
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Self

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from recommender.errors import InvalidData

Index = NDArray[np.int32]
Ids = NDArray[np.int64]
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Sequences:
    """Ragged lists of activity indices, oldest first: list k is `activity_index[offsets[k]:offsets[k + 1]]`.

    `offsets` has shape (n + 1,) int64, `activity_index` has shape (total,) int32. `at` has that shape too, int64: the
    instant of each entry in seconds since 1970 UTC, never falling within a list; None where there is no clock.
    """

    offsets: NDArray[np.int64]
    activity_index: Index
    at: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, position: int) -> Index:
        if not -len(self) <= position < len(self):
            raise IndexError(position)
        position %= len(self)
        return self.activity_index[self.offsets[position] : self.offsets[position + 1]]

    def __iter__(self) -> Iterator[Index]:
        return (self[position] for position in range(len(self)))

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.diff(self.offsets)

    @property
    def times(self) -> list[NDArray[np.int64]] | None:
        """The instants of each list."""
        return None if self.at is None else [self.at[start:end] for start, end in pairwise(self.offsets.tolist())]

    @property
    def owner(self) -> NDArray[np.int64]:
        """Shape (total,): which list each entry belongs to."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def slice(self, start: int, stop: int) -> "Sequences":
        """Lists `start` to `stop` (exclusive), without copying the entries."""
        offsets = self.offsets[start : min(stop, len(self)) + 1]
        return self._entries(offsets - offsets[0], slice(offsets[0], offsets[-1]))

    def take(self, positions: NDArray[np.int64]) -> "Sequences":
        """The lists at `positions`, in that order."""
        lengths = self.lengths[positions]
        offsets = offsets_of(lengths)
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        return self._entries(offsets, np.repeat(self.offsets[positions], lengths) + within)

    def without(self, places: NDArray[np.int64]) -> "Sequences":
        """Without the entries at `places`, counted through all lists; no place is named twice."""
        kept = np.ones(len(self.activity_index), bool)
        kept[places] = False
        lengths = self.lengths - np.bincount(self.owner[places], minlength=len(self))
        return self._entries(offsets_of(lengths), kept)

    def _entries(self, offsets: NDArray[np.int64], which: "NDArray[np.generic] | builtins.slice") -> "Sequences":
        return Sequences(offsets, self.activity_index[which], None if self.at is None else self.at[which])


@dataclass(frozen=True)
class ActivityDays:
    """One row per activity and UTC day on which somebody was there, for the first time or again; in no order."""

    activity_index: Index  # (m,)
    at: NDArray[np.int64]  # (m,) when the day begins, in seconds since 1970 UTC
    n_learners: Index  # (m,)

    def before(self, instant: int) -> "ActivityDays":
        """Only the days that were over then."""
        return self._where(self.at + DAY_SECONDS <= instant)

    def of_those(self, places: Index) -> "ActivityDays":
        """The same by other indices: `places` has shape (n_activities,), -1 for those that go."""
        found = self._where(places[self.activity_index] >= 0)
        return replace(found, activity_index=places[found.activity_index])

    def _where(self, kept: NDArray[np.bool_]) -> "ActivityDays":
        return ActivityDays(self.activity_index[kept], self.at[kept], self.n_learners[kept])


@dataclass(frozen=True)
class Interactions:
    """One row per (learner, activity) pair, sorted by (learner, at, original order).

    Indices are dense: 0 .. n_learners - 1 and 0 .. n_activities - 1, both in the order of the database ids.
    """

    learner_index: Index  # (n,)
    activity_index: Index  # (n,)
    at: NDArray[np.int64]  # (n,) seconds since 1970 UTC, of the first meeting
    weight: NDArray[np.float32]  # (n,) summed over all meetings of the pair
    learner_ids: Ids  # (n_learners,) database ids, ascending
    activity_ids: Ids  # (n_activities,) database ids, ascending
    # What describes each activity: hashes of features, see `feature_hash`. None where nothing is known.
    activity_features: Sequences | None = None
    # What is known of each learner besides, in the same way, and since when. None where nothing is known of anybody.
    learner_features: Sequences | None = None
    # How many came to each activity day by day, also those who had met it before. None where nothing is known of it.
    activity_days: ActivityDays | None = None

    @classmethod
    def from_columns(
        cls,
        learner_ids: ArrayLike,
        activity_ids: ArrayLike,
        at: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        minimum_per_activity: int = 1,
    ) -> Self:
        """Build from one row per meeting, in any order; repeats fold into the first meeting of their pair.

        Args:
            learner_ids: shape (rows,), database ids.
            activity_ids: shape (rows,), database ids.
            at: shape (rows,), seconds since 1970 UTC; a plain position does where there is no clock.
            weight: shape (rows,), not negative; 1 each where not given.
            minimum_per_activity: activities met by fewer learners are left out, and so are learners who then
                have nothing.

        Raises:
            InvalidData: unequal lengths, or a weight that is negative or not finite.
        """
        learners, activities = np.asarray(learner_ids, np.int64), np.asarray(activity_ids, np.int64)
        instants = np.asarray(at, np.int64)
        weights = np.ones(len(learners), np.float32) if weight is None else np.asarray(weight, np.float32)
        _check_columns(learners, activities, instants, weights)
        known_learners, learner_index = np.unique(learners, return_inverse=True)
        known_activities, activity_index = np.unique(activities, return_inverse=True)
        first, total = _first_meetings(learner_index, activity_index, instants, weights)
        learner_index, activity_index = learner_index[first], activity_index[first]
        if minimum_per_activity > 1:
            counts = np.bincount(activity_index, minlength=len(known_activities))
            kept = counts[activity_index] >= minimum_per_activity
            first, total = first[kept], total[kept]
            learner_index, known_learners = _densify(learner_index[kept], known_learners)
            activity_index, known_activities = _densify(activity_index[kept], known_activities)
        order = np.lexsort((first, instants[first], learner_index))
        return cls(
            learner_index[order].astype(np.int32),
            activity_index[order].astype(np.int32),
            instants[first[order]],
            total[order],
            known_learners,
            known_activities,
        )

    def __len__(self) -> int:
        return len(self.learner_index)

    @property
    def n_learners(self) -> int:
        return len(self.learner_ids)

    @property
    def n_activities(self) -> int:
        return len(self.activity_ids)

    def matrix(self) -> scipy.sparse.csr_matrix:
        """Shape (n_learners, n_activities), float32, 1 where the learner met the activity."""
        offsets = self.sequences().offsets
        values = np.ones(len(self), np.float32)
        shape = (self.n_learners, self.n_activities)
        return scipy.sparse.csr_matrix((values, self.activity_index, offsets), shape=shape)

    def sequences(self) -> Sequences:
        """One list per learner, oldest first."""
        counts = np.bincount(self.learner_index, minlength=self.n_learners)
        return Sequences(offsets_of(counts), self.activity_index, self.at)

    def where(self, kept: NDArray[np.bool_], *, all_activities: bool = False) -> "Interactions":
        """The rows where `kept` (shape (n,)) is true; learners without a row go, activities too unless told."""
        learner_index, learner_ids = _densify(self.learner_index[kept], self.learner_ids)
        activity_index, activity_ids = self.activity_index[kept].astype(np.int64), self.activity_ids
        if not all_activities:
            activity_index, activity_ids = _densify(activity_index, activity_ids)
        return Interactions(
            learner_index.astype(np.int32),
            activity_index.astype(np.int32),
            self.at[kept],
            self.weight[kept],
            learner_ids,
            activity_ids,
            _of_those(self.activity_features, self.activity_ids, activity_ids),
            _of_those(self.learner_features, self.learner_ids, learner_ids),
            self.activity_days and self.activity_days.of_those(places_of(self.activity_ids, activity_ids)),
        )

    def described(self, activity_features: Sequences, learner_features: Sequences | None = None) -> "Interactions":
        """The same, with one list of feature hashes per activity, and one per learner where there are any.

        Raises:
            InvalidData: not one list per activity or learner.
        """
        if len(activity_features) != self.n_activities:
            raise InvalidData(f"{len(activity_features)} lists of features for {self.n_activities} activities.")
        if learner_features is not None and len(learner_features) != self.n_learners:
            raise InvalidData(f"{len(learner_features)} lists of features for {self.n_learners} learners.")
        return replace(self, activity_features=activity_features, learner_features=learner_features)

    def with_days(self, activity_ids: ArrayLike, at: ArrayLike, n_learners: ArrayLike) -> "Interactions":
        """The same, with how many came to each activity day by day; activities that are not here are left out.

        Args:
            activity_ids: shape (rows,), database ids.
            at: shape (rows,), when each day begins, in seconds since 1970 UTC.
            n_learners: shape (rows,), how many were there, whether or not they had been before.
        """
        places = places_of(np.asarray(activity_ids, np.int64), self.activity_ids)
        days = ActivityDays(
            np.arange(len(places), dtype=np.int32), np.asarray(at, np.int64), np.asarray(n_learners, np.int32)
        )
        return replace(self, activity_days=days.of_those(places))

    def shared_features(self) -> Index:
        """Shape (2, n): activities, each with each of the features (hashes) that others share and not all have."""
        features = self.activity_features
        if features is None:
            return np.zeros((2, 0), np.int32)
        pairs = np.unique(np.stack([features.owner, features.activity_index]), axis=1)
        _hashes, place, counts = np.unique(pairs[1], return_inverse=True, return_counts=True)
        return pairs[:, (counts[place] > 1) & (counts[place] < self.n_activities)].astype(np.int32)

    def known_before(self, instant: int) -> "Interactions":
        """The same, with only what was known beside the meetings before the instant (seconds since 1970).

        That is features of learners, and days of activities.
        """
        found, days = self.learner_features, self.activity_days
        if days is None and (found is None or found.at is None):
            return self
        if found is not None and found.at is not None:
            found = found.without(np.flatnonzero(found.at >= instant))
        return replace(self, learner_features=found, activity_days=days and days.before(instant))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over every array: equal exactly when the data are equal."""
        digest = hashlib.sha256()
        columns = (self.learner_index, self.activity_index, self.at, self.weight)
        for array in (*columns, self.learner_ids, self.activity_ids):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        if self.activity_features is not None:
            digest.update(self.activity_features.offsets.tobytes() + self.activity_features.activity_index.tobytes())
        if self.learner_features is not None:
            digest.update(b"learners")
            digest.update(self.learner_features.offsets.tobytes() + self.learner_features.activity_index.tobytes())
            digest.update(b"" if self.learner_features.at is None else self.learner_features.at.tobytes())
        if (days := self.activity_days) is not None:
            order = np.lexsort((days.at, days.activity_index))
            digest.update(b"days")
            for array in (days.activity_index, days.at, days.n_learners):
                digest.update(array[order].tobytes())
        return digest.hexdigest()


def feature_hash(feature: str) -> int:
    """A number for a feature such as "kind=quiz", the same everywhere and for ever: 0 .. 2**31 - 1."""
    return zlib.crc32(feature.encode()) & 0x7FFFFFFF


def places_of(ids: Ids, among: Ids) -> Index:
    """Where each of `ids` stands in the ascending `among`; -1 where it does not."""
    if not len(among):
        return np.full(len(ids), -1, np.int32)
    position = np.minimum(np.searchsorted(among, ids), len(among) - 1)
    return np.where(among[position] == ids, position, -1).astype(np.int32)


def offsets_of(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of the lists with these lengths begins, and where the last one ends: shape (n + 1,)."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def _of_those(features: Sequences | None, ids: Ids, kept: Ids) -> Sequences | None:
    """Of the ids that are left."""
    return None if features is None else features.take(np.searchsorted(ids, kept))


def _check_columns(learners: Ids, activities: Ids, instants: NDArray[np.int64], weights: NDArray[np.float32]) -> None:
    shapes = {array.shape for array in (learners, activities, instants, weights)}
    if len(shapes) > 1 or learners.ndim != 1:
        raise InvalidData(f"Columns must be flat and of one length; got the shapes {sorted(shapes)}.")
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise InvalidData("Weights must be finite and not negative; clean them before they come here.")


def _first_meetings(
    learner_index: NDArray[np.int64],
    activity_index: NDArray[np.int64],
    instants: NDArray[np.int64],
    weights: NDArray[np.float32],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Row number of the first meeting of each pair, and the pair's summed weight."""
    if not len(learner_index):
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    pair = learner_index * (int(activity_index.max()) + 1) + activity_index
    order = np.lexsort((instants, pair))
    sorted_pair = pair[order]
    starts = np.flatnonzero(np.concatenate(([True], sorted_pair[1:] != sorted_pair[:-1])))
    # Summed in float64: ten million clicks of one pair would stop growing in float32.
    totals = np.add.reduceat(weights[order], starts, dtype=np.float64)
    return order[starts], totals.astype(np.float32)


def _densify(index: NDArray[np.integer], ids: Ids) -> tuple[NDArray[np.int64], Ids]:
    """Renumber `index` without gaps, and the ids that are left."""
    used = np.zeros(len(ids), bool)
    used[index] = True
    return (np.cumsum(used) - 1)[index], ids[used]
