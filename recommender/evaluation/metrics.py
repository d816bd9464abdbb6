"""Ranking measures as pure functions of ranks. A rank is 1 for the best of all candidates.

A learner has one rank per target (what was really met afterwards); `learner` (shape (n_targets,), ascending)
says whose each rank is, `n_targets` (shape (n_learners,)) how many each learner has, at least 1. Every function
gives one number per learner, shape (n_learners,) float64; the figure reported is their plain mean.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Ranks = NDArray[np.int64]
Values = NDArray[np.float64]

# Part of every protocol hash: a changed formula makes old figures incomparable, and they say so.
DEFINITION = (
    "2026-11: full ranking without activities already met; ties against the model; "
    "ndcg_k=sum(1/log2(1+r),r<=k)/sum(1/log2(1+i),i<=min(k,T)); hr_k=any(r<=k); recall_k=count(r<=k)/T; "
    "mrr=1/min(r); coverage_k=distinct activities in all top k/catalogue; means over learners"
)


def ndcg(ranks: Ranks, learner: Ranks, n_targets: Ranks, cutoff: int) -> Values:
    """Sum of 1 / log2(1 + rank) over targets ranked within `cutoff`, as a share of the best possible sum.

    Järvelin & Kekäläinen, TOIS 2002, with binary gains.
    """
    gains = np.where(ranks <= cutoff, 1.0 / np.log2(1.0 + ranks), 0.0)
    ideal = np.concatenate(([0.0], np.cumsum(1.0 / np.log2(2.0 + np.arange(cutoff)))))
    return np.bincount(learner, gains, len(n_targets)) / ideal[np.minimum(n_targets, cutoff)]


def hit_rate(ranks: Ranks, learner: Ranks, n_targets: Ranks, cutoff: int) -> Values:
    """1 where at least one target is ranked within `cutoff`, else 0."""
    return (np.bincount(learner, ranks <= cutoff, len(n_targets)) > 0).astype(np.float64)


def recall(ranks: Ranks, learner: Ranks, n_targets: Ranks, cutoff: int) -> Values:
    """Targets ranked within `cutoff`, as a share of all targets of the learner."""
    return np.bincount(learner, ranks <= cutoff, len(n_targets)) / n_targets


def reciprocal_rank(ranks: Ranks, learner: Ranks, n_targets: Ranks) -> Values:
    """1 / rank of the learner's best ranked target, without a cutoff."""
    best = np.zeros(len(n_targets))
    np.maximum.at(best, learner, 1.0 / ranks)
    return best


def coverage(is_shown: NDArray[np.bool_]) -> float:
    """Share of the catalogue that stands in at least one learner's list; `is_shown` has shape (n_activities,)."""
    return float(is_shown.mean()) if len(is_shown) else 0.0


def measures(ranks: Ranks, learner: Ranks, n_targets: Ranks, cutoffs: Iterable[int]) -> dict[str, Values]:
    """All of the above by name: `ndcg_10 hr_10 recall_10 ... mrr`."""
    named = {"ndcg": ndcg, "hr": hit_rate, "recall": recall}
    found = {
        f"{name}_{cutoff}": formula(ranks, learner, n_targets, cutoff)
        for cutoff in cutoffs
        for name, formula in named.items()
    }
    found["mrr"] = reciprocal_rank(ranks, learner, n_targets)
    return found
