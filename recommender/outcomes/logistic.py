"""Logistic regression whose coefficients change with the day of the course: the honest baseline.

Between the knots of the calendar the coefficients are interpolated, so that one model answers for every day. Fitted by
Newton's method on the penalised likelihood (Hosmer & Lemeshow, "Applied Logistic Regression", chapter 1); the grade by
ridge regression on the same columns. Cost: examples x features² per step, about ten steps, in NumPy alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import FitOptions, Progress, State
from recommender.algorithms.config import Config, parameter
from recommender.datasets.studies import Floats, Ints
from recommender.outcomes.base import FACTOR_NAMES, Predictor
from recommender.outcomes.examples import Examples, factor_of_feature
from recommender.outcomes.level import logit, sigmoid
from recommender.outcomes.scaling import learn_scale, scaled

KNOTS = np.array([0.0, 14.0, 30.0, 60.0, 90.0, 120.0, 180.0, 240.0])
MAX_STEPS = 25


@dataclass(frozen=True)
class LogisticConfig(Config):
    regularization: float = parameter(30.0, minimum=1e-3, maximum=1e6, doc="penalty on squared coefficients")


class Logistic(Predictor):
    name = "logistic"
    config_class = LogisticConfig
    is_additive = True
    arrays: ClassVar = {"scale": 2, "coefficients": 2, "grade_coefficients": 2}
    config: LogisticConfig

    def learn(self, examples: Examples, options: FitOptions) -> State:
        scale = learn_scale(examples.features)
        columns = _with_constant(scaled(examples.features, scale))
        labels = examples.is_risk.astype(np.float64)
        coefficients = np.zeros((len(KNOTS), columns.shape[1]))
        coefficients[:, -1] = logit(labels.mean())
        for step in range(MAX_STEPS):
            options.check_stop()
            change, loss = _newton_step(columns, examples.day, labels, coefficients, self.config.regularization)
            coefficients -= change
            options.progress(Progress(step + 1, MAX_STEPS, loss=loss))
            if np.abs(change).max() < 1e-4:
                break
        return {
            "scale": scale,
            "coefficients": coefficients.astype(np.float32),
            "grade_coefficients": _grades(columns, examples, self.config.regularization).astype(np.float32),
        }

    def raw(self, examples: Examples) -> tuple[Floats, Floats]:
        columns = _with_constant(scaled(examples.features, self._fitted()["scale"]))
        day = examples.day
        return _answers(columns, day, self._fitted()["coefficients"]), _answers(
            columns, day, self._fitted()["grade_coefficients"]
        )

    def parts(self, examples: Examples) -> Floats:
        columns = scaled(examples.features, self._fitted()["scale"])
        each = columns * _coefficients_on(examples.day, self._fitted()["coefficients"])[:, :-1]
        owners = np.array([[owner == factor for factor in FACTOR_NAMES] for owner in factor_of_feature().values()])
        return np.asarray(each @ owners.astype(np.float32), np.float64)


def _with_constant(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.column_stack([columns, np.ones(len(columns), np.float32)])


def _hats(day: float) -> tuple[int, Floats]:
    """The left one of the two knots around a day, and the weights of both."""
    left = int(np.clip(np.searchsorted(KNOTS, day, side="right") - 1, 0, len(KNOTS) - 2))
    share = float(np.clip((day - KNOTS[left]) / (KNOTS[left + 1] - KNOTS[left]), 0.0, 1.0))
    return left, np.array([1.0 - share, share])


def _coefficients_on(days: Ints, coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
    """(k, columns) interpolated for each example's day."""
    distinct, place = np.unique(days, return_inverse=True)
    each = [weights @ coefficients[left : left + 2] for left, weights in map(_hats, distinct)]
    return np.asarray(each, np.float32)[place]


def _answers(columns: NDArray[np.float32], days: Ints, coefficients: NDArray[np.float32]) -> Floats:
    return np.asarray((columns * _coefficients_on(days, coefficients)).sum(axis=1), np.float64)


def _newton_step(
    columns: NDArray[np.float32], days: Ints, labels: Floats, coefficients: Floats, penalty: float
) -> tuple[Floats, float]:
    """The change of the coefficients (knots, columns) and the mean loss before it.

    Examples of one day share their two knots, so the curvature is built from one small product a day.
    """
    n_knots, n_columns = coefficients.shape
    gradient, curvature = penalty * coefficients, np.zeros((n_knots, n_columns, n_knots, n_columns))
    loss = 0.0
    for day in np.unique(days):
        rows = days == day
        part, (left, weights) = columns[rows], _hats(day)
        share = sigmoid(part @ (weights @ coefficients[left : left + 2]))
        loss -= float(np.log(np.where(labels[rows] > 0, share, 1 - share).clip(1e-12)).sum())
        slope = part.T @ (share - labels[rows])
        gradient[left : left + 2] += weights[:, None] * slope
        gram = (part * (share * (1 - share)).astype(np.float32)[:, None]).T @ part
        for one in (0, 1):
            for other in (0, 1):
                curvature[left + one, :, left + other] += weights[one] * weights[other] * gram
    size = n_knots * n_columns
    matrix = curvature.reshape(size, size) + penalty * np.eye(size)
    change = np.linalg.solve(matrix, gradient.ravel()).reshape(n_knots, n_columns)
    return change.astype(np.float64), loss / len(labels)


def _grades(columns: NDArray[np.float32], examples: Examples, penalty: float) -> Floats:
    """(knots, columns) by ridge regression around the mean; NaN without any grade."""
    known = np.isfinite(examples.grade_share)
    shape = (len(KNOTS), columns.shape[1])
    if not known.any():
        return np.full(shape, np.nan)
    mean = examples.grade_share[known].mean()
    right, gram = np.zeros(shape), np.zeros((*shape, *shape))
    for day in np.unique(examples.day[known]):
        rows = known & (examples.day == day)
        part, (left, weights) = columns[rows], _hats(day)
        slope, product = part.T @ (examples.grade_share[rows] - mean), part.T @ part
        right[left : left + 2] += weights[:, None] * slope
        for one in (0, 1):
            for other in (0, 1):
                gram[left + one, :, left + other] += weights[one] * weights[other] * product
    size = shape[0] * shape[1]
    found = np.linalg.solve(gram.reshape(size, size) + penalty * np.eye(size), right.ravel()).reshape(shape)
    found[:, -1] += mean
    return found.astype(np.float64)
