"""The kinds of raw data that go by age: one line each says how they are counted and deleted, set by set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, Min, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.aggregates import rollups
from analytics.models import DirtyDay, Event, RetentionPolicy, RowVerdict, Statement, StatementFate, VerbCount

BATCH_ROWS = 5000
MONTH_OF_EVENTS = """
    DELETE FROM analytics_event
    WHERE organisation_id = %(organisation)s AND occurred_at >= %(start)s AND occurred_at < %(end)s
"""


@dataclass(frozen=True)
class Kept:
    """One kind: a field of the policy, what is older than an instant, and how it goes."""

    name: str
    """As in the counts of a clean-up."""
    label: str | Promise
    field: str
    older: Callable[[int, datetime], QuerySet[Any]]
    """Organisation and instant -> rows that are older."""
    delete: Callable[[int, datetime], Iterator[int]]
    """Commits in steps and says after each how many rows went."""


def in_batches(rows: QuerySet[Any]) -> Iterator[int]:
    """Delete rows with all that hangs on them, some thousands in a transaction."""
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH_ROWS]):
        with transaction.atomic():
            rows.filter(pk__in=ids).delete()
        yield len(ids)


def old_events(organisation_id: int, before: datetime) -> QuerySet[Event]:
    return Event.objects.filter(organisation=organisation_id, occurred_at__lt=before)


def delete_events(organisation_id: int, before: datetime) -> Iterator[int]:
    """Month by month, so that each statement touches one partition. Their days are first added up a last time."""
    rollups.refresh(organisation_id)
    DirtyDay.objects.filter(organisation=organisation_id, on__gt=rollups.EVERY_ACTIVITY, on__lt=before.date()).delete()
    RetentionPolicy.objects.filter(organisation=organisation_id).update(events_from=before.date())
    first = old_events(organisation_id, before).aggregate(first=Min("occurred_at"))["first"]
    start = datetime.combine(first.astimezone(UTC).date().replace(day=1), time(), UTC) if first else before
    while start < before:
        end = min(next_month(start.date()), before)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(MONTH_OF_EVENTS, {"organisation": organisation_id, "start": start, "end": end})
            n_deleted = cursor.rowcount
        yield n_deleted
        start = end


def next_month(day: date) -> datetime:
    return datetime.combine((day.replace(day=1) + timedelta(days=31)).replace(day=1), time(), UTC)


def old_statements(organisation_id: int, before: datetime) -> QuerySet[Statement]:
    return Statement.objects.filter(organisation=organisation_id, stored_at__lt=before)


def delete_statements(rows: QuerySet[Statement]) -> Iterator[int]:
    """With links and fates; the counts by verb follow."""
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH_ROWS]):
        with transaction.atomic():
            fates = StatementFate.objects.filter(statement__in=ids).values(
                "organisation", "verb", "activity_type", "fate"
            )
            for row in fates.annotate(n=Count("pk")).order_by():
                counted = VerbCount.objects.filter(**{name: value for name, value in row.items() if name != "n"})
                counted.update(n_statements=F("n_statements") - row["n"])
            Statement.objects.filter(pk__in=ids).delete()
        yield len(ids)


def old_verdicts(organisation_id: int, before: datetime) -> QuerySet[RowVerdict]:
    return RowVerdict.objects.filter(organisation=organisation_id, from_import__created_at__lt=before)


KINDS: dict[str, Kept] = {}


def add_kept(kept: Kept) -> None:
    KINDS[kept.name] = kept


add_kept(Kept("events", _("Raw events"), "event_days", old_events, delete_events))
add_kept(
    Kept(
        "statements",
        _("xAPI statements"),
        "statement_days",
        old_statements,
        lambda organisation_id, before: delete_statements(old_statements(organisation_id, before)),
    )
)
add_kept(
    Kept(
        "verdicts",
        _("Rows of imports that were not simply accepted"),
        "log_days",
        old_verdicts,
        lambda organisation_id, before: in_batches(old_verdicts(organisation_id, before)),
    )
)
