"""What a network makes of how long ago everything came, where what follows changed with the calendar."""

import numpy as np
import pytest

from recommender.algorithms.base import Algorithm
from recommender.algorithms.catalogue import build
from recommender.algorithms.neural.sasrec import SASRec, SASRecConfig
from recommender.algorithms.sequence_scorer import N_GAPS, age_kinds
from recommender.algorithms.vector_scorer import rounded
from recommender.datasets.interactions import Interactions
from recommender.errors import InvalidConfig
from tests.recommender.algorithms.neural.tiny import TINY_SEQUENCE

CONFIG = {**TINY_SEQUENCE, "blocks": 1, "heads": 2, "time_ages": True, "half_life_days": None}
DAY = 86_400
BEFORE, NOW = 0, 256  # days
HISTORIES = [np.array([start, start + 1]) for start in range(8)]


def changed(n_learners: int = 240, n_activities: int = 12) -> Interactions:
    """Learners of the first day go one step round a circle, those of the last two steps after the second event.

    So what follows a history depends on nothing but when it is asked for.
    """
    draw = np.random.default_rng(0)
    start, is_late = draw.integers(0, n_activities, n_learners), np.arange(n_learners) % 2
    steps = np.stack([np.zeros(n_learners, int), np.ones(n_learners, int), np.where(is_late, 4, 2)], axis=1)
    activities = (start[:, None] + steps) % n_activities
    at = is_late[:, None] * (NOW - 1) * DAY + np.arange(3) * DAY // 4
    return Interactions.from_columns(np.repeat(np.arange(n_learners), 3), activities.ravel(), at.ravel())


@pytest.fixture(scope="module")
def fitted() -> Algorithm:
    return build("sasrec", CONFIG).fit(changed())


def test_kinds_by_hand() -> None:
    at = np.array([0, 1, 7, 9]) * DAY
    found = age_kinds(at, np.array([3, 0, 1]), 8 * DAY)
    # 7 days before, 1 day before, now, with few events left; and now of one that lies behind it.
    assert found.tolist() == [13, 5, 1, 1]


def test_kinds_tell_how_many_events_are_left() -> None:
    """Of one day: 99 to 64, to 16, to 4, fewer; the last one is asked as the one before it was learnt."""
    found = age_kinds(np.zeros(100, np.int64), np.array([100]), 0)
    assert np.unique(found, return_counts=True)[1].tolist() == [4, 12, 48, 36]
    assert (np.diff(found) <= 0).all()
    assert (found[-1], found[0]) == (1, 4)
    long_ago = age_kinds(np.zeros(100, np.int64), np.array([100]), 9999 * DAY)
    assert (long_ago[0], long_ago[-1]) == (N_GAPS - 1, 1)


def test_tells_what_follows_now(fitted: Algorithm) -> None:
    """Half of what was learnt says otherwise, of long ago."""
    end = int(fitted.state()["asked_at"][0])
    lately = [np.array([end - DAY // 2, end - DAY // 4])] * len(HISTORIES)
    best = fitted.score(HISTORIES, lately).argmax(axis=1)
    assert (best == [(events[0] + 4) % 12 for events in HISTORIES]).mean() >= 0.75
    assert fitted.score(HISTORIES).shape == (8, 12)  # without times too


def test_a_stored_one_answers_alike_and_in_int8(fitted: Algorithm) -> None:
    end = int(fitted.state()["asked_at"][0])
    at = [np.array([end - DAY // 2, end + DAY])] * len(HISTORIES)
    again = SASRec.from_state(CONFIG, fitted.state())
    assert np.array_equal(again.score(HISTORIES, at), fitted.score(HISTORIES, at))
    small = SASRec.from_state({**CONFIG, "precision": "int8"}, rounded(fitted.state()))
    assert small.score(HISTORIES, at) == pytest.approx(fitted.score(HISTORIES, at), rel=0.1, abs=0.3)


def test_not_beside_the_gaps() -> None:
    with pytest.raises(InvalidConfig, match="time_ages must be false where time_gaps is true"):
        SASRecConfig.from_dict({"time_gaps": True, "time_ages": True})


def test_a_teacher_looks_at_the_same_of_the_times() -> None:
    """It is read with what was made of them for the student."""
    with pytest.raises(InvalidConfig, match="teacher must be no other in time_gaps and time_ages"):
        SASRecConfig.from_dict({"time_ages": True, "teacher": "time_ages=false:time_gaps=true"})
