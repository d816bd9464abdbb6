"""Rejected rows as a file that can be mended and imported again."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.db import connection

from analytics.models import Import, RowVerdict, Verdict

ABOUT = ("file", "row", "code", "reason")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Line:
    """What csv.writer writes to: keeps the line just written."""

    def write(self, text: str) -> str:
        return text


def csv_lines(import_: Import) -> Iterator[str]:
    """The header, then a line for each rejected row; read from the database as it is sent."""
    writer: Any = csv.writer(Line())
    columns = _columns(import_)
    yield writer.writerow([*ABOUT, *map(harmless, columns)])
    rejected = RowVerdict.objects.filter(from_import=import_, verdict=Verdict.REJECTED).order_by("pk")
    for row in rejected.iterator(chunk_size=2000):
        about = [row.file_name, row.row_number, row.code, row.sentence]
        yield writer.writerow([harmless(cell) for cell in (*about, *(row.content.get(name) for name in columns))])


def harmless(cell: Any) -> str:
    """The cell as text that no spreadsheet takes for a formula (numbers may keep their sign)."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(FORMULA_STARTS) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _columns(import_: Import) -> list[str]:
    """The columns of the rejected rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT jsonb_object_keys(content) AS name FROM analytics_rowverdict "
            "WHERE from_import_id = %s AND verdict = %s ORDER BY name",
            [import_.pk, Verdict.REJECTED],
        )
        return [name for (name,) in cursor.fetchall()]
