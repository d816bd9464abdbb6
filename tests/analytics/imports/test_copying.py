"""Rows of Arrow go into tables of PostgreSQL, and what fails there is told as by any query."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pytest
from django.db import DatabaseError, OperationalError, connection

from analytics.imports.copying import copy_rows

ROWS = pa.table({"id": [1, 2], "text": ["a", None]})


@contextmanager
def table() -> Iterator[Any]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE copied (id bigint, text text)")
        yield cursor
        cursor.execute("DROP TABLE copied")


@pytest.mark.django_db
def test_nothing_is_null_and_text_is_text() -> None:
    with table() as cursor:
        copy_rows("copied", ROWS)
        cursor.execute("SELECT * FROM copied ORDER BY id")
        assert cursor.fetchall() == [(1, "a"), (2, None)]


@pytest.mark.django_db(transaction=True)
def test_an_error_is_one_of_djangos() -> None:
    """Jobs wait for a database that went away, and fail for anything else: both by the class of the error."""
    with table(), pytest.raises(DatabaseError, match="nowhere"):
        copy_rows("nowhere", ROWS)


@pytest.mark.django_db(transaction=True)
def test_so_is_a_connection_that_breaks() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    other = connection.copy()
    with other.cursor() as killing:
        killing.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()
    with pytest.raises(OperationalError):
        copy_rows("analytics_event", ROWS)
    connection.close()
