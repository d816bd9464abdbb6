"""Who teaches and who is asked: later runs, or else other learners; and what a card says of groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recommender.datasets.studies import NOT_FINISHED, UNKNOWN, Runs
from recommender.errors import NotEnoughData
from recommender.evaluation.outcome_protocol import (
    asked_about,
    auc_difference,
    audit,
    evaluate_outcomes,
    outcome_split,
    trained_on,
)
from recommender.outcomes.catalogue import build_predictor
from tests.recommender.outcomes.toy_studies import LENGTH_DAYS, RUN_STARTS, toy_studies

STUDIES = toy_studies()


def names(runs):
    return [f"run {run}" for run in runs]


def test_the_runs_that_began_last_are_asked_about():
    split = outcome_split(STUDIES)
    assert split.name == "later_runs"
    np.testing.assert_array_equal(split.test, STUDIES.run == 3)
    np.testing.assert_array_equal(split.train, STUDIES.run < 3)
    assert (split.studies.outcome[split.test] == UNKNOWN).all()


def test_who_had_not_ended_when_the_tested_began_teaches_nothing():
    overlapping = replace(STUDIES, end_day=np.where(STUDIES.run == 2, 250.0, STUDIES.end_day))
    assert not outcome_split(overlapping).train[STUDIES.run == 2].any()
    assert RUN_STARTS[3] - RUN_STARTS[2] < 250 > LENGTH_DAYS


def test_who_gave_up_a_run_that_still_went_on_teaches_nothing():
    """Learning from them alone would teach that everybody gives up."""
    went_on = STUDIES.run == 2
    gave_up = went_on & (STUDIES.outcome == NOT_FINISHED)
    half_over = replace(STUDIES, end_day=np.where(gave_up, 50.0, np.where(went_on, 250.0, STUDIES.end_day)))
    split = outcome_split(half_over)
    assert gave_up.any()
    assert not split.train[went_on].any()
    np.testing.assert_array_equal(split.train, STUDIES.run < 2)


def test_without_later_runs_learners_are_held_out():
    own_clocks = replace(
        STUDIES, runs=Runs(*(getattr(STUDIES.runs, n) * 0 for n in ("subject", "course_id", "season")))
    )
    split = outcome_split(own_clocks)
    assert split.name == "other_learners"
    assert not (split.train & split.test).any()
    assert 0.15 < split.test.mean() < 0.45


def test_too_little_is_said():
    with pytest.raises(NotEnoughData, match="enrolments have ended with an outcome"):
        outcome_split(toy_studies(n_a_run=4))


def test_the_hash_follows_what_came():
    split = outcome_split(STUDIES)
    turned = replace(STUDIES, outcome=np.where(STUDIES.run == 3, 1 - STUDIES.outcome, STUDIES.outcome))
    assert outcome_split(turned).protocol_hash != split.protocol_hash
    assert outcome_split(toy_studies()).protocol_hash == split.protocol_hash


def test_a_whole_evaluation():
    split = outcome_split(STUDIES)
    predictor = build_predictor("logistic").fit(trained_on(split, with_weeks=False))
    examples = asked_about(split, with_weeks=False)
    groups = {"shoe": np.where(np.arange(len(STUDIES)) % 4 < 2, "large", "small")}
    found = evaluate_outcomes(predictor, split, examples, course_names=names, groups=groups)
    assert found.metrics["roc_auc"] > 0.8
    assert found.metrics["days_of_warning"] > 50
    assert {"roc_auc_day_7", "roc_auc_day_90", "grade_r2", "group_error_gap"} <= set(found.metrics)
    assert [row["course"] for row in found.details["courses"]] == ["run 3"]
    assert set(found.details["days"]) == {"7", "30", "60", "90"}
    low, high = found.details["intervals"]["roc_auc"]
    assert low < found.metrics["roc_auc"] < high
    assert {"lift_10", "recall", "grade_r2", "days_of_warning"} <= set(found.details["intervals"])
    for part in (*found.details["days"].values(), *found.details["courses"]):
        low, high = part["intervals"]["roc_auc"]
        assert low <= part["roc_auc"] <= high
    assert auc_difference(found, found) == (0.0, 0.0)


def test_gaps_between_groups_by_hand():
    n = 200
    group = np.where(np.arange(2 * n) < n, "a", "b")
    is_risk = np.tile([True, False], n)
    risk = np.where(is_risk, 0.9, 0.1)
    risk[(group == "b") & is_risk] = 0.4
    found = audit(risk, is_risk, np.arange(2 * n), {"kind": group, "unknown": np.full(2 * n, "")})
    assert found["gaps"]["group_error_gap"] == pytest.approx(1.0)
    assert found["gaps"]["group_calibration_gap"] == pytest.approx(0.25)
    assert [(row["group"], row["missed_share"]) for row in found["groups"]] == [("a", 0.0), ("b", 1.0)]


def test_small_groups_are_left_out():
    assert audit(np.array([0.9]), np.array([True]), np.array([0]), {"kind": np.array(["a"])})["gaps"] == {}
