"""Which activities go with finishing a course: compared among learners who came as far, shrunken, with intervals.

Whoever does something late in a course has come far already and finishes more often for that reason alone. So the
learners who did an activity are held only against learners who went past it without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from analytics.aggregates.reach import Reach
from analytics.models import Activity

LEAST = 10
"""Learners on either side; of fewer nothing is said."""
ERROR = 0.05
"""Chance that any of the intervals of one course is wrong: it is shared among all that are compared."""


@dataclass(frozen=True)
class Tie:
    """Finishing with an activity against finishing past it without; shares are 0 to 1."""

    part: Activity
    n_with: int
    with_share: float
    n_without: int
    without_share: float
    difference: float
    """Of the shrunken shares: with less without."""
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Ties:
    clear: list[Tie]
    """Those whose interval does not hold 0, the surest first."""
    n_compared: int
    n_parts: int
    n_ended: int
    """Learners whose outcome is known and who did anything."""


def ties(rows: Sequence[Reach], limit: int = 12) -> Ties:
    """Of the reach of one course."""
    comparable = [row for row in rows if min(row.counts.n_ended, row.n_ended_beyond - row.counts.n_ended) >= LEAST]
    z = NormalDist().inv_cdf(1 - ERROR / (2 * max(len(comparable), 1)))
    found = [_tie(row, z) for row in comparable]
    clear = sorted((tie for tie in found if tie.is_clear), key=lambda tie: -min(abs(tie.low), abs(tie.high)))
    return Ties(clear[:limit], len(found), len(rows), rows[0].n_ended_beyond if rows else 0)


def _tie(row: Reach, z: float) -> Tie:
    """With one success and one failure more on each side.

    Agresti and Caffo, "Simple and effective confidence intervals for proportions and differences of proportions
    result from adding two successes and two failures", The American Statistician 54 (2000).
    """
    n_with, finished_with = row.counts.n_ended, row.counts.n_finished
    n_without, finished_without = row.n_ended_beyond - n_with, row.n_finished_beyond - finished_with
    p, q = (finished_with + 1) / (n_with + 2), (finished_without + 1) / (n_without + 2)
    half = z * sqrt(p * (1 - p) / (n_with + 2) + q * (1 - q) / (n_without + 2))
    shares = finished_with / n_with, finished_without / n_without
    return Tie(row.part, n_with, shares[0], n_without, shares[1], p - q, p - q - half, p - q + half)
