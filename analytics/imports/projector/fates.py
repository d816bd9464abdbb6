"""What became of statements, written down and counted; and events taken out again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from analytics.aggregates.rollups import mark_dirty
from analytics.models import Event, EventKey, Fate, StatementFate, VerbCount

Key = tuple[str, str, str]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

COUNT = """
INSERT INTO analytics_verbcount (organisation_id, verb, activity_type, fate, n_statements, last_at)
SELECT %s, verb, activity_type, fate, n, at
FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::timestamptz[]) AS g (verb, activity_type, fate, n, at)
ON CONFLICT (organisation_id, verb, activity_type, fate) DO UPDATE
SET n_statements = analytics_verbcount.n_statements + excluded.n_statements,
    last_at = greatest(analytics_verbcount.last_at, excluded.last_at)
"""
RECOUNT = """
INSERT INTO analytics_verbcount (organisation_id, verb, activity_type, fate, n_statements, last_at)
SELECT fate.organisation_id, fate.verb, activity_type, fate, count(*), max(stored_at)
FROM analytics_statementfate fate JOIN analytics_statement statement ON statement.id = statement_id
WHERE fate.organisation_id = %s GROUP BY 1, 2, 3, 4
"""

STATEMENTS_OF_FILES = """
WITH gone AS (
    SELECT id FROM analytics_statement WHERE organisation_id = %(organisation)s AND from_import_id = ANY(%(imports)s)
), links AS (
    DELETE FROM analytics_statementlink WHERE statement_id IN (SELECT id FROM gone)
), fates AS (
    DELETE FROM analytics_statementfate WHERE statement_id IN (SELECT id FROM gone)
)
DELETE FROM analytics_statement WHERE id IN (SELECT id FROM gone)
"""
ROLLED_BACK = "rolled_back"


def keep(organisation_id: int, fates: Sequence[StatementFate], stored_at: datetime) -> None:
    """Write the fates of new statements, the last of which was stored then."""
    StatementFate.objects.bulk_create(fates)
    count(organisation_id, Counter(map(_key, fates)), stored_at)


def count(organisation_id: int, counts: Counter[Key], at: datetime) -> None:
    """Add to the counts; only the projector writes them, one per organisation, so that nobody waits for a row."""
    rows = sorted((*key, n, at) for key, n in counts.items() if n)
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(COUNT, [organisation_id, *map(list, zip(*rows, strict=True))])


def recount(organisation_id: int) -> None:
    """Count all fates anew, after many of them changed at once."""
    VerbCount.objects.filter(organisation=organisation_id).delete()
    with connection.cursor() as cursor:
        cursor.execute(RECOUNT, [organisation_id])


def void(organisation_id: int, targets: Iterable[UUID], at: datetime) -> int:
    """Take out the events of voided statements (1.0.3 Data 2.3.2); how many statements that were.

    What voids cannot be voided. Targets that are not here yet are met when they come.
    """
    fates = list(
        StatementFate.objects.filter(organisation=organisation_id, statement__uuid__in=list(targets)).exclude(
            fate__in=[Fate.VOIDING, Fate.VOIDED]
        )
    )
    changes: Counter[Key] = Counter()
    for fate in fates:
        changes[_key(fate)] -= 1
        changes[fate.verb, fate.activity_type, Fate.VOIDED.value] += 1
    take_out(organisation_id, fates)
    StatementFate.objects.filter(pk__in=[fate.pk for fate in fates]).update(fate=Fate.VOIDED, event_id=None)
    count(organisation_id, changes, at)
    return len(fates)


def roll_back(organisation_id: int, imports: Sequence[int]) -> None:
    """After the events of imports were deleted: statements of files go with them, those of tools stay, and say so."""
    concerned = StatementFate.objects.filter(organisation=organisation_id, from_import__in=imports)
    n_changed = concerned.update(fate=Fate.REJECTED, code=ROLLED_BACK, event_id=None)
    with connection.cursor() as cursor:
        cursor.execute(STATEMENTS_OF_FILES, {"organisation": organisation_id, "imports": list(imports)})
        n_changed += cursor.rowcount
    if n_changed:
        recount(organisation_id)


def forget(organisation_id: int, statement_ids: Sequence[int]) -> None:
    """Undo the projection of statements: no fate, no event."""
    fates = list(StatementFate.objects.filter(organisation=organisation_id, statement__in=statement_ids))
    take_out(organisation_id, fates)
    count(organisation_id, Counter({key: -n for key, n in Counter(map(_key, fates)).items()}), EPOCH)
    StatementFate.objects.filter(pk__in=[fate.pk for fate in fates]).delete()


def _key(fate: StatementFate) -> Key:
    return fate.verb, fate.activity_type, str(fate.fate)


def take_out(organisation_id: int, fates: Sequence[StatementFate]) -> None:
    """Delete the events of statements, and what keeps them from coming again."""
    gone = [fate for fate in fates if fate.event_id is not None]
    if not gone:
        return
    ids: dict[str, Any] = {"id__in": [fate.event_id for fate in gone]}
    span = (min(fate.occurred_at for fate in gone), max(fate.occurred_at for fate in gone))
    events = Event.objects.filter(organisation=organisation_id, occurred_at__range=span, **ids)
    activities = set(events.order_by().values_list("activity_id", flat=True))
    events.delete()
    keys = StatementFate.objects.filter(pk__in=[fate.pk for fate in gone]).values_list("statement__uuid", flat=True)
    EventKey.objects.filter(organisation=organisation_id, key__in=[str(key) for key in keys]).delete()
    mark_dirty(organisation_id, {fate.occurred_at.date() for fate in gone}, activities)
