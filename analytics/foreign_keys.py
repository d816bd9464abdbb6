"""Foreign keys left unchecked in a block, by whoever has seen to it that every reference stands.

PostgreSQL checks a foreign key by a trigger for each row: with the four of an event that takes five times as long as
everything else, and with the three of a learner's day half of a refresh. Only a superuser, or a role that was granted
`SET ON PARAMETER session_replication_role`, may leave that out; for any other the triggers do their work.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.db import ProgrammingError, connection, transaction
from psycopg2.errors import InsufficientPrivilege


@contextlib.contextmanager
def unchecked() -> Iterator[None]:
    """Inside the block, in a transaction, no trigger looks for what rows refer to, nor for what refers to them.

    Rows that are inserted must take their references from rows that this transaction has locked; rows that are deleted
    must be locked FOR UPDATE and then seen to be referred to by nothing.
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
