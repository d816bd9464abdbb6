"""What a dry run remembers: it keeps no rows, yet later batches refer to what earlier ones told."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from functools import cached_property
from typing import IO

import pyarrow as pa
from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from analytics.imports.copying import copy_rows
from analytics.imports.formats.base import Target
from analytics.imports.ledger import Counts
from analytics.imports.marks import PLACE, Mark, on_places, places_of
from analytics.jobs import Lease
from analytics.models import Import, RowVerdict, Verdict

MADE = """
CREATE TEMP TABLE IF NOT EXISTS tried_key (id text PRIMARY KEY);
CREATE TEMP TABLE IF NOT EXISTS trying_key (place bigint, id text) ON COMMIT DELETE ROWS;
TRUNCATE trying_key
"""
REPEATED = "SELECT place FROM trying_key JOIN tried_key USING (id)"
REMEMBERED = "INSERT INTO tried_key SELECT id FROM trying_key ON CONFLICT DO NOTHING"


PACKED = pa.ipc.IpcWriteOptions(compression="zstd")
NEEDS_NOTHING = frozenset({Target.EVENTS, Target.STATEMENTS})
"""Rows that make what they refer to, so that it does not matter what came before them."""


class Tried:
    """The cleaned batches of catalogue and people so far, on disk, to be there again while a later one is tried.

    n batches of them so cost n²/2 loads; the batches of events, of which there are many, cost none. The file has no
    name, so that nothing about people is left behind by a process that is killed.
    """

    def __init__(self) -> None:
        self._starts: list[tuple[Target, int]] = []

    @cached_property
    def _file(self) -> IO[bytes]:
        return tempfile.TemporaryFile(dir=settings.HOME)

    def before(self, target: Target) -> Iterator[tuple[Target, pa.Table]]:
        """What has to be there for rows of this kind."""
        for earlier, start in () if target in NEEDS_NOTHING else self._starts:
            self._file.seek(start)
            yield earlier, pa.ipc.open_stream(self._file).read_all()

    def add(self, target: Target, rows: pa.Table) -> None:
        if target in NEEDS_NOTHING or not rows.num_rows:
            return
        self._starts.append((target, self._file.seek(0, os.SEEK_END)))
        with pa.ipc.new_stream(self._file, rows.schema, options=PACKED) as stream:
            stream.write_table(rows)


def begin(import_: Import, lease: Lease) -> None:
    """Begin the dry run, anew if another process was killed amidst it: what that one remembered is gone."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS tried_key")
    if import_.checkpoint:
        with transaction.atomic():
            RowVerdict.objects.filter(from_import=import_).delete()
            lease.confirm(**Counts().fields(), checkpoint={}, progress_share=0.0)
        import_.refresh_from_db()


def known_ids(rows: pa.Table) -> tuple[pa.Table, list[Mark]]:
    """The (n,) rows without those whose id came in a batch before, and the marks on these; remembers the others.

    In a table of the session, so that memory is bounded.
    """
    if "id" not in rows.column_names or rows["id"].null_count == rows.num_rows:
        return rows, []
    with connection.cursor() as cursor:
        cursor.execute(MADE)
        named = rows.select([PLACE, "id"]).filter(rows["id"].is_valid())
        copy_rows("trying_key", named)
        cursor.execute(REPEATED)
        repeated = [place for (place,) in cursor.fetchall()]
        cursor.execute(REMEMBERED)
    mark = on_places(repeated, Verdict.MERGED, "repeated_id", _("The id “{id}” came earlier in the same file."))
    fresh = pa.array([place not in set(repeated) for place in places_of(rows).tolist()]) if repeated else None
    return rows if fresh is None else rows.filter(fresh), [mark] if repeated else []
