"""Foreign keys checked once for each row that is referred to, instead of once for each of a million rows that refer.

PostgreSQL checks a foreign key by a trigger for every row that is inserted: with the four of an event that takes five
times as long as everything else. A load knows its few thousand learners and activities beforehand, so it locks
exactly those, in the same way as the trigger would, and inserts with the triggers off. Only a superuser, or a role
that was granted `SET ON PARAMETER session_replication_role`, may do that; for any other the triggers do their work.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.db import ProgrammingError, connection, transaction
from psycopg2.errors import InsufficientPrivilege

KEPT = """
WITH organisation AS (
    SELECT id FROM analytics_organisation WHERE id = %(organisation)s FOR KEY SHARE
), source AS (
    SELECT id FROM analytics_import WHERE id = %(import)s FOR KEY SHARE
), learner AS (
    SELECT id FROM analytics_learner
    WHERE organisation_id = %(organisation)s AND external_id IN (SELECT learner FROM staged_event) FOR KEY SHARE
), activity AS (
    SELECT id FROM analytics_activity
    WHERE organisation_id = %(organisation)s AND external_id IN (SELECT activity FROM staged_event) FOR KEY SHARE
)
SELECT (SELECT count(*) FROM organisation), (SELECT count(*) FROM source),
       (SELECT count(*) FROM learner), (SELECT count(*) FROM activity)
"""


@contextlib.contextmanager
def kept(organisation_id: int, import_id: int) -> Iterator[None]:
    """Inside the block nothing that the staged events refer to can be deleted, and no trigger looks it up again.

    The events that are inserted must take their references from joins on those very rows.
    """
    with connection.cursor() as cursor:
        cursor.execute(KEPT, {"organisation": organisation_id, "import": import_id})
        is_off = _switched_off()
        yield
        if is_off:
            cursor.execute("SET LOCAL session_replication_role TO DEFAULT")


@contextlib.contextmanager
def unchecked() -> Iterator[None]:
    """Inside the block, in a transaction, rows are deleted without a look at every row that might refer to each.

    Only for rows that are locked FOR UPDATE and were then seen to be referred to by nothing: a load locks what it
    refers to, so nothing can come to refer to them any more.
    """
    is_off = _switched_off()
    yield
    if is_off:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role TO DEFAULT")


def _switched_off() -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role TO replica")
    except ProgrammingError as error:
        if isinstance(error.__cause__, InsufficientPrivilege):
            return False
        raise
    return True
