"""A predictor's run from history to use, beside the line and the version in use, fair to groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from analytics.errors import InvalidInput
from analytics.models import Enrolment, Outcome
from recommender.day_history import n_events_stored
from recommender.errors import IncompatibleArtifact
from recommender.evaluation.outcome_protocol import OutcomeEvaluation
from recommender.models import Run, TargetKind, Version
from recommender.outcomes.base import Predictor
from recommender.registry import versions
from recommender.registry.versions import live, open_artifact
from recommender.training.judge_outcomes import InUse, judge_outcomes
from recommender.training.start import start_run, start_search
from tests.recommender.college import N_A_RUN, College

Trained = Callable[..., Run]


def test_the_row_tells_everything(college: College, trained: Trained) -> None:
    run = trained(college.organisation, "logistic")
    assert run.state == "succeeded", run.error
    assert run.data["n_events_stored"] == n_events_stored(college.organisation)  # a rule counts what came since
    assert run.kind == TargetKind.OUTCOME
    assert run.protocol == "later_runs"
    assert len(run.protocol_hash) == 64
    assert run.metrics["roc_auc"] > 0.75
    assert {"f1", "brier", "calibration_error", "lift_10", "days_of_warning", "grade_mae"} <= set(run.metrics)
    assert run.data["n_enrolments"] == 2 * N_A_RUN
    assert [row["course"] for row in run.data["outcomes"]["courses"]] == ["Algebra 2023"]
    assert run.verdict.startswith("Put into use: ROC-AUC is ")
    version = live(college.organisation, TargetKind.OUTCOME)
    assert version == run.version
    assert open_artifact(version).manifest["algorithm"] == "logistic"
    assert live(college.organisation, TargetKind.ANY) is None


def test_trees_are_measured_beside_the_line_and_the_version_in_use(college: College, trained: Trained) -> None:
    line = trained(college.organisation, "logistic")
    trees = trained(college.organisation, "boosting", config={"epochs": 5})
    assert trees.state == "succeeded", trees.error
    assert trees.protocol_hash == line.protocol_hash
    assert trees.baseline_metrics["roc_auc"] == line.metrics["roc_auc"]
    assert trees.data["in_use"]["metrics"]["roc_auc"] == line.metrics["roc_auc"]
    assert "the logistic line has" in trees.verdict


def test_what_cannot_answer_any_more_is_no_yardstick(
    college: College, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an update that calculates other features: whatever it was worth, it tells nobody anything now."""
    line = trained(college.organisation, "logistic")
    line.version.metrics |= {"roc_auc": 0.999}
    line.version.save()
    again = trained(college.organisation, "logistic")
    assert again.verdict.startswith("Not put into use.")
    load = versions.loaded_predictor

    def of_another_release(version: Version) -> Predictor:
        if version == line.version:
            raise IncompatibleArtifact("Train a new version.")
        return load(version)

    monkeypatch.setattr(versions, "loaded_predictor", of_another_release)
    after = trained(college.organisation, "logistic")
    assert after.state == "succeeded", after.error
    assert live(college.organisation, TargetKind.OUTCOME) == after.version
    assert "in use was not compared: it cannot answer any more: Train a new version." in after.verdict


def test_nothing_has_ended(college: College, trained: Trained) -> None:
    Enrolment.objects.update(outcome=Outcome.ACTIVE, ended_at=None)
    run = trained(college.organisation, "logistic")
    assert run.state == "failed"
    assert "No enrolment has ended with an outcome yet" in run.error


def test_what_cannot_be_asked(college: College) -> None:
    with pytest.raises(InvalidInput, match="across all courses"):
        start_run(college.organisation, "logistic", course=college.courses[0])
    with pytest.raises(InvalidInput, match="no algorithm called"):
        start_search(college.organisation, "logistic", budget_seconds=10)
    with pytest.raises(InvalidInput, match="regularization"):
        start_run(college.organisation, "logistic", config={"regularization": -1})
    with pytest.raises(InvalidInput, match="ease recommends and predicts no outcomes"):
        start_run(college.organisation, "ease", kind=TargetKind.OUTCOME)


def evaluation(**metrics: float) -> OutcomeEvaluation:
    import numpy as np

    risk = np.array([0.9, 0.1, 0.8, 0.2])
    return OutcomeEvaluation(metrics, {}, risk, risk > 0.5, np.arange(4), 4, "hash")


@pytest.mark.parametrize(
    ("candidate", "in_use", "begin"),
    [
        ({"roc_auc": 0.8}, None, "Put into use: ROC-AUC is 0.8000"),
        ({"roc_auc": 0.6}, None, "Not put into use. ROC-AUC is 0.6000, that of the logistic line 0.7000."),
        ({"roc_auc": 0.8}, {"roc_auc": 0.85}, "Not put into use. v1 logistic in use has 0.8500"),
        (
            {"roc_auc": 0.9, "group_error_gap": 0.3},
            None,
            "Not put into use. The largest gap between groups in error rates goes from 0.100 to 0.300.",
        ),
        ({"roc_auc": 0.9, "group_error_gap": 0.11}, None, "Put into use"),
        (
            {"roc_auc": 0.9, "group_error_gap": 0.2, "group_calibration_gap": 0.4},
            {"roc_auc": 0.85, "group_error_gap": 0.2, "group_calibration_gap": 0.1},
            "Not put into use. The largest gap between groups in calibration goes from 0.100 to 0.400.",
        ),
    ],
)
def test_the_gate(college: College, candidate: dict[str, float], in_use: Any, begin: str) -> None:
    run = Run(organisation=college.organisation, algorithm="boosting", kind=TargetKind.OUTCOME)
    baseline = evaluation(roc_auc=0.7, group_error_gap=0.1)
    beside = None
    if in_use:
        from recommender.models import Version

        version = Version(number=1, algorithm="logistic")
        beside = InUse(version, in_use, replace(evaluation(), metrics=in_use))
    verdict = judge_outcomes(run, evaluation(**candidate), baseline, beside)
    assert verdict.sentence.startswith(begin)
    assert verdict.promotes == verdict.passes == begin.startswith("Put")
