import numpy as np
import pytest

from recommender.datasets.interactions import Interactions
from recommender.datasets.splits import leave_last_out, time_split
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
