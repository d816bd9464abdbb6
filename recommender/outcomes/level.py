"""Probabilities: their logits, their calibration on held-out examples, and the level of a cohort."""

from __future__ import annotations

import numpy as np

from recommender.datasets.studies import Flags, Floats, Ints

STEPS = 30
RIDGE = 1.0
"""On the slope's distance from 1 and the intercept's from 0: ten held-out examples should not decide much."""


def sigmoid(logits: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0))), np.float64)


def logit(share: Floats) -> Floats:
    share = np.clip(share, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(share / (1 - share)))


def platt(logits: Floats, is_risk: Flags) -> Floats:
    """Slope and intercept that make the logits probabilities of `is_risk` (Platt, 1999), by Newton's method.

    The slope is at most 1: the held-out learners sat in the same runs as the others, and of a run to come less is
    known. On OULAD, where held-out learners ask for 1.08, later runs ask for 0.9.
    """
    design = np.column_stack([logits, np.ones(len(logits))])
    prior = np.array([1.0, 0.0])
    # From a flat line: where the logits are too sure, Newton's first step from the prior overshoots.
    weights = np.array([0.0, logit(np.mean(is_risk, keepdims=True))[0]])
    for _step in range(STEPS):
        share = sigmoid(design @ weights)
        gradient = design.T @ (share - is_risk) + RIDGE * (weights - prior)
        curvature = (design * (share * (1 - share))[:, None]).T @ design + RIDGE * np.eye(2)
        change = np.linalg.solve(curvature, gradient)
        weights = weights - change
        if np.abs(change).max() < 1e-8:
            break
    return np.array([min(weights[0], 1.0), weights[1]])


def level_shift(logits: Floats, cohort: Ints, expected: Floats, trust: Floats) -> Floats:
    """(k,) one shift per cohort, after which its mean probability is what earlier runs and the model say together.

    The target of a cohort is `trust * expected + (1 - trust) * mean of the model`; bisection, all cohorts at once.
    """
    _cohorts, place = np.unique(cohort, return_inverse=True)
    counts = np.bincount(place)

    def mean(shift: Floats) -> Floats:
        return np.asarray(np.bincount(place, sigmoid(logits + shift[place])) / counts)

    first = np.full(len(counts), np.nan)
    first[place] = expected
    own, weight = mean(np.zeros(len(counts))), np.zeros(len(counts))
    weight[place] = trust
    target = np.where(np.isfinite(first), weight * np.nan_to_num(first) + (1 - weight) * own, own)
    low, high = np.full(len(counts), -8.0), np.full(len(counts), 8.0)
    for _step in range(STEPS):
        middle = (low + high) / 2
        is_below = mean(middle) < target
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    shift = np.where(np.isfinite(first), (low + high) / 2, 0.0)
    return np.asarray(shift[place])
