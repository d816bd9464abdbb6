"""Shares with their intervals, and a test that may be looked at all the time."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.errors import InvalidData
from recommender.evaluation.proportions import LEAST_ASKED, sequential, wilson


def test_wilsons_interval_is_the_published_one() -> None:
    """Newcombe, Statistics in Medicine 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    for n_hits, n, low, high in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        share = wilson(n_hits, n)
        assert share is not None
        assert (share.low, share.high) == pytest.approx((low, high), abs=5e-5)


def test_of_nothing_there_is_no_share() -> None:
    assert wilson(0, 0) is None
    with pytest.raises(InvalidData, match="got 3 of 2"):
        wilson(3, 2)


def test_with_few_nothing_is_said() -> None:
    assert sequential((0, LEAST_ASKED - 1), (40, LEAST_ASKED)) is None
    assert sequential((0, LEAST_ASKED), (40, LEAST_ASKED)) is not None


def test_interval_and_evidence_say_the_same() -> None:
    for hits in range(0, 200, 5):
        found = sequential((60, 400), (hits, 400))
        assert found is not None
        assert (found.evidence >= 20) == (found.low > 0 or found.high < 0)
        assert found.low < found.difference < found.high


def looks(share_control: float, share_challenger: float, seed: int, n: int = 2000) -> list[bool]:
    """Whether the test claims a difference, looked at after every ten learners on each side."""
    generator = np.random.default_rng(seed)
    hits = [np.cumsum(generator.random(n) < share) for share in (share_control, share_challenger)]
    found = [sequential((int(hits[0][k]), k + 1), (int(hits[1][k]), k + 1)) for k in range(LEAST_ASKED, n, 10)]
    return [one is not None and one.evidence >= 20 for one in found]


def test_looking_all_the_time_is_seldom_fooled() -> None:
    """Of 300 trials of two equal versions, looked at 195 times each, fewer than one in twenty claim a difference."""
    for share in (0.05, 0.3):
        n_fooled = sum(any(looks(share, share, seed)) for seed in range(300))
        assert n_fooled <= 15


def test_a_real_difference_is_found() -> None:
    found = [looks(0.20, 0.28, seed) for seed in range(50)]
    assert sum(any(one) for one in found) >= 45
