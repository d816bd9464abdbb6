"""The same figures for learners who bring little, some or much history: a mean can hide that newcomers get nothing."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from recommender.errors import InvalidData

Values = NDArray[np.float64]

SEGMENTS: dict[str, tuple[int, int | None]] = {"new": (0, 4), "light": (5, 19), "heavy": (20, None)}
"""By name: the fewest and the most activities met before the question, both included."""

DEFINITION = "segments by activities met before: " + ", ".join(
    f"{name} {low}-{high}" for name, (low, high) in SEGMENTS.items()
)


def segment_of(history_lengths: NDArray[np.int64]) -> NDArray[np.int8]:
    """Shape (n_learners,): the place in `SEGMENTS` of each learner."""
    begins = [low for low, _high in SEGMENTS.values()]
    return (np.searchsorted(begins, history_lengths, side="right") - 1).astype(np.int8)


def by_segment(values: Values, segment: NDArray[np.int8]) -> dict[str, tuple[int, float]]:
    """Number of learners and mean of their `values` (shape (n_learners,)) for each segment that has learners.

    Raises:
        InvalidData: unequal lengths.
    """
    if values.shape != segment.shape:
        raise InvalidData(
            f"Values and segments must tell of the same learners; got {values.shape} and {segment.shape}."
        )
    counts = np.bincount(segment, minlength=len(SEGMENTS))
    sums = np.bincount(segment, values, len(SEGMENTS))
    return {name: (int(n), float(total / n)) for name, n, total in zip(SEGMENTS, counts, sums, strict=True) if n}


def named(per_learner: Mapping[str, Values], segment: NDArray[np.int8], measures: tuple[str, ...]) -> dict[str, float]:
    """Flat figures `new_n_learners new_ndcg_10 light_ndcg_10 ...` beside those of everybody."""
    found: dict[str, float] = {}
    for measure in measures:
        for name, (n, mean) in by_segment(per_learner[measure], segment).items():
            found[f"{name}_n_learners"] = n
            found[f"{name}_{measure}"] = mean
    return found
