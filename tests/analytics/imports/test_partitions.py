"""Months of the event table: made once, by however many at a time, and in nobody's way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from threading import Barrier

import pytest
from django.db import connection, transaction

from analytics.imports.partitions import ensure_months, name_of
from analytics.models import Activity, Event, Import, Learner, Organisation

DAYS = [date(1999, 12, 31), date(2000, 1, 1), date(2000, 2, 29)]


def test_months_are_made_once(db: None) -> None:
    assert ensure_months(DAYS) == [date(1999, 12, 1), date(2000, 1, 1), date(2000, 2, 1)]
    assert ensure_months(DAYS) == []
    assert ensure_months([]) == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = %s", [name_of(date(2000, 1, 1))])
        defined = " ".join(definition for (definition,) in cursor.fetchall())
        assert "(learner_id, occurred_at)" in defined
        assert "(organisation_id, occurred_at)" in defined
        assert "brin" in defined
        cursor.execute(
            "SELECT count(*) FROM pg_constraint WHERE conrelid = 'analytics_event_2000_01'::regclass AND contype = 'f'"
        )
        assert cursor.fetchone() == (4,)


def test_events_at_the_edges_of_a_month(db: None) -> None:
    ensure_months(DAYS)
    organisation = Organisation.objects.create(slug="edges", name="Edges")
    common = {
        "organisation": organisation,
        "learner": Learner.objects.create(organisation=organisation, external_id="l"),
        "activity": Activity.objects.create(organisation=organisation, external_id="a"),
        "from_import": Import.objects.create(organisation=organisation, format="csv"),
        "verb": "viewed",
    }
    for at in (datetime(1999, 12, 31, 23, 59, 59, 999999, UTC), datetime(2000, 1, 1, tzinfo=UTC)):
        Event.objects.create(**common, occurred_at=at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM analytics_event ORDER BY occurred_at")
        assert cursor.fetchall() == [("analytics_event_1999_12",), ("analytics_event_2000_01",)]


@pytest.mark.django_db(transaction=True)
def test_many_at_a_time() -> None:
    n_workers = 6
    together = Barrier(n_workers)

    def make(_: int) -> int:
        try:
            connection.ensure_connection()
            together.wait(timeout=30)
            return len(ensure_months([date(1995, 5, 5), date(1995, 6, 5)]))
        finally:
            connection.close()

    with ThreadPoolExecutor(n_workers) as workers:
        assert sum(workers.map(make, range(n_workers))) == 2
    drop(date(1995, 5, 1), date(1995, 6, 1))


@pytest.mark.django_db(transaction=True)
def test_readers_go_on_while_a_month_is_made() -> None:
    """Somebody reads events in a long transaction; the month is made all the same."""

    def make() -> int:
        try:
            return len(ensure_months([date(1995, 7, 5)]))
        finally:
            connection.close()

    with transaction.atomic():
        Event.objects.count()
        with ThreadPoolExecutor(1) as worker:
            assert worker.submit(make).result(timeout=30) == 1
    drop(date(1995, 7, 1))


def drop(*months: date) -> None:
    """Rows are flushed after such a test, tables are not."""
    with connection.cursor() as cursor:
        for month in months:
            cursor.execute(f"DROP TABLE {name_of(month)}")
