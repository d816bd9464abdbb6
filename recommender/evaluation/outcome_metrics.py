"""Measures of risks and grades as pure functions.

`risk` (shape (k,)) are probabilities of not finishing, `is_risk` (shape (k,)) what came, `weight` (shape (k,)) how
often each example counts (a bootstrap draws it; 1 where None). A measure that cannot be told of such data is NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

AT_RISK_SHARE = 0.5
"""From here on an enrolment counts as predicted not to be finished."""
N_BINS = 10
TOP_SHARES = (0.05, 0.10, 0.20)

DEFINITION = (
    "2026-11: at risk from 0.5; roc_auc with ties half; pr_auc as average precision; calibration_error over 10 bins of "
    "equal width, weighted; lift_k=share of risks in the top k/share of all; pooled over days"
)


def roc_auc(risk: Floats, is_risk: Flags, weight: Floats | None = None) -> float:
    """Chance that one who does not finish has the higher risk than one who does; ties count half.

    Hanley & McNeil, Radiology 143, 1982.
    """
    order, hits, misses = _steps(risk, is_risk, weight)
    total_hits, total_misses = hits.sum(), misses.sum()
    if not (total_hits and total_misses):
        return float("nan")
    below = np.cumsum(misses) - misses
    return float((hits * (below + misses / 2)).sum() / (total_hits * total_misses))


def pr_auc(risk: Floats, is_risk: Flags, weight: Floats | None = None) -> float:
    """Average precision: the mean precision at each one who does not finish, highest risks first."""
    _order, hits, misses = _steps(-risk, is_risk, weight)
    if not hits.sum():
        return float("nan")
    found, all_ = np.cumsum(hits), np.cumsum(hits + misses)
    return float((hits * found / np.maximum(all_, 1e-12)).sum() / hits.sum())


def brier(risk: Floats, is_risk: Flags, weight: Floats | None = None) -> float:
    """Mean squared error of the probability (Brier, Monthly Weather Review 78, 1950); 0 is perfect."""
    return _mean((risk - is_risk) ** 2, weight)


def calibration_error(risk: Floats, is_risk: Flags, weight: Floats | None = None) -> float:
    """How far the shares told are from the shares that came, over ten bins (Naeini et al., AAAI 2015)."""
    size, told, came = _bins(risk, is_risk, weight)
    return float(np.abs(told - came).sum() / max(size.sum(), 1e-12))


def confusion(risk: Floats, is_risk: Flags, weight: Floats | None = None) -> dict[str, float]:
    """Counts: risks found and missed, alarms that were false, quiet that was right."""
    flagged, ones = risk >= AT_RISK_SHARE, np.ones(len(risk)) if weight is None else weight
    return {
        "n_found": float(ones[flagged & is_risk].sum()),
        "n_missed": float(ones[~flagged & is_risk].sum()),
        "n_false_alarms": float(ones[flagged & ~is_risk].sum()),
        "n_quiet": float(ones[~flagged & ~is_risk].sum()),
    }


def accuracy(risk: Floats, is_risk: Flags, weight: Floats | None = None) -> float:
    return _mean(((risk >= AT_RISK_SHARE) == is_risk).astype(np.float64), weight)


def precision(risk: Floats, is_risk: Flags, weight: Floats | None = None) -> float:
    """Of those flagged, who did not finish."""
    cells = confusion(risk, is_risk, weight)
    return _share(cells["n_found"], cells["n_found"] + cells["n_false_alarms"])


def recall(risk: Floats, is_risk: Flags, weight: Floats | None = None) -> float:
    """Of those who did not finish, who was flagged."""
    cells = confusion(risk, is_risk, weight)
    return _share(cells["n_found"], cells["n_found"] + cells["n_missed"])


def f1(risk: Floats, is_risk: Flags, weight: Floats | None = None) -> float:
    """Harmonic mean of precision and recall."""
    cells = confusion(risk, is_risk, weight)
    return _share(2 * cells["n_found"], 2 * cells["n_found"] + cells["n_false_alarms"] + cells["n_missed"])


def lift(risk: Floats, is_risk: Flags, top_share: float, weight: Floats | None = None) -> float:
    """How many times more of those at the top do not finish than of all."""
    ones = np.ones(len(risk)) if weight is None else weight
    order = np.argsort(-risk, kind="stable")
    order = order[ones[order] > 0]
    begins = np.cumsum(ones[order]) - ones[order]
    top = order[begins < max(1.0, round(top_share * ones.sum()))]
    return _share(_mean(is_risk[top], ones[top]), _mean(is_risk, ones))


MEASURES: dict[str, Callable[[Floats, Flags, Floats | None], float]] = {
    "roc_auc": roc_auc,
    "pr_auc": pr_auc,
    "f1": f1,
    "precision": precision,
    "recall": recall,
    "accuracy": accuracy,
    "brier": brier,
    "calibration_error": calibration_error,
}


def measures(risk: Floats, is_risk: Flags, weight: Floats | None = None) -> dict[str, float]:
    """All of the above by name, and the lifts."""
    found = {name: formula(risk, is_risk, weight) for name, formula in MEASURES.items()}
    return found | {f"lift_{round(share * 100)}": lift(risk, is_risk, share, weight) for share in TOP_SHARES}


def grade_measures(expected: Floats, grade: Floats, weight: Floats | None = None) -> dict[str, float]:
    """Mean squared and absolute error, and the share of the variance that is explained; of what is known."""
    known = np.isfinite(expected) & np.isfinite(grade)
    ones = np.ones(len(grade)) if weight is None else weight
    known &= ones > 0
    if known.sum() < 2:
        return {}
    error, mark, ones = expected[known] - grade[known], grade[known], ones[known]
    squared = _mean(error**2, ones)
    # Of equal grades nothing is to be explained, and what rounding makes of their variance is no measure for anything.
    spread = _mean((mark - _mean(mark, ones)) ** 2, ones) if np.ptp(mark) else 0.0
    return {
        "grade_mse": squared,
        "grade_mae": _mean(np.abs(error), ones),
        "grade_r2": 1.0 - squared / spread if spread > 0 else float("nan"),
    }


def roc_curve(risk: Floats, is_risk: Flags, n_points: int = 60) -> list[tuple[float, float]]:
    """(share of false alarms, share found) from the strictest threshold to the laxest, thinned."""
    _order, hits, misses = _steps(-risk, is_risk, None)
    return _thinned(np.cumsum(misses) / max(misses.sum(), 1), np.cumsum(hits) / max(hits.sum(), 1), n_points, (0, 0))


def pr_curve(risk: Floats, is_risk: Flags, n_points: int = 60) -> list[tuple[float, float]]:
    """(recall, precision) from the strictest threshold to the laxest, thinned."""
    _order, hits, misses = _steps(-risk, is_risk, None)
    found = np.cumsum(hits)
    return _thinned(found / max(hits.sum(), 1), found / np.maximum(np.cumsum(hits + misses), 1), n_points)


def calibration_curve(risk: Floats, is_risk: Flags) -> list[tuple[float, float, int]]:
    """(mean risk told, share that came, examples) of each bin that is not empty."""
    size, told, came = _bins(risk, is_risk, None)
    return [(float(told[b] / n), float(came[b] / n), int(n)) for b, n in enumerate(size) if n]


def _bins(risk: Floats, is_risk: Flags, weight: Floats | None) -> tuple[Floats, Floats, Floats]:
    place = np.minimum((risk * N_BINS).astype(int), N_BINS - 1)
    ones = np.ones(len(risk)) if weight is None else weight
    return _sums(place, ones, N_BINS), _sums(place, ones * risk, N_BINS), _sums(place, ones * is_risk, N_BINS)


def _steps(values: Floats, is_risk: Flags, weight: Floats | None) -> tuple[Floats, Floats, Floats]:
    """Distinct values, ascending, with the weights of both outcomes at each."""
    distinct, place = np.unique(values, return_inverse=True)
    ones = np.ones(len(values)) if weight is None else weight
    hits = _sums(place, ones * is_risk, len(distinct))
    return distinct, hits, _sums(place, ones, len(distinct)) - hits


def _sums(place: NDArray[np.int64], values: Floats, n: int) -> Floats:
    return np.bincount(place, values, n).astype(np.float64)


def _thinned(
    x: Floats, y: Floats, n_points: int, first: tuple[float, float] | None = None
) -> list[tuple[float, float]]:
    places = np.unique(np.linspace(0, max(len(x) - 1, 0), min(n_points, len(x))).astype(int))
    points = [(round(float(x[place]), 4), round(float(y[place]), 4)) for place in places]
    return ([first] if first else []) + points


def _mean(values: Floats | Flags, weight: Floats | None) -> float:
    if weight is None:
        return float(values.mean()) if len(values) else float("nan")
    return _share(float((values * weight).sum()), float(weight.sum()))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
