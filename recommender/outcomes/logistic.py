"""Logistic regression whose coefficients change with the day of the course: the honest baseline.

Between the knots of the calendar the coefficients are interpolated, so that one model answers for every day. Fitted by
Newton's method on the penalised likelihood (Hosmer & Lemeshow, "Applied Logistic Regression", chapter 1); the grade by
ridge regression on the same columns. Cost: examples x features² per step, about ten steps, in NumPy alone.

Subjects differ in what tells who will not finish: each with enough enrolments has a line of its own, in which its
examples count three times. It is one step of Newton's from the common line. With each of OULAD's earlier terms left out
in turn it is worth 0.001 of ROC-AUC on day 7 and 0.003 on day 30; in one common line it is worth nothing to have the
examples of the tested subjects, or those of runs that began in the same month, count more.
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
OWN_WEIGHT = 3.0
"""Of a subject's examples in its own line; those of others count 1."""
OWN_ENROLMENTS = 300
"""Of a subject with a line of its own: fewer would hardly move it, and each costs a system of equations."""


@dataclass(frozen=True)
class LogisticConfig(Config):
    regularization: float = parameter(30.0, minimum=1e-3, maximum=1e6, doc="penalty on squared coefficients")


class Logistic(Predictor):
    name = "logistic"
    config_class = LogisticConfig
    is_additive = True
    arrays: ClassVar = {
        "scale": 2, "coefficients": 2, "subjects": 1, "subject_coefficients": 3, "grade_coefficients": 2,
    }  # fmt: skip
    config: LogisticConfig

    def learn(self, examples: Examples, options: FitOptions) -> State:
        scale = learn_scale(examples.features)
        columns = _with_constant(scaled(examples.features, scale))
        labels, penalty = examples.is_risk.astype(np.float64), self.config.regularization
        coefficients = np.zeros((len(KNOTS), columns.shape[1]))
        coefficients[:, -1] = logit(labels.mean())
        for step in range(MAX_STEPS):
            options.check_stop()
            gradient, curvature, loss = _slopes(columns, examples.day, labels, coefficients)
            change = _solved(curvature, gradient + penalty * coefficients, penalty)
            coefficients -= change
            options.progress(Progress(step + 1, MAX_STEPS, loss=loss))
            if np.abs(change).max() < 1e-4:
                break
        subjects, own = self._own_lines(columns, examples, coefficients, options)
        return {
            "scale": scale,
            "coefficients": coefficients.astype(np.float32),
            "subjects": subjects,
            "subject_coefficients": own,
            "grade_coefficients": _grades(columns, examples, penalty).astype(np.float32),
        }

    def raw(self, examples: Examples) -> tuple[Floats, Floats]:
        columns = _with_constant(scaled(examples.features, self._fitted()["scale"]))
        grades = _coefficients_on(examples.day, self._fitted()["grade_coefficients"])
        return _answers(columns, self._coefficients_of(examples)), _answers(columns, grades)

    def parts(self, examples: Examples) -> Floats:
        columns = scaled(examples.features, self._fitted()["scale"])
        each = columns * self._coefficients_of(examples)[:, :-1]
        owners = np.array([[owner == factor for factor in FACTOR_NAMES] for owner in factor_of_feature().values()])
        return np.asarray(each @ owners.astype(np.float32), np.float64)

    def _own_lines(
        self, columns: NDArray[np.float32], examples: Examples, coefficients: Floats, options: FitOptions
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Subjects with enough enrolments, (s,), and the coefficients of their lines, (s, knots, columns)."""
        pairs = np.unique(np.column_stack([examples.subject, examples.owner]), axis=0)
        found, n_enrolments = np.unique(pairs[:, 0], return_counts=True)
        subjects = found[n_enrolments >= OWN_ENROLMENTS]
        own = np.zeros((len(subjects), *coefficients.shape), np.float32)
        labels, more = examples.is_risk.astype(np.float64), OWN_WEIGHT - 1
        if len(subjects):
            _gradient, common, _loss = _slopes(columns, examples.day, labels, coefficients)
        for place, subject in enumerate(subjects):
            options.check_stop()
            rows = examples.subject == subject
            gradient, curvature, _loss = _slopes(columns[rows], examples.day[rows], labels[rows], coefficients)
            change = _solved(common + more * curvature, more * gradient, self.config.regularization)
            own[place] = coefficients - change
        return subjects.astype(np.int32), own

    def _coefficients_of(self, examples: Examples) -> NDArray[np.float32]:
        """(k, columns): on the day, of the subject's own line if it has one."""
        state = self._fitted()
        found = _coefficients_on(examples.day, state["coefficients"])
        for subject, own in zip(state["subjects"], state["subject_coefficients"], strict=True):
            rows = np.flatnonzero(examples.subject == subject)
            if len(rows):
                found[rows] = _coefficients_on(examples.day[rows], own)
        return found


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


def _answers(columns: NDArray[np.float32], coefficients: NDArray[np.float32]) -> Floats:
    return np.asarray((columns * coefficients).sum(axis=1), np.float64)


def _slopes(
    columns: NDArray[np.float32], days: Ints, labels: Floats, coefficients: Floats
) -> tuple[Floats, Floats, float]:
    """Gradient (knots, columns) and curvature (knots, columns, knots, columns) of the loss, and its mean.

    Examples of one day share their two knots, so the curvature is built from one small product a day.
    """
    n_knots, n_columns = coefficients.shape
    gradient, curvature = np.zeros((n_knots, n_columns)), np.zeros((n_knots, n_columns, n_knots, n_columns))
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
    return gradient, curvature, loss / len(labels)


def _solved(curvature: Floats, gradient: Floats, penalty: float) -> Floats:
    """(knots, columns): how far to go, one step of Newton's."""
    matrix = curvature.reshape(gradient.size, gradient.size) + penalty * np.eye(gradient.size)
    return np.asarray(np.linalg.solve(matrix, gradient.ravel()).reshape(gradient.shape), np.float64)


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
