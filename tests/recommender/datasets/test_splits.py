from collections.abc import Callable

import numpy as np
import pytest

from recommender.datasets.interactions import Interactions, Sequences
from recommender.datasets.splits import PROTOCOLS, Split, leave_last_out, random_holdout, time_split
from recommender.errors import InvalidConfig, NotEnoughData
from tests import toy

# Three learners; at instant 10 learner 1 knows 50 and 51, learner 2 knows 50, learner 3 nothing.
LEARNERS = [1, 1, 1, 1, 2, 2, 3]
ACTIVITIES = [50, 51, 52, 50, 50, 51, 50]
AT = [1, 2, 12, 13, 3, 11, 14]


def test_nothing_from_after_the_instant_is_in_the_training() -> None:
    split = time_split(Interactions.from_columns(LEARNERS, ACTIVITIES, AT), cutoff=10)
    assert (split.train.at < 10).all()
    assert split.train.activity_ids.tolist() == [50, 51]
    assert [one.tolist() for one in split.test_inputs] == [[0]]
    assert [one.tolist() for one in split.test_targets] == [[1]]
    assert split.parameters["n_unknown_targets"] == 1


def test_the_instant_lies_at_the_share() -> None:
    interactions = Interactions.from_columns(np.arange(100) // 10, np.arange(100) % 10, np.arange(100) * 7 % 100)
    split = time_split(interactions, 0.8)
    assert split.parameters["cutoff"] == 80
    assert len(split.train) == 80


def test_one_instant_goes_whole_to_one_side() -> None:
    interactions = Interactions.from_columns([1, 1, 2, 2], [5, 6, 6, 5], [0, 9, 0, 9])
    split = time_split(interactions, 0.1)
    assert split.parameters["cutoff"] == 9
    assert len(split.train) == 2


def test_asking_a_sample_repeats_with_its_seed() -> None:
    board = toy.checkerboard()
    one, same = (time_split(board, 0.6, max_learners=10, seed=4) for _ in range(2))
    other = time_split(board, 0.6, max_learners=10, seed=5)
    assert one.n_tested == 10
    assert one.protocol_hash == same.protocol_hash != other.protocol_hash


def test_the_validation_by_time_lies_inside_the_training() -> None:
    split = time_split(toy.chain(), 0.7)
    inside = split.validation()
    assert inside.train.at.max() < inside.parameters["cutoff"] <= split.train.at.max()
    assert inside.protocol_hash != split.protocol_hash


def test_leave_last_out_trains_on_all_but_two() -> None:
    interactions = Interactions.from_columns([1] * 4 + [2] * 2, [10, 11, 12, 13, 10, 13], [0, 1, 2, 3, 0, 1])
    split = leave_last_out(interactions)
    assert [one.tolist() for one in split.train.sequences()] == [[0, 1], [0, 3]]
    assert split.train.n_activities == 4
    assert [one.tolist() for one in split.test_inputs] == [[0, 1, 2]]
    assert [one.tolist() for one in split.test_targets] == [[3]]
    inside = split.validation()
    assert inside.train is split.train
    assert [one.tolist() for one in inside.test_inputs] == [[0, 1]]
    assert [one.tolist() for one in inside.test_targets] == [[2]]


def test_what_is_given_keeps_its_times_and_the_hash_covers_them() -> None:
    """The event before the last only asks; a model that looks at the clock may answer otherwise when it moves."""
    data = Interactions.from_columns([1, 1, 1, 1], [50, 51, 52, 53], [10, 20, 30, 40])
    moved = Interactions.from_columns([1, 1, 1, 1], [50, 51, 52, 53], [10, 20, 35, 40])
    split, other = leave_last_out(data), leave_last_out(moved)
    assert [one.tolist() for one in split.test_inputs.times or []] == [[10, 20, 30]]
    assert [one.tolist() for one in split.validation().test_inputs.times or []] == [[10, 20]]
    assert split.train.fingerprint == other.train.fingerprint
    assert split.protocol_hash != other.protocol_hash


def test_random_holdout_hides_one_event_and_gives_the_others() -> None:
    chain = toy.chain(n_learners=40, n_activities=30, length=8)
    split, same, other = random_holdout(chain, seed=1), random_holdout(chain, seed=1), random_holdout(chain, seed=2)
    assert split.protocol_hash == same.protocol_hash != other.protocol_hash
    whole, hidden = chain.sequences(), split.test_targets
    for k, given in enumerate(split.test_inputs):
        assert sorted([*given, *hidden[k]]) == sorted(whole[k])
    # Not only the last ones.
    assert {int(np.flatnonzero(whole[k] == hidden[k][0])[0]) for k in range(40)} == set(range(8))
    assert len(random_holdout(chain, 0.25).test_inputs) == 10


def test_the_validation_of_a_random_holdout_hides_from_the_training_too() -> None:
    split = random_holdout(toy.chain(n_learners=20, length=6), seed=3)
    inside = split.validation()
    assert len(inside.train) == len(split.train) - 20
    for given, answer in zip(inside.test_inputs, inside.test_targets, strict=True):
        assert answer[0] not in given


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_split_says_whose_its_questions_are(protocol: str) -> None:
    data = Interactions.from_columns(
        [7, 8, 8, 8, 8, 9, 9, 9, 9], [1, 1, 2, 3, 4, 4, 3, 2, 1], [0, 1, 2, 3, 9, 1, 2, 3, 9]
    )
    for split in (PROTOCOLS[protocol](data), PROTOCOLS[protocol](data).validation()):
        assert split.train.learner_ids[split.tested].tolist() == [8, 9]
        met_by = {
            learner: set(data.activity_index[data.learner_index == k]) for k, learner in enumerate(data.learner_ids)
        }
        for learner, given in zip(split.train.learner_ids[split.tested], split.test_inputs, strict=True):
            named = data.activity_ids.searchsorted(split.train.activity_ids[given])
            assert set(named) <= met_by[learner]


@pytest.mark.parametrize("share", [0.0, 1.5])
def test_a_share_of_learners_to_ask_has_its_range(share: float) -> None:
    with pytest.raises(InvalidConfig, match="above 0"):
        random_holdout(toy.chain(), share)


@pytest.mark.parametrize("share", [0.0, 1.0, None])
def test_a_share_without_two_sides_is_refused(share: float | None) -> None:
    with pytest.raises(InvalidConfig, match="between 0 and 1"):
        time_split(toy.chain(), share)


def test_says_when_nothing_can_be_split() -> None:
    one_instant = Interactions.from_columns([1, 1], [5, 6], [3, 3])
    with pytest.raises(NotEnoughData, match="second instant"):
        time_split(one_instant)
    with pytest.raises(NotEnoughData, match="three events"):
        leave_last_out(one_instant)
    with pytest.raises(NotEnoughData, match="both sides"):
        time_split(Interactions.from_columns([1, 2], [5, 6], [3, 4]), 0.5)
    with pytest.raises(NotEnoughData, match="an interaction"):
        time_split(Interactions.from_columns([], [], []))


def test_what_learners_were_only_known_by_later_is_not_learnt_from() -> None:
    board = toy.enrolled(toy.checkerboard(n_learners=20))
    assert board.learner_features is not None
    middle = int(np.median(board.at))
    later = board.learner_features.activity_index, np.where(np.arange(20) < 5, middle, middle - 1)
    told = Sequences(board.learner_features.offsets, *later)
    assert board.activity_features is not None
    split = time_split(board.described(board.activity_features, told), cutoff=middle)
    known = split.train.learner_features
    assert known is not None
    assert known.lengths.tolist() == [0] * 5 + [1] * 15
    assert split.validation().train.learner_features is not None


def test_days_that_were_not_over_are_not_learnt_from() -> None:
    day = toy.DAY_SECONDS
    data = Interactions.from_columns(LEARNERS, ACTIVITIES, np.array(AT) * day)
    data = data.with_days(np.repeat([50, 52], 15), np.tile(np.arange(15), 2) * day, np.ones(30, int))
    days = time_split(data, cutoff=10 * day).train.activity_days
    assert days is not None
    assert days.activity_index.tolist() == [0] * 10  # activity 52 was not known yet
    assert sorted(days.at // day) == list(range(10))


@pytest.mark.parametrize("protocol", [leave_last_out, random_holdout])
def test_without_an_instant_days_would_tell_what_is_asked_for(protocol: Callable[[Interactions], Split]) -> None:
    board = toy.checkerboard()
    assert (
        protocol(board.with_days(board.activity_ids, board.activity_ids * 0, board.activity_ids)).train.activity_days
        is None
    )
