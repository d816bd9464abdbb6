"""How far the values of a measure have moved: the population stability index.

Siddiqi, "Credit Risk Scorecards", 2006: the sum over bins of (now - before) x ln(now / before), in shares. Below 0.1
nothing has changed, from 0.25 on a lot has.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.errors import InvalidData

N_BINS = 10


def stability_index(before: NDArray[np.int64], now: NDArray[np.int64]) -> float:
    """The index over bins that each held about a tenth before; 0 where one side has nothing.

    Args:
        before: shape (n_values,), how often each value was seen, in ascending order of the values.
        now: the same, of what is compared.

    Raises:
        InvalidData: unequal lengths.
    """
    if len(before) != len(now):
        raise InvalidData(f"Both sides count the same values; got {len(before)} and {len(now)}.")
    if not before.sum() or not now.sum():
        return 0.0
    reached = np.cumsum(before) / before.sum()
    bins = np.clip((reached - 1e-9) * N_BINS, 0, N_BINS - 1).astype(int)
    was, is_ = (_shares(np.bincount(bins, counts, N_BINS).astype(np.float64)) for counts in (before, now))
    return float(((is_ - was) * np.log(is_ / was)).sum())


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half a value more in each bin: an empty one would make the index infinite."""
    smoothed = counts + 0.5
    shares: NDArray[np.float64] = smoothed / smoothed.sum()
    return shares
