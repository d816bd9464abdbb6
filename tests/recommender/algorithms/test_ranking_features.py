from dataclasses import replace

import numpy as np
import pytest

from recommender.algorithms import ranking_features
from recommender.algorithms.catalogue import build
from recommender.datasets.interactions import Interactions, Sequences, offsets_of
from tests.toy import DAY_SECONDS

AGES = slice(9, 16)


def met_on(days: dict[tuple[int, int], int]) -> Interactions:
    """From (learner, activity) to the day of their meeting."""
    learners, activities = np.array(list(days)).T
    return Interactions.from_columns(learners, activities, np.array(list(days.values())) * DAY_SECONDS)


def with_features(data: Interactions, each: list[list[int]]) -> Interactions:
    flat = np.array([one for row in each for one in row], np.int32)
    return data.described(Sequences(offsets_of(np.array([len(row) for row in each])), flat))


DATA = met_on({(1, 5): 0, (2, 5): 10, (3, 5): 20, (4, 5): 30, (5, 5): 40, (1, 6): 40, (2, 7): 38, (5, 7): 5})


def test_ages_by_hand() -> None:
    """Five meetings, 40 to 0 days ago: their quantiles, each an age of one of them; one meeting is all of them."""
    found = ranking_features.of_activities(DATA, np.zeros(0, np.int32))
    assert found[0, AGES] == pytest.approx([0, 0, 10, 20, 30, 30, 40])
    assert found[1, AGES] == pytest.approx([0] * 7)
    assert found[2, AGES] == pytest.approx([2, 2, 2, 2, 2, 2, 35])


def test_place_share_and_rates_by_hand() -> None:
    found = ranking_features.of_activities(DATA, np.zeros(0, np.int32))
    assert found[:, 0] == pytest.approx([1 / 5, 1, 1 / 2])  # learner 5 met 7 first, learner 2 met it last
    assert found[:, 1] == pytest.approx([1, 0.2, 0.4])
    assert found[:, 8] == pytest.approx(np.log(np.array([5, 1, 2]) / (8 / 3) + 0.01), abs=1e-6)


def test_what_nobody_has_met_has_neither_age_nor_place() -> None:
    kept = DATA.where(DATA.activity_index != 1, all_activities=True)
    found = ranking_features.of_activities(kept, np.zeros(0, np.int32))
    assert np.isnan(found[1, AGES]).all()
    assert np.isnan(found[1, 0])
    assert found[0, AGES] == pytest.approx([0, 0, 10, 20, 30, 30, 40])


def test_who_is_there_again_counts_by_hand() -> None:
    """At day 40: two learners two days ago and 16 days ago, and five today; nobody came to 6 at all."""
    days = DATA.with_days([5, 5, 7, 8], np.array([38, 24, 40, 40]) * DAY_SECONDS, [2, 2, 5, 9])
    found = ranking_features.of_activities(days, np.zeros(0, np.int32))
    of_one_day = np.array([2 / 4 + 2 / 2**16, 0, 5])
    of_sixteen = np.array([2 * 2 ** (-2 / 16) + 2 / 2, 0, 5])
    assert found.shape[1] == AGES.stop + 6
    assert found[:, AGES.stop] == pytest.approx(np.log(of_one_day / of_one_day.mean() + 0.01), abs=1e-5)
    assert found[:, AGES.stop + 4] == pytest.approx(np.log(of_sixteen / of_sixteen.mean() + 0.01), abs=1e-5)
    np.testing.assert_array_equal(found[:, : AGES.stop], ranking_features.of_activities(DATA, np.zeros(0, np.int32)))


def test_a_day_that_goes_on_counts_no_more_than_at_past_instants() -> None:
    """There a split leaves it out; where the clock knows days alone, the last one is whole."""
    noon = met_on({(1, 5): 0, (2, 6): 10})
    noon = replace(noon, at=noon.at + DAY_SECONDS // 2)
    over = noon.with_days([5, 6], np.array([8, 9]) * DAY_SECONDS, [3, 4])
    going_on = noon.with_days([5, 6, 5], np.array([8, 9, 10]) * DAY_SECONDS, [3, 4, 90])
    none = np.zeros(0, np.int32)
    expected = ranking_features.of_activities(over, none)
    np.testing.assert_array_equal(ranking_features.of_activities(going_on, none), expected)


def test_flags_tell_activities_apart() -> None:
    """What all have, what one has, and what the same ones have as another feature, says nothing more."""
    days = {(1, activity): activity for activity in range(6)}
    data = with_features(met_on(days), [[9, 1, 2], [9, 1, 2], [9, 1, 2, 3], [9, 3], [9, 4], [9]])
    flags = ranking_features.flags(data)
    assert flags.tolist() == [1, 3]
    found = ranking_features.of_activities(data, np.array([3, 1], np.int32))[:, -2:]
    assert found.tolist() == [[0, 1], [0, 1], [1, 1], [1, 0], [0, 0], [0, 0]]


def test_of_many_flags_the_most_common_are_kept() -> None:
    days = {(1, activity): activity for activity in range(60)}
    each = [[kind for kind in range(40) if activity in (kind, kind + 1, (kind * 7) % 60)] for activity in range(60)]
    flags = ranking_features.flags(with_features(met_on(days), each))
    assert len(flags) == ranking_features.MAX_FLAGS
    counts = np.bincount(np.concatenate([np.array(row, int) for row in each]), minlength=40)
    assert counts[flags].min() >= np.delete(counts, flags).max()


def test_nothing_is_known_of_undescribed_activities() -> None:
    assert len(ranking_features.flags(DATA)) == 0
    assert len(ranking_features.flags(with_features(DATA, [[], [], []]))) == 0


def test_what_is_known_of_learners_by_hand() -> None:
    """Met: one and three of what others met; the last one 3 days ago and after the training."""
    of_activity = ranking_features.of_activities(DATA, np.zeros(0, np.int32))
    member, day = build("popularity").fit(DATA), DAY_SECONDS
    histories = [np.array([0], np.int32), np.array([2, 0], np.int32)]
    times = [np.array([37 * day]), np.array([15 * day, 43 * day])]
    pairs = ranking_features.of_pairs([member], of_activity, 40 * day, histories, times, 3)
    learner = pairs.features[:, 16:21]
    assert learner[0] == pytest.approx([1, 1 / 1.6, 3, 1, 1])
    assert learner[-1] == pytest.approx([2, 1.4 / 1.6, 0, 1, 1])
    assert pairs.features[:, 0] == pytest.approx(of_activity[[1, 2, 1], 0] - [1, 1, 2])
    assert pairs.features.shape == (3, ranking_features.most_features(1) - ranking_features.MAX_FLAGS - 6)
    plain = ranking_features.of_pairs([member], of_activity, 40 * day, histories, None, 3).features
    assert np.isnan(plain[:, 18:21]).all()
    np.testing.assert_array_equal(plain[:, :18], pairs.features[:, :18])
