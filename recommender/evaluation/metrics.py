"""Ranking measures as pure functions of ranks. A rank is 1 for the best of all candidates.

A learner has one rank per target (what was really met afterwards); `learner` (shape (n_targets,), ascending)
says whose each rank is, `n_targets` (shape (n_learners,)) how many each learner has, at least 1. Every function
gives one number per learner, shape (n_learners,) float64; the figure reported is their plain mean. What lists are
like, whoever was right, is measured in `lists`.
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
    "precision_k=count(r<=k)/k; map_k=sum(i/r_i,r_i<=k)/min(k,T); mrr=1/min(r); auc=1-mean((r_i-i)/(C-T)); "
    "means over learners"
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


def precision(ranks: Ranks, learner: Ranks, n_targets: Ranks, cutoff: int) -> Values:
    """Targets ranked within `cutoff`, as a share of the `cutoff` places."""
    return np.bincount(learner, ranks <= cutoff, len(n_targets)) / cutoff


def average_precision(ranks: Ranks, learner: Ranks, n_targets: Ranks, cutoff: int) -> Values:
    """Mean of the precision at each target that could be found.

    Sum of i / rank_i over the targets ranked within `cutoff`, the i-th best of the learner each, divided by
    min(cutoff, n_targets).
    Manning, Raghavan & Schütze, "Introduction to Information Retrieval", 2008, section 8.4.
    """
    found = np.where(ranks <= cutoff, _place_among_own(ranks, learner) / ranks, 0.0)
    return np.bincount(learner, found, len(n_targets)) / np.minimum(n_targets, cutoff)


def auc(ranks: Ranks, learner: Ranks, n_targets: Ranks, n_candidates: Ranks) -> Values:
    """Chance that a target is ranked before something that is none: the area under the ROC curve of one learner.

    `n_candidates` (shape (n_learners,)) is how many activities were ranked, targets included. A learner for whom
    nothing else was ranked gets 1. Ties count against the model, as everywhere here; Hanley & McNeil, Radiology 1982,
    would count them half.
    """
    before = np.bincount(learner, ranks - _place_among_own(ranks, learner), len(n_targets))
    found: Values = 1.0 - before / (n_targets * np.maximum(n_candidates - n_targets, 1))
    return found


def reciprocal_rank(ranks: Ranks, learner: Ranks, n_targets: Ranks) -> Values:
    """1 / rank of the learner's best ranked target, without a cutoff."""
    best = np.zeros(len(n_targets))
    np.maximum.at(best, learner, 1.0 / ranks)
    return best


def measures(
    ranks: Ranks, learner: Ranks, n_targets: Ranks, n_candidates: Ranks, cutoffs: Iterable[int]
) -> dict[str, Values]:
    """All of the above by name: `ndcg_10 hr_10 recall_10 precision_10 map_10 ... mrr auc`."""
    named = {"ndcg": ndcg, "hr": hit_rate, "recall": recall, "precision": precision, "map": average_precision}
    found = {
        f"{name}_{cutoff}": formula(ranks, learner, n_targets, cutoff)
        for cutoff in cutoffs
        for name, formula in named.items()
    }
    found["mrr"] = reciprocal_rank(ranks, learner, n_targets)
    found["auc"] = auc(ranks, learner, n_targets, n_candidates)
    return found


def _place_among_own(ranks: Ranks, learner: Ranks) -> Ranks:
    """1 for the best ranked target of its learner, 2 for the next ...: shape (total targets,)."""
    order = np.lexsort((ranks, learner))
    sorted_learner = learner[order]
    first = np.searchsorted(sorted_learner, sorted_learner)
    place = np.empty(len(ranks), np.int64)
    place[order] = np.arange(1, len(ranks) + 1) - first
    return place
