"""What happened in the academy, written down column by column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.models import Unit, Verb

VERBS = tuple(Verb)
UNITS = tuple(Unit)


@dataclass(frozen=True)
class Events:
    """n events in the order of time."""

    learner: NDArray[np.int64]
    activity: NDArray[np.int64]
    """Index of a part; -1 - c is course c itself."""
    verb: NDArray[np.int64]
    """Index into VERBS."""
    at: NDArray[np.int64]
    """Seconds since the window began."""
    value: NDArray[np.float64]
    """NaN where the event has none."""
    unit: NDArray[np.int64]
    """Index into UNITS."""

    def before(self, seconds: float) -> Events:
        return self._chosen(self.at < seconds)

    def in_order(self) -> Events:
        return self._chosen(np.argsort(self.at, kind="stable"))

    def _chosen(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Events:
        return Events(
            self.learner[which],
            self.activity[which],
            self.verb[which],
            self.at[which],
            self.value[which],
            self.unit[which],
        )


class Diary:
    def __init__(self) -> None:
        self._pages: list[tuple[NDArray[np.float64], ...]] = []

    def write(
        self, learner: ArrayLike, activity: ArrayLike, verb: Verb, at: ArrayLike,
        value: ArrayLike = np.nan, unit: Unit = Unit.NONE,
    ) -> None:  # fmt: skip
        """Add one event per learner; `at` in seconds since the window began, arrays of one length or scalars."""
        columns = np.broadcast_arrays(learner, activity, VERBS.index(verb), at, value, UNITS.index(unit))
        self._pages.append(tuple(np.asarray(column, dtype=np.float64) for column in columns))

    def events(self) -> Events:
        learner, activity, verb, at, value, unit = (
            np.concatenate([page[column] for page in self._pages]) for column in range(6)
        )
        return Events(
            learner.astype(np.int64),
            activity.astype(np.int64),
            verb.astype(np.int64),
            at.astype(np.int64),
            value,
            unit.astype(np.int64),
        ).in_order()
