"""The months of the event table: made when the first event of a month comes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from django.db import connection, transaction

PARTITION_LOCK = 7_101
"""Advisory lock: one process at a time makes months."""


def ensure_months(days: Iterable[date]) -> list[date]:
    """Make the missing months of the days (UTC); the first days of those made.

    Call it before the transaction that writes events, never inside: attaching a partition locks the tables that
    events refer to against writers, and two imports that had already written to them would wait for each other.
    """
    months = sorted({day.replace(day=1) for day in days})
    if not (missing := _missing(months)):
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PARTITION_LOCK])
        missing = _missing(missing)
        for month in missing:
            _make(month)
    return missing


def name_of(month: date) -> str:
    return f"analytics_event_{month:%Y_%m}"


def _missing(months: list[date]) -> list[date]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class JOIN pg_inherits ON inhrelid = pg_class.oid "
            "WHERE inhparent = 'analytics_event'::regclass"
        )
        there = {name for (name,) in cursor.fetchall()}
    return [month for month in months if name_of(month) not in there]


def _make(month: date) -> None:
    """Make a table and attach it, because CREATE .. PARTITION OF would lock out everyone who reads events."""
    name = name_of(month)
    following = (month + timedelta(days=31)).replace(day=1)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name} (LIKE analytics_event INCLUDING DEFAULTS)")
        cursor.execute(
            f"ALTER TABLE analytics_event ATTACH PARTITION {name} FOR VALUES FROM (%s) TO (%s)",
            [f"{month} 00:00+00", f"{following} 00:00+00"],
        )
