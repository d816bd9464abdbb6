"""The population stability index."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.errors import InvalidData
from recommender.evaluation.drift import stability_index


def index(before: list[int], now: list[int]) -> float:
    return stability_index(np.array(before, np.int64), np.array(now, np.int64))


def test_two_bins_by_hand() -> None:
    """Half and half before, 80 to 20 now: (0.3 ln 1.6) - (0.3 ln 0.4) = 0.4159, but for the smoothing."""
    assert index([50_000, 50_000], [80_000, 20_000]) == pytest.approx(0.4159, abs=1e-3)


def test_the_same_shape_is_no_shift() -> None:
    counts = np.random.default_rng(0).integers(500, 900, 40)
    assert index(list(counts), list(counts // 4)) < 0.01


def test_another_unit_is_a_shift() -> None:
    """Results as points instead of shares: nothing lies where it lay."""
    assert index([100] * 10 + [0] * 10, [0] * 10 + [100] * 10) > 1


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), max_size=30))
def test_it_is_never_negative_nor_infinite(counts: list[tuple[int, int]]) -> None:
    found = index([before for before, _now in counts], [now for _before, now in counts])
    assert 0 <= found < 100


def test_unequal_sides_are_refused() -> None:
    with pytest.raises(InvalidData, match="got 1 and 2"):
        index([1], [1, 2])
