"""What a dry run remembers: it keeps no rows, yet an id that comes again in a later batch came before."""

from __future__ import annotations

import pyarrow as pa
from django.db import connection
from django.utils.translation import gettext as _

from analytics.imports.copying import copy_rows
from analytics.imports.marks import PLACE, Mark, on_places, places_of
from analytics.models import Verdict

MADE = """
CREATE TEMP TABLE IF NOT EXISTS tried_key (id text PRIMARY KEY);
CREATE TEMP TABLE IF NOT EXISTS trying_key (place bigint, id text) ON COMMIT DELETE ROWS;
TRUNCATE trying_key
"""
REPEATED = "SELECT place FROM trying_key JOIN tried_key USING (id)"
REMEMBERED = "INSERT INTO tried_key SELECT id FROM trying_key ON CONFLICT DO NOTHING"


def forget() -> None:
    """Forget the ids of a dry run that this session did before."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS tried_key")


def known_ids(rows: pa.Table) -> tuple[pa.Table, list[Mark]]:
    """The (n,) rows without those whose id came in a batch before, and the marks on these; remembers the others.

    In a table of the session, so that memory is bounded; a dry run that another process goes on with begins anew.
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
