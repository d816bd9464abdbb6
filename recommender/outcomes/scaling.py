"""Features on one scale, for what cannot take them raw: logarithms, mean 0, deviation 1, nothing told at the mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
LIMIT = 5.0
"""Deviations; beyond it everything is as extreme as this."""


def learn_scale(features: Matrix) -> Matrix:
    """(2, n_features): mean and deviation of what is told; a feature that never varies gets deviation 1."""
    values = _compressed(features)
    known = np.isfinite(values)
    n = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0).sum(axis=0, dtype=np.float64) / n
    spread = np.sqrt((np.where(known, values - mean, 0) ** 2).sum(axis=0, dtype=np.float64) / n)
    return np.stack([mean, np.where(spread < 1e-6, 1.0, spread)]).astype(np.float32)


def scaled(features: Matrix, scale: Matrix) -> Matrix:
    values = (_compressed(features) - scale[0]) / scale[1]
    return np.asarray(np.clip(np.nan_to_num(values, nan=0.0), -LIMIT, LIMIT), np.float32)


def _compressed(features: Matrix) -> Matrix:
    return np.asarray(np.sign(features) * np.log1p(np.abs(features)), np.float32)
