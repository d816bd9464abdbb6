"""How sure the measures of outcomes are: 95 % intervals, resampling learners with all their examples.

Poisson bootstrap (Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13, with counts that are drawn
independently): every learner counts 0, 1, 2, ... times. Cost: N_RESAMPLES times sorting the examples.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation import outcome_metrics as metrics

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]
Intervals = dict[str, tuple[float, float]]

N_RESAMPLES = 200


def risk_intervals(risk: Floats, is_risk: Flags, learner: Ints, seed: int, names: tuple[str, ...] = ()) -> Intervals:
    """Of the measures named, which are keys of `outcome_metrics.MEASURES`; of all, and of the lifts, without names."""
    order = np.argsort(-risk, kind="stable")  # sorted once, every resample sorts in no time
    risk, is_risk = risk[order], is_risk[order]

    def measured(weight: Floats) -> dict[str, float]:
        if not names:
            return metrics.measures(risk, is_risk, weight)
        return {name: metrics.MEASURES[name](risk, is_risk, weight) for name in names}

    return _of(measured, learner[order], seed)


def grade_intervals(expected: Floats, grade: Floats, learner: Ints, seed: int) -> Intervals:
    """Of `outcome_metrics.grade_measures`; nothing where no grade is known."""
    return _of(lambda weight: metrics.grade_measures(expected, grade, weight), learner, seed)


def median_interval(values: Floats, learner: Ints, seed: int) -> tuple[float, float] | None:
    """Of the median of what each of some learners has; None without any."""
    if not len(values):
        return None
    found = _of(lambda weight: {"median": _median(values, weight)}, learner, seed)
    return found.get("median")


def auc_difference_interval(
    risk: Floats, other: Floats, is_risk: Flags, learner: Ints, seed: int
) -> tuple[float, float]:
    """Of the ROC-AUC of `risk` minus that of `other`, told of the same examples."""

    def difference(weight: Floats) -> dict[str, float]:
        return {"roc_auc": metrics.roc_auc(risk, is_risk, weight) - metrics.roc_auc(other, is_risk, weight)}

    return _of(difference, learner, seed)["roc_auc"]


def _of(measured: Callable[[Floats], dict[str, float]], learner: Ints, seed: int) -> Intervals:
    """Measures that no resample could tell are left out."""
    drawn: dict[str, list[float]] = {}
    _learners, place = np.unique(learner, return_inverse=True)
    generator = np.random.default_rng(seed)
    for _ in range(N_RESAMPLES):
        weight = generator.poisson(1.0, int(place.max(initial=-1)) + 1).astype(np.float64)[place]
        for name, value in measured(weight).items():
            if np.isfinite(value):
                drawn.setdefault(name, []).append(value)
    bounds = {name: np.quantile(values, [0.025, 0.975]) for name, values in drawn.items()}
    return {name: (float(low), float(high)) for name, (low, high) in bounds.items()}


def _median(values: Floats, weight: Floats) -> float:
    repeated = np.repeat(values, weight.astype(np.int64))
    return float(np.median(repeated)) if len(repeated) else float("nan")
