"""What lists of recommendations are like, whether or not anybody followed them: new, varied, or only the popular.

`lists` has shape (n_learners, k): activity indices, best first, -1 where a learner could be shown no more. Every
function but `coverage` gives one number per learner, shape (n_learners,) float64, 0 for an empty list.
"""

from collections.abc import Sequence

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from recommender.datasets.interactions import Index, Interactions

Values = NDArray[np.float64]

N_VARIED = 5_000
"""Lists that `diversity` is measured on: the mean of so many is sure enough, and its cost does not grow further."""
_BLOCK_LISTS = 512

DEFINITION = (
    "novelty_k=mean(-log2 p), p=(1+learners who met it)/(1+learners); "
    f"diversity_k=1-mean pairwise cosine of the learners who met them, {N_VARIED} lists; "
    "popularity_lift_k=mean share of learners of the list/of the history-1"
)


def coverage(lists: Index, n_activities: int) -> float:
    """Share of the catalogue that stands in at least one list."""
    return len(np.unique(lists[lists >= 0])) / n_activities if n_activities else 0.0


def novelty(lists: Index, popularity: Values) -> Values:
    """Mean surprise in bits, -log2 of the share of learners who met the activity.

    Zhou et al., "Solving the apparent diversity-accuracy dilemma of recommender systems", PNAS 2010.
    `popularity` (shape (n_activities,)) is that share, above 0.
    """
    return _mean(-np.log2(popularity), lists)


def diversity(lists: Index, met: scipy.sparse.csr_matrix) -> Values:
    """1 - the mean cosine between two activities of a list, each as the vector of the learners who met it.

    Intra-list diversity: Smyth & McClave, ICCBR 2001; Ziegler et al., WWW 2005. `met` has shape (n_learners,
    n_activities), 1 where a learner met an activity. A list of fewer than two is not varied: 0.
    """
    vectors = scipy.sparse.csr_matrix(met.T, dtype=np.float64)
    lengths = np.sqrt(np.asarray(vectors.sum(axis=1)).ravel())
    vectors = scipy.sparse.diags(1.0 / np.maximum(lengths, 1.0)) @ vectors
    own = (lengths > 0).astype(np.float64)
    found = np.zeros(len(lists))
    for start in range(0, len(lists), _BLOCK_LISTS):
        block = lists[start : start + _BLOCK_LISTS]
        is_real = block >= 0
        n = is_real.sum(axis=1)
        place = (np.repeat(np.arange(len(block)), n), block[is_real])
        chosen = scipy.sparse.csr_matrix((np.ones(n.sum()), place), shape=(len(block), len(own)))
        total = chosen @ vectors
        # |sum of unit vectors|^2 holds every pair twice and each vector with itself once: no pair is formed.
        alike = np.asarray(total.multiply(total).sum(axis=1)).ravel() - chosen @ own
        pairs = n * (n - 1)
        found[start : start + len(block)] = np.where(pairs > 0, 1.0 - alike / np.maximum(pairs, 1), 0.0)
    return found


def popularity_lift(lists: Index, histories: Index, owner: NDArray[np.int64], popularity: Values) -> Values:
    """How much more popular the list is than what the learner chose before: 0 as popular, 1 twice, -0.5 half.

    Popularity lift: Abdollahpouri et al., "The connection between popularity bias, calibration, and fairness in
    recommendation", RecSys 2020, per learner. `histories` (shape (total,)) are the activities of the histories,
    `owner` (shape (total,)) whose each is; no history may be empty.
    """
    counts = np.bincount(owner, minlength=len(lists))
    before = np.bincount(owner, popularity[histories], len(lists)) / np.maximum(counts, 1)
    shown = _mean(popularity, lists)
    return np.where((before > 0) & (lists >= 0).any(axis=1), shown / np.maximum(before, 1e-12) - 1.0, 0.0)


def measures(
    lists: Index, histories: Index, owner: NDArray[np.int64], train: Interactions, cutoffs: Sequence[int], seed: int = 0
) -> dict[str, float]:
    """All of the above by name, as means over the learners: `coverage_10 novelty_10 diversity_10 ...`.

    Diversity stands at the first cutoff only, on a seeded sample.
    """
    met_by = np.bincount(train.activity_index, minlength=train.n_activities)
    # Plus one: what nobody met yet is the most novel of all and not infinitely so.
    popularity = (met_by + 1) / (train.n_learners + 1)
    found: dict[str, float] = {}
    for cutoff in cutoffs:
        top = lists[:, :cutoff]
        found[f"coverage_{cutoff}"] = coverage(top, train.n_activities)
        found[f"novelty_{cutoff}"] = float(novelty(top, popularity).mean())
        lift = popularity_lift(top, histories, owner, popularity)
        found[f"popularity_lift_{cutoff}"] = float(lift.mean())
    for cutoff in cutoffs[:1]:
        sample = np.sort(np.random.default_rng(seed).permutation(len(lists))[:N_VARIED])
        found[f"diversity_{cutoff}"] = float(diversity(lists[sample, :cutoff], train.matrix()).mean())
    return found


def _mean(numbers: Values, lists: Index) -> Values:
    is_real = lists >= 0
    total = np.where(is_real, numbers[np.maximum(lists, 0)], 0.0).sum(axis=1)
    found: Values = total / np.maximum(is_real.sum(axis=1), 1)
    return found
