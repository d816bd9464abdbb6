"""The cells of a question, as the database counts them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from analytics.aggregates.explore.question import Question
from analytics.aggregates.explore.sources import STATISTICS, cells_sql, parameters_of
from analytics.aggregates.explore.suppression import suppressed

MOST_CELLS = 5000
"""Of one answer; a question with more is to be narrowed."""


@dataclass(frozen=True)
class Cell:
    key: Any
    split: Any
    n_learners: int | None
    """At least so many stand behind it; None where it is hidden."""
    values: dict[str, float | None]
    is_hidden: bool = False

    @property
    def value(self) -> float | None:
        return self.values.get("value")


@dataclass(frozen=True)
class Counted:
    cells: list[Cell]
    is_cut: bool
    at: datetime | None = None
    """When that was, where something changed since."""


Rows = list[list[Any]]
"""Key, split, whether it is hidden, learners, and a value for each name of `names_of`; at most one more than shown."""


def names_of(question: Question) -> tuple[str, ...]:
    """Of the values in each cell."""
    return tuple(STATISTICS) if question.shown == "statistics" else ("value",)


def rows_of(question: Question) -> Rows:
    """One query, however long it takes."""
    values = parameters_of(question) | {"least": settings.NEURALINK_SMALL_CELL}
    with connection.cursor() as cursor:
        cursor.execute(f"{suppressed(cells_sql(question), names_of(question))} LIMIT {MOST_CELLS + 1}", values)
        return [[key, split, is_hidden, n, *map(_real, told)] for key, split, is_hidden, n, *told in cursor.fetchall()]


def _real(value: Any) -> float | None:
    return None if value is None else float(value)


def counted(question: Question, rows: Rows, at: datetime | None = None) -> Counted:
    """The cells that rows stand for."""
    names = names_of(question)
    cells = [
        Cell(key, split, n, dict(zip(names, told, strict=True)), is_hidden)
        for key, split, is_hidden, n, *told in rows[:MOST_CELLS]
    ]
    return Counted(cells, len(rows) > MOST_CELLS, at)
