"""Splits: what is known when a recommendation is asked for, and what the learner then really did.

`time_split` is the default, because only one global instant keeps the future out of the training data: with
leave-last-out a model may learn from one learner's July what it is asked about another's May
(Ji et al., "A critical study on data leakage in recommender system offline evaluation", TOIS 2023).
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recommender.datasets.interactions import Index, Interactions, Sequences, offsets_of, places_of
from recommender.errors import InvalidConfig, NotEnoughData

TIME, LEAVE_LAST_OUT, RANDOM_HOLDOUT = "time_split", "leave_last_out", "random_holdout"


@dataclass(frozen=True)
class Split:
    """Training data, and questions with answers for learners to be tested on, in train's activity indices."""

    train: Interactions
    test_inputs: Sequences  # n_tested lists: everything the learner had met when asked, oldest first
    test_targets: Sequences  # n_tested lists: what the learner met afterwards, oldest first; none is empty
    tested: Index  # (n_tested,), whose they are: places in train.learner_ids
    name: str
    parameters: Mapping[str, int | float | None]

    @property
    def n_tested(self) -> int:
        return len(self.test_targets)

    @cached_property
    def protocol_hash(self) -> str:
        """SHA-256 of name, parameters and data. Two figures compare only where this is equal."""
        digest = hashlib.sha256(json.dumps([self.name, dict(self.parameters)], sort_keys=True).encode())
        digest.update(self.train.fingerprint.encode())
        for lists in (self.test_inputs, self.test_targets):
            digest.update(lists.offsets.astype("<i8").tobytes())
            digest.update(lists.activity_index.astype("<i4").tobytes())
            digest.update(b"" if lists.at is None else lists.at.astype("<i8").tobytes())
        return digest.hexdigest()

    def validation(self) -> "Split":
        """A split inside this one by the same rule, to choose parameters on. The test answers stay unseen.

        Raises:
            NotEnoughData: nothing is left to ask about.
        """
        if self.name == TIME:
            share = self.parameters["share"]
            return time_split(self.train, 0.9 if share is None else float(share))
        if self.name == RANDOM_HOLDOUT:
            return random_holdout(self.train, seed=int(self.parameters.get("seed") or 0) + 1)
        ends = self.test_inputs.offsets[1:]
        kept = np.flatnonzero(self.test_inputs.lengths >= 2)
        _check_some(len(kept), "a second event to hold back")
        inputs = _without_last(self.test_inputs.take(kept))
        targets = self.test_inputs.activity_index[ends[kept] - 1]
        parameters = {**self.parameters, "held_back": 1}
        return Split(self.train, inputs, _singletons(targets), self.tested[kept], self.name, parameters)


def time_split(
    interactions: Interactions,
    share: float | None = 0.9,
    *,
    cutoff: int | None = None,
    max_learners: int | None = None,
    seed: int = 0,
) -> Split:
    """Train on everything before one instant; ask about learners who have something before and after it.

    Answers that nobody had met before the instant are left out, as no model could know them: their number is
    `parameters["n_unknown_targets"]`.

    Args:
        interactions: what to split.
        share: the share of interactions that lie before the instant, 0 < share < 1.
        cutoff: the instant itself (seconds since 1970 UTC); then `share` is not used.
        max_learners: ask about a seeded sample of so many learners at most; all of them where None.
        seed: of that sample.

    Raises:
        InvalidConfig: `share` out of its range.
        NotEnoughData: no learner has something on both sides.
    """
    _check_some(len(interactions), "an interaction")
    if cutoff is None:
        if share is None or not 0 < share < 1:
            raise InvalidConfig("share", "time_split", "between 0 and 1", share)
        cutoff = _instant_at(interactions.at, share)
    else:
        share = None
    before = interactions.at < cutoff
    train = interactions.where(before).known_before(cutoff)
    inputs = train.sequences()
    targets, n_unknown = _targets_after(interactions, ~before, train)
    tested = np.flatnonzero((inputs.lengths > 0) & (targets.lengths > 0))
    _check_some(len(tested), "events on both sides of the instant")
    if max_learners is not None and len(tested) > max_learners:
        tested = np.sort(np.random.default_rng(seed).choice(tested, max_learners, replace=False))
    parameters = {
        "share": share,
        "cutoff": cutoff,
        "max_learners": max_learners,
        "seed": seed,
        "n_unknown_targets": n_unknown,
    }
    return Split(train, inputs.take(tested), targets.take(tested), tested.astype(np.int32), TIME, parameters)


def leave_last_out(interactions: Interactions) -> Split:
    """Train on all but each learner's last two events; ask for the last one, all others given.

    The published comparisons of sequential recommenders use it (Kang & McAuley, ICDM 2018, section IV-A). The
    event before the last is for `validation()`. Learners with fewer than three events only train. Every
    activity stays in the catalogue, whether or not the training rows hold it.

    Raises:
        NotEnoughData: nobody has three events.
    """
    interactions = replace(interactions, activity_days=None)  # which tell of what is asked for
    lists = interactions.sequences()
    from_end = lists.offsets[1:][interactions.learner_index] - np.arange(len(interactions))
    long_enough = lists.lengths >= 3
    train = interactions.where(~long_enough[interactions.learner_index] | (from_end > 2), all_activities=True)
    tested = np.flatnonzero(long_enough)
    _check_some(len(tested), "three events")
    last = lists.activity_index[lists.offsets[1:][tested] - 1]
    # Nobody is without a training row, so learners keep their places.
    return Split(
        train, _without_last(lists.take(tested)), _singletons(last), tested.astype(np.int32), LEAVE_LAST_OUT, {}
    )


def random_holdout(interactions: Interactions, share: float = 1.0, *, seed: int = 0) -> Split:
    """Hide one event of each learner, drawn at random, and ask for it with all the others given.

    Only to compare with publications that did so: the model learns from what came after the question. Learners with
    one event only train, and so does whoever is not among the `share` that is asked. Every activity stays in the
    catalogue.

    Args:
        interactions: what to split.
        share: of the learners with two events or more who are asked, 0 < share <= 1.
        seed: of the draw.

    Raises:
        InvalidConfig: `share` out of its range.
        NotEnoughData: nobody has two events.
    """
    if not 0 < share <= 1:
        raise InvalidConfig("share", "random_holdout", "above 0 and at most 1", share)
    interactions = replace(interactions, activity_days=None)  # which tell of what is asked for
    lists = interactions.sequences()
    able = np.flatnonzero(lists.lengths >= 2)
    _check_some(len(able), "two events")
    draw = np.random.default_rng(seed)
    tested = np.sort(draw.permutation(able)[: max(1, round(share * len(able)))])
    hidden = lists.offsets[tested] + draw.integers(0, lists.lengths[tested])
    is_train = np.ones(len(interactions), bool)
    is_train[hidden] = False
    train = interactions.where(is_train, all_activities=True)
    answers = _singletons(interactions.activity_index[hidden])
    parameters = {"share": share, "seed": seed}
    return Split(train, train.sequences().take(tested), answers, tested.astype(np.int32), RANDOM_HOLDOUT, parameters)


PROTOCOLS: dict[str, Callable[[Interactions], Split]] = {
    TIME: time_split,
    LEAVE_LAST_OUT: leave_last_out,
    RANDOM_HOLDOUT: random_holdout,
}
"""By name, each with its defaults."""


def _instant_at(at: NDArray[np.int64], share: float) -> int:
    """The instant before which about `share` of the rows lie, whole instants together and neither side empty."""
    position = min(int(share * len(at)), len(at) - 1)
    instant = int(np.partition(at, position)[position])
    if instant == at.min():
        later = at[at > instant]
        _check_some(len(later), "a second instant to split at")
        instant = int(later.min())
    return instant


def _targets_after(interactions: Interactions, after: NDArray[np.bool_], train: Interactions) -> tuple[Sequences, int]:
    """One list per learner of `train` with what came after, in train's indices and when; and how many nobody knew."""
    learner_of = places_of(interactions.learner_ids, train.learner_ids)
    activity_of = places_of(interactions.activity_ids, train.activity_ids)
    learner = learner_of[interactions.learner_index[after]]
    activity = activity_of[interactions.activity_index[after]]
    asked = learner >= 0
    known = asked & (activity >= 0)
    counts = np.bincount(learner[known], minlength=train.n_learners)
    targets = Sequences(offsets_of(counts), activity[known].astype(np.int32), interactions.at[after][known])
    return targets, int(asked.sum() - known.sum())


def _without_last(lists: Sequences) -> Sequences:
    return lists.without(lists.offsets[1:] - 1)


def _singletons(activity_index: Index) -> Sequences:
    return Sequences(np.arange(len(activity_index) + 1, dtype=np.int64), activity_index)


def _check_some(n: int, what: str) -> None:
    if not n:
        raise NotEnoughData(f"Nothing can be split: no learner has {what}. Import more history first.")
