"""One way to measure every predictor: later runs of courses, from days along the way, by those who still run then.

The test is made of the runs that began last; training sees runs that had ended when the first of those began, so nobody
learns from the future, nor from those alone who gave up a run early. Where there are no later runs (self-paced courses,
the first term), learners are held out instead, and the protocol's name says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.datasets.studies import NOT_FINISHED, Flags, Floats, Ints, Studies
from recommender.errors import NotEnoughData
from recommender.evaluation import outcome_metrics as metrics
from recommender.evaluation.outcome_intervals import (
    auc_difference_interval,
    grade_intervals,
    median_interval,
    risk_intervals,
)
from recommender.outcomes.base import Predictor, held_out_learners
from recommender.outcomes.examples import Examples, examples_on, training_examples

LATER_RUNS, OTHER_LEARNERS = "later_runs", "other_learners"
TEST_DAYS = (7, 30, 60, 90, 120)
TESTED_SHARE = 0.2
MIN_TRAINED = 40
MIN_TESTED = 20
SHOWN_OF_PART = ("roc_auc", "pr_auc", "f1", "brier", "calibration_error")
"""Measures that get intervals for each day and each course, too."""


@dataclass(frozen=True)
class OutcomeSplit:
    """Which enrolments teach and which are asked about; (n,) each."""

    studies: Studies  # with the outcomes of the tested forgotten
    truth: Studies
    train: Flags
    test: Flags
    name: str

    @property
    def protocol_hash(self) -> str:
        """SHA-256 of who is asked about, what came, and the definition of the measures."""
        asked = np.column_stack([self.truth.enrolment_ids[self.test], self.truth.outcome[self.test]])
        told = json.dumps([self.name, TEST_DAYS, metrics.DEFINITION]).encode()
        return hashlib.sha256(np.ascontiguousarray(asked, np.int64).tobytes() + told).hexdigest()


@dataclass(frozen=True)
class OutcomeEvaluation:
    """Figures of one predictor; comparable where `protocol_hash` is equal."""

    metrics: dict[str, float]  # roc_auc ... grade_r2, pooled over the days; roc_auc_day_30 ...
    details: dict[str, Any]  # JSON: per day, per course, curves, groups, intervals
    risk: Floats  # (k,) in the order of the examples
    is_risk: Flags  # (k,)
    learner: Ints  # (k,)
    n_learners: int
    protocol_hash: str
    groups: dict[str, Any] = field(default_factory=dict)


def outcome_split(studies: Studies, seed: int = 0) -> OutcomeSplit:
    """Later runs where there are any, else other learners.

    Raises:
        NotEnoughData: too few enrolments have ended with an outcome.
    """
    for train, test, name in (_by_run(studies), _by_learner(studies, seed)):
        if train.sum() >= MIN_TRAINED and test.sum() >= MIN_TESTED:
            return OutcomeSplit(studies.forgetting(~train), studies, train, test, name)
    n_known = int(studies.settled.sum())
    raise NotEnoughData(
        f"{n_known} enrolments have ended with an outcome; about {MIN_TRAINED + 2 * MIN_TESTED} are needed to learn "
        "from some and to measure on others. Import courses that have ended, with the outcome of each enrolment."
    )


def asked_about(split: OutcomeSplit, *, with_weeks: bool) -> Examples:
    """Those asked about, on each of the days."""
    parts = [examples_on(split.studies, day, only=split.test, with_weeks=with_weeks) for day in TEST_DAYS]
    return Examples.stacked(part for part in parts if len(part))


def trained_on(split: OutcomeSplit, *, with_weeks: bool) -> Examples:
    return training_examples(split.studies, split.train, with_weeks=with_weeks)


def evaluate_outcomes(
    predictor: Predictor,
    split: OutcomeSplit,
    examples: Examples,
    *,
    course_names: Callable[[Ints], list[str]],
    groups: Mapping[str, NDArray[np.str_]] | None = None,
    seed: int = 0,
) -> OutcomeEvaluation:
    """Ask about everybody and compare with what came.

    Args:
        predictor: fitted on `trained_on(split)`.
        split: the questions and the answers.
        examples: of `asked_about`.
        course_names: the names of runs (indices) in people's words.
        groups: attribute -> (n,) each enrolment's group, for the audit; "" where unknown. Never a feature.
        seed: of the resampling.
    """
    found = predictor.predict(examples, with_effects=False)
    is_risk = split.truth.outcome[examples.owner] == NOT_FINISHED
    grade = split.truth.grade_share[examples.owner]
    pooled = metrics.measures(found.risk_share, is_risk) | metrics.grade_measures(found.grade_share, grade)
    warned, warning_days = _days_of_warning(found.risk_share, examples, split)
    pooled["days_of_warning"] = float(np.median(warning_days)) if len(warning_days) else float("nan")
    sure = (
        risk_intervals(found.risk_share, is_risk, examples.learner, seed)
        | grade_intervals(found.grade_share, grade, examples.learner, seed)
        | {"days_of_warning": median_interval(warning_days, split.truth.learner[warned], seed)}
    )
    by_day = {}
    for day in np.unique(examples.day):
        of_day = examples.day == day
        by_day[str(day)] = _figures(found.risk_share[of_day], is_risk[of_day], examples.learner[of_day], seed)
        pooled[f"roc_auc_day_{day}"] = by_day[str(day)]["roc_auc"]
    audited = audit(found.risk_share, is_risk, examples.owner, groups or {})
    pooled |= audited["gaps"]
    details = {
        "days": by_day,
        "courses": _by_course(found.risk_share, is_risk, examples, split, course_names, seed),
        "confusion": metrics.confusion(found.risk_share, is_risk),
        "intervals": {name: bounds for name, bounds in sure.items() if bounds},
        "groups": audited["groups"],
        "roc": metrics.roc_curve(found.risk_share, is_risk),
        "pr": metrics.pr_curve(found.risk_share, is_risk),
        "calibration": metrics.calibration_curve(found.risk_share, is_risk),
        "base_share": float(is_risk.mean()),
    }
    return OutcomeEvaluation(
        metrics={name: value for name, value in pooled.items() if np.isfinite(value)},
        details=_finite(details),
        risk=found.risk_share,
        is_risk=is_risk,
        learner=examples.learner,
        n_learners=len(np.unique(examples.learner)),
        protocol_hash=split.protocol_hash,
    )


def auc_difference(candidate: OutcomeEvaluation, incumbent: OutcomeEvaluation, seed: int = 0) -> tuple[float, float]:
    """95 % interval of candidate minus incumbent in ROC-AUC, on the same resampled learners."""
    return auc_difference_interval(candidate.risk, incumbent.risk, candidate.is_risk, candidate.learner, seed)


MIN_GROUP = 50
"""Examples of each outcome; rates of smaller groups say more about chance."""


def audit(risk: Floats, is_risk: Flags, owner: Ints, groups: Mapping[str, NDArray[np.str_]]) -> dict[str, Any]:
    """Error rates and calibration of each group, and the largest gaps between two groups of one attribute.

    Equalised odds (Hardt, Price & Srebro, NeurIPS 2016) and calibration within groups (Kleinberg et al., ITCS 2017)
    cannot both be perfect: the card shows both, and the gate refuses to worsen either.
    """
    rows, error_gap, calibration_gap = [], 0.0, 0.0
    for attribute, of_enrolment in groups.items():
        each = []
        for group in np.unique(of_enrolment[owner]):
            which = of_enrolment[owner] == group
            if not group or min(is_risk[which].sum(), (~is_risk[which]).sum()) < MIN_GROUP:
                continue
            cells = metrics.confusion(risk[which], is_risk[which])
            false_alarms = cells["n_false_alarms"] / (cells["n_false_alarms"] + cells["n_quiet"])
            missed = cells["n_missed"] / (cells["n_missed"] + cells["n_found"])
            told, came = float(risk[which].mean()), float(is_risk[which].mean())
            each.append((false_alarms, missed, told - came))
            rows.append(
                {
                    "attribute": attribute, "group": str(group), "n": int(which.sum()), "told": told, "came": came,
                    "false_alarm_share": false_alarms, "missed_share": missed,
                }
            )  # fmt: skip
        if len(each) > 1:
            spread = np.ptp(np.array(each), axis=0)
            error_gap = max(error_gap, float(spread[:2].max()))
            calibration_gap = max(calibration_gap, float(spread[2]))
    gaps = {"group_error_gap": error_gap, "group_calibration_gap": calibration_gap} if rows else {}
    return {"groups": rows, "gaps": gaps}


def _by_run(studies: Studies) -> tuple[Flags, Flags, str]:
    """The runs that began last, together at least a share of all with an outcome."""
    nobody = np.zeros(len(studies), bool)
    known = studies.settled & (studies.runs.season[studies.run] > 0)
    if not known.any():
        return nobody, nobody, LATER_RUNS
    begins, counts = np.unique(studies.first_on[known], return_counts=True)
    later = np.cumsum(counts[::-1])[::-1]
    since = begins[later >= TESTED_SHARE * counts.sum()][-1]
    then = replace(studies.forgetting(studies.ended_on > since), today_on=int(since))
    return then.settled, known & (studies.first_on >= since), LATER_RUNS


def _by_learner(studies: Studies, seed: int) -> tuple[Flags, Flags, str]:
    tested = held_out_learners(studies.learner, TESTED_SHARE * 1.5, seed + 1)
    return studies.settled & ~tested, studies.settled & tested, OTHER_LEARNERS


def _figures(risk: Floats, is_risk: Flags, learner: Ints, seed: int) -> dict[str, Any]:
    found = metrics.measures(risk, is_risk) | {"n": len(risk), "base_share": float(is_risk.mean())}
    return found | {"intervals": risk_intervals(risk, is_risk, learner, seed, SHOWN_OF_PART)}


def _by_course(
    risk: Floats,
    is_risk: Flags,
    examples: Examples,
    split: OutcomeSplit,
    course_names: Callable[[Ints], list[str]],
    seed: int,
) -> list[dict[str, Any]]:
    run = split.truth.run[examples.owner]
    runs = np.unique(run)
    return [
        {"course": name} | _figures(risk[run == each], is_risk[run == each], examples.learner[run == each], seed)
        for each, name in zip(runs, course_names(runs), strict=True)
    ]


def _days_of_warning(risk: Floats, examples: Examples, split: OutcomeSplit) -> tuple[Ints, Floats]:
    """Enrolments that did not finish and were found, and the days between their first alarm and their end."""
    right = (risk >= metrics.AT_RISK_SHARE) & (split.truth.outcome[examples.owner] == NOT_FINISHED)
    first = np.full(len(split.truth), np.inf)
    np.minimum.at(first, examples.owner[right], examples.day[right])
    warned = np.flatnonzero(np.isfinite(first) & np.isfinite(split.truth.end_day))
    return warned, split.truth.end_day[warned] - first[warned]


def _finite(value: Any) -> Any:
    """JSON knows no NaN."""
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
