"""Distinct learners over any days and courses, counted from bits: exact, and in milliseconds.

A learner of two days or of two courses counts once, so that no counts of days can be added up; bits can be or-ed.
"""
# ruff: noqa: S608  (what is put together are this file's constants and SQL that Django made; values are parameters)

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.aggregates import BitOr
from django.db import connection
from django.db.models import IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.expressions import Combinable

from analytics.aggregates.learner_bits_sql import NOBODY
from analytics.aggregates.period import Period
from analytics.models import Activity, DayLearners, Organisation

Courses = QuerySet[Activity] | Sequence[int] | None
Rows = QuerySet[DayLearners]


def rows_of(organisation: Organisation, courses: Courses, period: Period) -> Rows:
    """Bits of the period's days: of all that was done, or of what was done in the courses."""
    days = within(DayLearners.objects.filter(organisation=organisation), period)
    return days.filter(course__isnull=True) if courses is None else days.filter(course__in=courses)


def within(days: Rows, period: Period) -> Rows:
    return days.filter(on__range=(period.first_on, period.last_on))


def n_learners(rows: Rows) -> int:
    blocks, values = _grouped(rows)
    return int(_one(f"SELECT coalesce(sum(bit_count(bits)), 0) FROM ({blocks}) counted", values))


def n_learners_by(rows: Rows, key: Combinable) -> dict[Any, int]:
    """By any expression over the rows: a day, the Monday of a week, a course."""
    blocks, values = _grouped(rows.annotate(key=key), "key")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT key, sum(bit_count(bits))::int FROM ({blocks}) counted GROUP BY key", values)
        return dict(cursor.fetchall())


def n_gone(then: Rows, since: Rows) -> int:
    """Learners of the one rows who are not among those of the other."""
    before, values = _grouped(then)
    after, more = _grouped(since)
    return int(
        _one(
            f"""
            SELECT coalesce(sum(bit_count(before.bits & ~coalesce(after.bits, {NOBODY}))), 0)
            FROM ({before}) before LEFT JOIN ({after}) after USING (block)
            """,
            (*values, *more),
        )
    )


class CourseLearners(Subquery):
    """Learners of the period in the course that the outer query is about."""

    template = "(SELECT coalesce(sum(bit_count(bits)), 0)::int FROM (%(subquery)s) counted)"
    output_field = IntegerField()

    def __init__(self, period: Period) -> None:
        """Of the period's days."""
        days = DayLearners.objects.filter(organisation=OuterRef("organisation"), course=OuterRef("pk"))
        super().__init__(_blocks(within(days, period)))


def _blocks(rows: QuerySet[DayLearners], *keys: str) -> QuerySet[Any, Any]:
    grouped: QuerySet[Any, Any] = rows.order_by().values(*keys, "block").annotate(bits=BitOr("learners"))
    return grouped


def _grouped(rows: Rows, *keys: str) -> tuple[str, tuple[Any, ...]]:
    """SQL of the or-ed bits by block and keys, and its parameters."""
    sql, values = _blocks(rows, *keys).query.sql_with_params()
    return sql, values


def _one(sql: str, values: Sequence[Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()[0]
