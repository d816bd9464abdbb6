import functools

import numpy as np
import pytest

from recommender.algorithms.base import Algorithm, FitOptions
from recommender.algorithms.catalogue import build
from recommender.algorithms.neural.next_step import of_now
from recommender.algorithms.neural.teaching import Teacher
from recommender.datasets.interactions import Interactions
from tests import toy
from tests.recommender.algorithms.neural.tiny import TINY_SEQUENCE

CASES = {"sasrec": {"blocks": 1, "heads": 2}, "gru4rec": {}, "caser": {"window": 4, "filters": 4}}


def moved() -> Interactions:
    """Activity 0 is met 14 days ago by 3, activity 1 today by 1; activity 2 by nobody."""
    at = np.array([0, 0, 0, 14]) * toy.DAY_SECONDS
    data = Interactions.from_columns([1, 2, 3, 4], [0, 0, 0, 1], at)
    more = Interactions.from_columns([1, 2, 3, 4, 5], [0, 0, 0, 1, 2], [*at, 0])
    return more.where(np.arange(len(more)) < len(data), all_activities=True)


def test_what_is_of_now_by_hand() -> None:
    """Halves of three meetings and one whole, with ten meetings of all times among them, as shares of four."""
    lately = np.array([1.5 + 7.5, 1.0 + 2.5, 0.0]) / 12.5 * 4
    found = of_now(moved(), 14.0)
    assert found == pytest.approx(np.log((lately + 1) / np.array([4.0, 2.0, 1.0])), abs=1e-6)
    assert found[1] > 0 > found[0]
    assert found[2] == 0  # nothing is known of it, then or now


def test_without_a_half_life_or_a_clock_nothing_is_added() -> None:
    assert not of_now(moved(), None).any()
    at_once = Interactions.from_columns([1, 2, 3], [0, 0, 1], [5, 5, 5])
    assert of_now(at_once, 1.0) == pytest.approx([0.0, 0.0], abs=1e-6)


@functools.cache
def fitted_once(name: str, half_life: float | None) -> Algorithm:
    config = {**TINY_SEQUENCE, **CASES[name], "epochs": 1, "half_life_days": half_life}
    return build(name, config).fit(toy.chain(), FitOptions(seed=3))


@pytest.mark.parametrize("name", CASES)
def test_it_moves_every_answer_by_the_same(name: str) -> None:
    of_all_times, lately = fitted_once(name, None), fitted_once(name, 0.5)
    histories = [np.arange(k) for k in (1, 3, 5)]
    added = of_now(toy.chain(), 0.5)
    assert np.ptp(added) > 0.05
    assert lately.score(histories) - of_all_times.score(histories) == pytest.approx(np.tile(added, (3, 1)), abs=1e-3)


def test_a_student_learns_from_what_its_teacher_learnt() -> None:
    """And not from what was added for now: its own answers get that afterwards."""
    of_all_times, lately = fitted_once("gru4rec", None), fitted_once("gru4rec", 0.5)
    told = Teacher(lately, of_now(toy.chain(), 0.5))._bias
    assert told == pytest.approx(of_all_times.state()["activity_bias"], abs=1e-3)
