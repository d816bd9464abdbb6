"""Who has met nothing yet, known by their courses alone."""

import numpy as np
import pytest

from recommender.algorithms.base import Algorithm
from recommender.algorithms.catalogue import algorithm_class, build
from recommender.algorithms.neural import bags
from recommender.datasets.interactions import Interactions, Sequences
from recommender.errors import InvalidConfig
from tests import toy
from tests.recommender.algorithms.neural.tiny import TINY

CONFIG = {**TINY, "dropout": 0.0, "feature_buckets": 64, "newcomer_share": 0.3}
NOBODY_YET = [np.array([], int)] * 2


def answers(fitted: Algorithm) -> np.ndarray:
    return fitted.score(NOBODY_YET, features=toy.in_courses([0, 1]))


def knows_both(scores: np.ndarray) -> bool:
    return scores[0, ::2].min() > scores[0, 1::2].max() and scores[1, 1::2].min() > scores[1, ::2].max()


@pytest.fixture(scope="module")
def board() -> Interactions:
    return toy.enrolled(toy.checkerboard())


@pytest.fixture(scope="module")
def fitted(board: Interactions) -> Algorithm:
    return build("two_tower", CONFIG).fit(board)


def lists_of(*each: list[int], at: list[int] | None = None) -> Sequences:
    offsets = np.concatenate(([0], np.cumsum([len(one) for one in each])))
    index = np.array([k for one in each for k in one], np.int32)
    return Sequences(offsets, index, None if at is None else np.array(at))


def test_of_a_newcomer_only_courses_are_shown_and_the_first_events_are_to_be_told() -> None:
    histories = [list(range(2 * k, 2 * k + 14)) for k in range(40)]
    lists, known = lists_of(*histories), lists_of(*([100, 101] if k % 2 else [] for k in range(40)))
    epoch = bags.Epoch(lists, 20, 8, 0.5, np.random.default_rng(0), bags.Newcomers(known, 0.5))
    n_new = 0
    for number in range(len(epoch)):
        (rows, is_shown), targets, is_event = epoch[number]
        assert rows.shape == is_shown.shape == targets.shape == is_event.shape
        assert targets.max() < 100
        assert rows.min() >= 0
        for row, shown, right, real in zip(rows, is_shown, targets, is_event, strict=True):
            if (row[shown > 0] >= 100).any():
                n_new += 1
                assert row[shown > 0].tolist() == [100, 101]
                assert right[real > 0].tolist() == histories[right[0] // 2][: bags.FIRST_EVENTS]
                assert (right[0] // 2) % 2 == 1
            else:
                assert set(row[shown > 0]) < set(right[real > 0])
    assert 4 < n_new < 20


def test_a_course_that_began_after_the_first_events_was_not_known_then() -> None:
    lists = lists_of(list(range(12)), [1], [], at=[*range(10), 50, 60, 5])
    known = lists_of([20, 21], [20, 21], [20], at=[9, 10, 5, 6, 0])
    found = bags.Newcomers(known, 0.5).known_then(lists).inputs
    assert [one.tolist() for one in found] == [[20], [20], []]
    no_clock = bags.Newcomers(lists_of([20], [], []), 0.5)
    assert no_clock.known_then(lists) is no_clock


def test_without_courses_it_trains_as_without_newcomers(board: Interactions) -> None:
    assert board.activity_features is not None
    without = board.described(board.activity_features)
    alike = [
        build("two_tower", {**CONFIG, "epochs": 2, "newcomer_share": share}).fit(data).state()
        for data, share in ((without, 0.3), (board, 0.0))
    ]
    assert all(np.array_equal(array, alike[1][name]) for name, array in alike[0].items())
    assert not alike[0]["known_features"].any()


def test_newcomers_are_told_of_activities_that_came_later(fitted: Algorithm) -> None:
    places = np.array([0, 16])  # one of the odd course before all others, one of the even behind them
    scores = answers(fitted.with_activities(toy.in_courses([1, 0]), places))
    assert scores[0, 17] > scores[0, 0]
    assert scores[1, 0] > scores[1, 17]
    assert scores[:, 1:17] == pytest.approx(answers(fitted), abs=1e-6)


def test_newcomers_in_int8_and_of_a_student(board: Interactions) -> None:
    config = {**CONFIG, "embedding_size": 8, "precision": "int8", "teacher": "embedding_size=16"}
    small = build("two_tower", config).fit(board)
    assert small.before is not None
    assert small.before.before is not None
    assert all(knows_both(answers(one)) for one in (small, small.before, small.before.before))
    with pytest.raises(InvalidConfig, match="newcomer_share"):
        build("two_tower", {"teacher": "newcomer_share=0.2"})


def test_a_blend_asks_its_members_about_newcomers(board: Interactions) -> None:
    settings = ":".join(f"{name}={value}" for name, value in CONFIG.items())
    blend = build("blend", {"members": f"popularity,two_tower:{settings}"})
    assert blend.learns_newcomers
    assert not build("blend").learns_newcomers
    fitted = blend.fit(board)
    assert knows_both(answers(fitted))
    again = algorithm_class("blend").from_state(fitted.config, fitted.state())
    assert np.array_equal(answers(again), answers(fitted))
    unheard = [np.array([1], np.int32)]
    assert np.array_equal(fitted.score(NOBODY_YET[:1], features=unheard), fitted.score(NOBODY_YET[:1]))
