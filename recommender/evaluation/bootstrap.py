"""How sure a mean over learners is, and whether one algorithm is better than another on the same learners.

Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 13 and 16: percentile intervals, seeded.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.errors import InvalidData

Values = NDArray[np.float64]
N_RESAMPLES = 2_000
_BLOCK_NUMBERS = 4_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and where it lies with `confidence`, from resampling the learners."""

    mean: float
    low: float
    high: float
    confidence: float
    n: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Candidate minus incumbent, per learner, on the same questions."""

    difference: Interval
    p_value: float  # two-sided; of a difference at least this large if there were none

    @property
    def is_better(self) -> bool:
        """The whole interval lies above zero."""
        return self.difference.low > 0

    @property
    def is_worse(self) -> bool:
        """The whole interval lies below zero."""
        return self.difference.high < 0


def interval(values: Values, *, confidence: float = 0.95, seed: int = 0, n_resamples: int = N_RESAMPLES) -> Interval:
    """The mean of `values` (shape (n_learners,)) with its percentile interval.

    Raises:
        InvalidData: no values.
    """
    means = _resampled_means(np.asarray(values, np.float64), seed, n_resamples)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(np.mean(values)), float(low), float(high), confidence, len(values))


def compare(
    candidate: Values,
    incumbent: Values,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    n_resamples: int = N_RESAMPLES,
) -> Comparison:
    """Paired: both arrays (shape (n_learners,)) measure the same learners in the same order.

    Raises:
        InvalidData: unequal lengths, or no values.
    """
    if len(candidate) != len(incumbent):
        raise InvalidData(
            f"A paired test needs the same learners on both sides; got {len(candidate)} and {len(incumbent)}. "
            "Measure both on one split."
        )
    differences = np.asarray(candidate, np.float64) - np.asarray(incumbent, np.float64)
    found = interval(differences, confidence=confidence, seed=seed, n_resamples=n_resamples)
    # The null hypothesis has mean zero: resample the centred differences. Plus one: never an impossible p of 0.
    null = _resampled_means(differences - differences.mean(), seed, n_resamples)
    extreme = int((np.abs(null) >= abs(found.mean)).sum())
    return Comparison(found, (extreme + 1) / (n_resamples + 1))


def _resampled_means(values: Values, seed: int, n_resamples: int) -> Values:
    """Means of `n_resamples` samples with replacement.

    Ranking measures take few distinct values, so a resample is one draw of how often each occurs: the same
    distribution as drawing learners, at a cost that does not grow with their number.
    """
    if not len(values):
        raise InvalidData("There are no learners to resample; measure on a split that tests somebody.")
    distinct, counts = np.unique(values, return_counts=True)
    generator = np.random.default_rng(seed)
    means = np.empty(n_resamples)
    step = max(1, _BLOCK_NUMBERS // len(distinct))
    for start in range(0, n_resamples, step):
        size = min(step, n_resamples - start)
        drawn = generator.multinomial(len(values), counts / len(values), size=size)
        means[start : start + size] = drawn @ distinct / len(values)
    return means
