import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.datasets.interactions import DAY_SECONDS, Interactions, Sequences
from recommender.errors import InvalidData

ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5), st.integers(0, 9), st.integers(0, 4)), max_size=60)


def test_repeats_fold_into_the_first_meeting() -> None:
    found = Interactions.from_columns([9, 4, 9, 9], [50, 50, 50, 40], [30, 5, 20, 25], [1, 2, 3, 4])
    assert found.learner_ids.tolist() == [4, 9]
    assert found.activity_ids.tolist() == [40, 50]
    assert found.learner_index.tolist() == [0, 1, 1]
    assert found.activity_index.tolist() == [1, 1, 0]
    assert found.at.tolist() == [5, 20, 25]
    assert found.weight.tolist() == [2, 4, 4]


def test_equal_instants_keep_their_original_order() -> None:
    found = Interactions.from_columns([1, 1, 1], [30, 10, 20], [7, 7, 7])
    assert found.activity_ids[found.activity_index].tolist() == [30, 10, 20]


@given(ROWS)
def test_agrees_with_doing_it_row_by_row(rows: list[tuple[int, int, int, int]]) -> None:
    first: dict[tuple[int, int], tuple[int, int]] = {}
    total: dict[tuple[int, int], int] = {}
    for number, (learner, activity, at, weight) in enumerate(rows):
        key = (learner, activity)
        first[key] = min(first.get(key, (at, number)), (at, number))
        total[key] = total.get(key, 0) + weight
    expected = sorted((learner, first[learner, activity], activity) for learner, activity in first)
    columns = np.array(rows, np.int64).reshape(-1, 4).T
    found = Interactions.from_columns(*columns)
    got = zip(
        found.learner_ids[found.learner_index],
        found.activity_ids[found.activity_index],
        found.at,
        found.weight,
        strict=True,
    )
    assert [tuple(map(int, row)) for row in got] == [
        (learner, activity, at, total[learner, activity]) for learner, (at, _), activity in expected
    ]


def test_rare_activities_go_and_learners_with_nothing_else() -> None:
    found = Interactions.from_columns([1, 2, 3, 3], [10, 10, 11, 11], [0, 0, 0, 1], minimum_per_activity=2)
    assert found.activity_ids.tolist() == [10]
    assert found.learner_ids.tolist() == [1, 2]


def test_matrix_and_sequences_say_the_same() -> None:
    found = Interactions.from_columns([1, 1, 2], [5, 6, 6], [2, 1, 0])
    assert found.matrix().toarray().tolist() == [[1, 1], [0, 1]]
    assert [one.tolist() for one in found.sequences()] == [[1, 0], [1]]


def test_no_rows_are_no_interactions() -> None:
    found = Interactions.from_columns([], [], [])
    assert (len(found), found.n_learners, found.n_activities, len(found.sequences())) == (0, 0, 0, 0)


def test_the_fingerprint_knows_the_data() -> None:
    one = Interactions.from_columns([1, 1], [5, 6], [2, 1])
    same = Interactions.from_columns([1, 1], [6, 5], [1, 2])
    other = Interactions.from_columns([1, 1], [5, 6], [2, 3])
    assert one.fingerprint == same.fingerprint != other.fingerprint


def test_columns_that_contradict_are_refused() -> None:
    with pytest.raises(InvalidData, match="one length"):
        Interactions.from_columns([1], [5, 6], [2])
    with pytest.raises(InvalidData, match="finite"):
        Interactions.from_columns([1], [5], [2], [np.nan])


def test_sequences_are_sliced_and_taken() -> None:
    lists = Sequences(np.array([0, 2, 2, 5]), np.array([7, 8, 1, 2, 3], np.int32), np.arange(5) * 10)
    assert [one.tolist() for one in lists.slice(1, 9)] == [[], [1, 2, 3]]
    assert [one.tolist() for one in lists.take(np.array([2, 0]))] == [[1, 2, 3], [7, 8]]
    assert lists[-1].tolist() == [1, 2, 3]
    assert lists.owner.tolist() == [0, 0, 2, 2, 2]
    assert [one.tolist() for one in lists.take(np.array([2, 0])).times or []] == [[20, 30, 40], [0, 10]]
    left = lists.without(np.array([3, 0]))
    assert [one.tolist() for one in left] == [[8], [], [1, 3]]
    assert [one.tolist() for one in left.slice(1, 3).times or []] == [[], [20, 40]]
    with pytest.raises(IndexError):
        lists[3]


def test_features_of_learners_go_with_them() -> None:
    plain = Interactions.from_columns([1, 2, 2, 3], [5, 6, 5, 6], [0, 0, 1, 0])
    nothing = Sequences(np.zeros(3, np.int64), np.zeros(0, np.int32))
    told = Sequences(np.array([0, 2, 2, 3]), np.array([7, 8, 9], np.int32), np.array([10, 30, 20]))
    described = plain.described(nothing, told)
    part = described.where(described.learner_index != 1).learner_features
    assert part is not None
    assert [one.tolist() for one in part] == [[7, 8], [9]]
    assert part.at is not None
    assert part.at.tolist() == [10, 30, 20]
    before = described.known_before(30).learner_features
    assert before is not None
    assert [one.tolist() for one in before] == [[7], [], [9]]
    assert plain.known_before(30) is plain
    later = plain.described(nothing, Sequences(told.offsets, told.activity_index, told.at + 1))
    prints = {one.fingerprint for one in (plain, plain.described(nothing), described, later)}
    assert len(prints) == 4
    with pytest.raises(InvalidData, match="2 lists of features for 3 learners"):
        plain.described(nothing, nothing)


def test_features_that_some_share_and_others_lack() -> None:
    """What all activities have, or one alone, tells none from another; a feature that is there twice is one."""
    plain = Interactions.from_columns([1, 1, 1], [5, 6, 7], [0, 1, 2])
    assert plain.shared_features().shape == (2, 0)
    nothing = plain.described(Sequences(np.zeros(4, np.int64), np.zeros(0, np.int32)))
    assert nothing.shared_features().shape == (2, 0)
    each = Sequences(np.array([0, 3, 6, 8]), np.array([9, 5, 5, 9, 5, 7, 9, 8], np.int32))
    assert plain.described(each).shared_features().T.tolist() == [[0, 5], [1, 5]]


def test_days_of_activities_go_with_them() -> None:
    """Rows in any order, of activities that are not here too; a day counts when it is over."""
    plain = Interactions.from_columns([1, 1, 1], [5, 6, 7], [0, 1, 2])
    day = DAY_SECONDS
    told = plain.with_days([7, 9, 5, 5], [0, 0, day, 0], [4, 8, 2, 3])
    assert rows_of(told) == {(5, 0, 3), (5, day, 2), (7, 0, 4)}
    assert rows_of(told.where(told.activity_index > 0)) == {(7, 0, 4)}
    assert rows_of(told.where(told.activity_index > 0, all_activities=True)) == rows_of(told)
    assert rows_of(told.known_before(2 * day - 1)) == {(5, 0, 3), (7, 0, 4)}
    assert rows_of(told.known_before(2 * day)) == rows_of(told)
    same = plain.with_days([5, 7, 5], [0, 0, day], [3, 4, 2])
    other = plain.with_days([5, 7, 5], [0, 0, day], [3, 4, 1])
    assert told.fingerprint == same.fingerprint
    assert len({plain.fingerprint, told.fingerprint, other.fingerprint}) == 3


def rows_of(found: Interactions) -> set[tuple[int, ...]]:
    days = found.activity_days
    assert days is not None
    columns = (found.activity_ids[days.activity_index], days.at, days.n_learners)
    return {tuple(row) for row in np.stack(columns, axis=1).tolist()}
