import numpy as np
import pytest

from recommender.errors import InvalidData
from recommender.evaluation.bootstrap import compare, interval


def test_the_interval_is_the_one_of_theory() -> None:
    values = np.random.default_rng(0).normal(3, 2, 1000)
    found = interval(values)
    half_width = 1.96 * values.std() / np.sqrt(len(values))
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half_width, abs=0.03)
    assert found.high == pytest.approx(values.mean() + half_width, abs=0.03)


def test_few_distinct_values_are_resampled_as_learners() -> None:
    values = np.repeat([0.0, 1.0], [60, 40])
    drawn = np.random.default_rng(1).choice(values, (4000, 100)).mean(axis=1)
    found = interval(values)
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.02)


def test_a_seed_repeats() -> None:
    values = np.random.default_rng(0).random(50)
    assert interval(values, seed=7) == interval(values, seed=7) != interval(values, seed=8)


def test_better_worse_and_neither() -> None:
    generator = np.random.default_rng(2)
    base = generator.random(400)
    better = compare(base + 0.05 + generator.normal(0, 0.1, 400), base)
    assert better.is_better
    assert not better.is_worse
    assert better.p_value < 0.01
    assert compare(base, base + 0.05).is_worse
    same = compare(base + generator.normal(0, 0.1, 400), base)
    assert not (same.is_better)
    assert not (same.is_worse)
    assert same.p_value > 0.05
    assert compare(base, base).p_value == 1


def test_refuses_unequal_or_no_learners() -> None:
    with pytest.raises(InvalidData, match="same learners"):
        compare(np.ones(3), np.ones(4))
    with pytest.raises(InvalidData, match="no learners"):
        interval(np.ones(0))
