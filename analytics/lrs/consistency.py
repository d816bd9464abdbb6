"""Who is storing just now, and up to which instant everything stored is there to be read.

A statement's `stored` is the clock of the database, read by the transaction that stores it after it has taken a shared
advisory lock of its organisation. So all that was stored before the oldest transaction with such a lock is committed.
"""

from __future__ import annotations

import time
from datetime import datetime

from django.db import connection

STORING, LINKING = 0x786C7273, 0x786C6C6B
"""First keys of the two kinds of advisory locks; the second is the organisation."""


LATELY_SECONDS = 0.1
_told: dict[int, tuple[float, datetime]] = {}
"""Organisation -> when this process asked last, and what it was told."""


def begin_storing(organisation_id: int) -> datetime:
    """Within a transaction: from now on it is known that it stores; returns the instant to store with."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s), clock_timestamp()", [STORING, organisation_id])
        at: datetime = cursor.fetchone()[1]
    return at


def wait_for_linking(organisation_id: int) -> None:
    """Within a transaction: of those that store StatementRefs, one at a time, so that none misses another's links."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LINKING, organisation_id])


def consistent_through(organisation_id: int) -> datetime:
    """All statements of the organisation that are or will be stored before this instant can be read now.

    1.0.3 Communication 2.1.3, the header X-Experience-API-Consistent-Through. `statement_timestamp()` is taken before
    the locks are looked at: who takes one later stores later.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT least(statement_timestamp(), min(a.xact_start))
            FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.locktype = 'advisory' AND l.classid = %s AND l.objid = %s AND l.objsubid = 2
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """,
            [STORING, organisation_id],
        )
        at: datetime = cursor.fetchone()[0]
    return at


def lately_consistent_through(organisation_id: int) -> datetime:
    """As `consistent_through`, up to a tenth of a second old: what was complete then still is. For those who write."""
    asked, at = _told.get(organisation_id, (0.0, None))
    if at is None or time.monotonic() - asked > LATELY_SECONDS:
        asked, at = time.monotonic(), consistent_through(organisation_id)
        _told[organisation_id] = asked, at
    return at
