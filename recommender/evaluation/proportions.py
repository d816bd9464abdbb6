"""How sure a share is, and a difference of two shares that is looked at again and again while it grows.

Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
Johari, Koomen, Pekelis & Walsh, "Always valid inference: continuous monitoring of A/B tests", Operations Research 2022:
the mixture sequential probability ratio test with a normal mixture, whose p-value may be looked at whenever one likes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from recommender.errors import InvalidData

MIXTURE_SCALE = 0.05
"""Standard deviation of the differences that the test is tuned to find: about five points."""
LEAST_ASKED = 50
"""On each side, before the test says anything: it leans on the normal approximation."""


@dataclass(frozen=True, slots=True)
class Share:
    """`n_hits` of `n`, and where the true share lies with 95 % confidence."""

    n_hits: int
    n: int
    value: float
    low: float
    high: float


def wilson(n_hits: int, n: int, confidence: float = 0.95) -> Share | None:
    """The share with Wilson's score interval, which holds near 0 and 1 too; None of nothing.

    Raises:
        InvalidData: more hits than tries, or fewer than none.
    """
    if not 0 <= n_hits <= n:
        raise InvalidData(f"A share is of 0 to n hits; got {n_hits} of {n}.")
    if n == 0:
        return None
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    value = n_hits / n
    centre = (value + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(value * (1 - value) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Share(n_hits, n, value, max(0.0, centre - half), min(1.0, centre + half))


@dataclass(frozen=True, slots=True)
class Sequential:
    """Challenger minus control so far. The interval holds at every look at once, with confidence 1 - alpha."""

    difference: float
    low: float
    high: float
    evidence: float  # the mixture likelihood ratio; at 1 / alpha the test says that there is a difference

    @property
    def p_value(self) -> float:
        return min(1.0, 1 / self.evidence)


def sequential(control: tuple[int, int], challenger: tuple[int, int], alpha: float = 0.05) -> Sequential | None:
    """The test on (hits, asked) of both sides; None while one of them has fewer than LEAST_ASKED.

    Raises:
        InvalidData: more hits than asked, or fewer than none.
    """
    for n_hits, n in (control, challenger):
        if not 0 <= n_hits <= n:
            raise InvalidData(f"A share is of 0 to n hits; got {n_hits} of {n}.")
    if min(control[1], challenger[1]) < LEAST_ASKED:
        return None
    difference = challenger[0] / challenger[1] - control[0] / control[1]
    noise = _variance(*control) + _variance(*challenger)
    scale = MIXTURE_SCALE**2
    log_evidence = 0.5 * math.log(noise / (noise + scale)) + scale * difference**2 / (2 * noise * (noise + scale))
    spread = 2 * noise * (noise + scale) / scale * (math.log(1 / alpha) + 0.5 * math.log((noise + scale) / noise))
    half = math.sqrt(spread)
    return Sequential(difference, difference - half, difference + half, math.exp(min(log_evidence, 700.0)))


def _variance(n_hits: int, n: int) -> float:
    """Of a share; two tries are added, one of them a hit, so that 0 of n is not taken for certainty."""
    share = (n_hits + 1) / (n + 2)
    return share * (1 - share) / n
