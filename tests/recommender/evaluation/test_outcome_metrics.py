"""Measures of risks against values worked out by hand, and against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.evaluation import outcome_metrics as metrics

RISK = np.array([0.9, 0.8, 0.7, 0.4, 0.4, 0.1])
CAME = np.array([True, False, True, True, False, False])


def test_by_hand():
    found = metrics.measures(RISK, CAME)
    assert found["roc_auc"] == pytest.approx((3 + 2 + 1.5) / 9)
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["f1"] == pytest.approx(2 / 3)
    assert found["brier"] == pytest.approx((0.01 + 0.64 + 0.09 + 0.36 + 0.16 + 0.01) / 6)
    assert found["lift_5"] == found["lift_10"] == found["lift_20"] == pytest.approx(2.0)
    assert metrics.confusion(RISK, CAME) == {"n_found": 2, "n_missed": 1, "n_false_alarms": 1, "n_quiet": 2}


def test_calibration_by_hand():
    risk, came = np.array([0.1, 0.1, 0.85, 0.85]), np.array([False, False, True, False])
    assert metrics.calibration_error(risk, came) == pytest.approx((2 * 0.1 + 2 * 0.35) / 4)
    assert metrics.calibration_curve(risk, came) == [(pytest.approx(0.1), 0.0, 2), (pytest.approx(0.85), 0.5, 2)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=2, max_size=40))
def test_as_scikit_learn_says(pairs):
    from sklearn.metrics import average_precision_score, roc_auc_score

    risk, came = np.array([p / 10 for p, _y in pairs]), np.array([y for _p, y in pairs])
    if not came.any() or came.all():
        assert np.isnan(metrics.roc_auc(risk, came))
        return
    assert metrics.roc_auc(risk, came) == pytest.approx(roc_auc_score(came, risk))
    assert metrics.pr_auc(risk, came) == pytest.approx(average_precision_score(came, risk))
    twice = np.concatenate([risk, risk[came]]), np.concatenate([came, came[came]])
    assert metrics.pr_auc(risk, came, 1.0 + came) == pytest.approx(metrics.pr_auc(*twice))
    assert metrics.roc_curve(risk, came)[-1] == (1.0, 1.0)
    assert metrics.pr_curve(risk, came)[-1][0] == 1.0


def test_grades_by_hand():
    found = metrics.grade_measures(np.array([0.5, 0.7, np.nan]), np.array([0.6, 0.8, 0.1]))
    assert found["grade_mse"] == pytest.approx(0.01)
    assert found["grade_mae"] == pytest.approx(0.1)
    assert found["grade_r2"] == pytest.approx(0.0)
    assert metrics.grade_measures(np.array([np.nan]), np.array([0.5])) == {}
    alike = metrics.grade_measures(np.array([0.1, 0.3, 0.1]), np.array([0.1] * 3))  # whose mean is not quite 0.1
    assert np.isnan(alike["grade_r2"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10), st.booleans(), st.integers(0, 3)), min_size=2, max_size=30))
def test_a_weight_is_so_many_examples(rows):
    """Weight 3 says what three copies say, for every measure; ties at the edge of the top are taken whole or cut."""
    risk, came = np.array([p / 10 for p, _y, _w in rows]), np.array([y for _p, y, _w in rows])
    weight = np.array([float(w) for _p, _y, w in rows])
    if not weight.sum():
        return
    copies = np.repeat(np.arange(len(rows)), weight.astype(int))
    weighted, copied = metrics.measures(risk, came, weight), metrics.measures(risk[copies], came[copies])
    for name in metrics.MEASURES:
        assert weighted[name] == pytest.approx(copied[name], nan_ok=True), name
    if (weight > 0).sum() > 1:  # of one mark nothing is told, though it may count twice
        grades = metrics.grade_measures(risk, risk[::-1], weight)
        assert grades == pytest.approx(metrics.grade_measures(risk[copies], risk[::-1][copies]), nan_ok=True)


def test_the_lift_of_weighted_examples_by_hand():
    weight = np.array([0.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    # Of five the highest is 0.8, who finished; of the two highest one did not, as two of all five.
    assert metrics.lift(RISK, CAME, 0.2, weight) == 0.0
    assert metrics.lift(RISK, CAME, 0.4, weight) == pytest.approx(0.5 / 0.4)
