"""Intervals of measures of outcomes: they hold what they should, and widen where there is little."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.evaluation import outcome_metrics as metrics
from recommender.evaluation.outcome_intervals import (
    auc_difference_interval,
    grade_intervals,
    median_interval,
    risk_intervals,
)


def drawn(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    risk = generator.random(n)
    return risk, generator.random(n) < risk


def test_every_measure_has_one_and_lies_in_it():
    risk, came = drawn(2_000)
    found, told = risk_intervals(risk, came, np.arange(2_000), 0), metrics.measures(risk, came)
    assert set(found) == set(told)
    for name in set(told) - {"calibration_error"}:  # the bootstrap adds noise to what is near 0
        low, high = found[name]
        assert low < told[name] < high, name


def test_the_width_of_a_share_is_that_of_the_textbook():
    risk, came = drawn(4_000)
    low, high = risk_intervals(risk, came, np.arange(4_000), 0, ("accuracy",))["accuracy"]
    share = metrics.accuracy(risk, came)
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(share * (1 - share) / 4_000), rel=0.2)


def test_learners_are_drawn_with_all_their_examples():
    """Four copies of each learner say no more than one."""
    risk, came = drawn(300)
    once = risk_intervals(risk, came, np.arange(300), 0, ("roc_auc",))["roc_auc"]
    four = risk_intervals(np.tile(risk, 4), np.tile(came, 4), np.tile(np.arange(300), 4), 0, ("roc_auc",))["roc_auc"]
    assert four == pytest.approx(once, abs=1e-9)


def test_of_grades_and_of_medians():
    generator = np.random.default_rng(1)
    grade = generator.random(500)
    expected = grade + generator.normal(0, 0.1, 500)
    found, told = grade_intervals(expected, grade, np.arange(500), 0), metrics.grade_measures(expected, grade)
    assert set(found) == {"grade_mse", "grade_mae", "grade_r2"}
    assert all(low < told[name] < high for name, (low, high) in found.items())
    assert grade_intervals(np.full(5, np.nan), np.full(5, 0.5), np.arange(5), 0) == {}
    low, high = median_interval(np.arange(101.0), np.arange(101), 0) or (0, 0)
    assert 20 < low < 50 < high < 80
    assert median_interval(np.zeros(0), np.zeros(0, np.int64), 0) is None


def test_one_is_not_better_than_itself():
    risk, came = drawn(200)
    assert auc_difference_interval(risk, risk, came, np.arange(200), 0) == (0.0, 0.0)
    low, _high = auc_difference_interval(risk, 1 - risk, came, np.arange(200), 0)
    assert low > 0
