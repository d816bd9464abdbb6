"""Rejected rows as a file in the columns of the source: to be mended and sent again.

One more column, whose name tells the import, holds the reason. By that column the file is known when it comes back.
Cells that a spreadsheet would take for a formula get an apostrophe on the way out, and lose it on the way in.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from analytics.models import Import, Organisation, RowVerdict, Verdict

REASON = re.compile(r"rejected_by_import_(\d{1,18})")
LINE = "unreadable_line"
"""Holds the text of rows that could not be split into columns."""
BROKEN = ["text"]
"""The content of such a row."""
ESCAPED = r"^'([=+\-@\t\r\n'])"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)?")
ROWS_AT_A_TIME = 2000


class _Echo:
    """What csv.writer writes to: hands back the line just written."""

    def write(self, text: str) -> str:
        return text


def csv_lines(import_: Import) -> Iterator[str]:
    """The header, then a line for each rejected row; read from the database as it is sent."""
    writer: Any = csv.writer(_Echo())
    columns, has_broken = _columns(import_)
    extra = [LINE] if has_broken else []
    yield writer.writerow([*map(harmless, columns), *extra, f"rejected_by_import_{import_.pk}"])
    rejected = RowVerdict.objects.filter(from_import=import_, verdict=Verdict.REJECTED)
    rejected = rejected.order_by("file_name", "row_number", "pk")
    for row in rejected.iterator(chunk_size=ROWS_AT_A_TIME):
        is_broken = list(row.content) == BROKEN and BROKEN[0] not in columns
        cells = [row.content.get(name) for name in columns] + [row.content["text"] if is_broken else ""] * len(extra)
        yield writer.writerow([*map(harmless, cells), f"{row.file_name}:{row.row_number}: {row.sentence}"])


def harmless(cell: Any) -> str:
    """The cell as text that no spreadsheet takes for a formula (numbers may keep their sign)."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(text) else text


def as_sent(rows: pa.Table) -> pa.Table:
    """The (n,) rows of a file that came back, without the apostrophes that `harmless` put there."""
    if not any(REASON.fullmatch(name) for name in rows.column_names):
        return rows
    columns = [_unescaped(column) if pa.types.is_string(column.type) else column for column in rows.columns]
    return pa.Table.from_arrays(columns, names=rows.column_names)


def mended(organisation: Organisation, columns: Sequence[str]) -> Import | None:
    """The import of the organisation whose rejected rows come back in a file with these columns."""
    found = (REASON.fullmatch(name) for name in columns)
    numbers = [int(match[1]) for match in found if match]
    return Import.objects.filter(organisation=organisation, pk__in=numbers[:1]).first()


def is_extra(column: str) -> bool:
    """Whether the column is one that `csv_lines` put beside the file's own."""
    return column == LINE or REASON.fullmatch(column) is not None


def _unescaped(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring_regex(column, ESCAPED, r"\1", max_replacements=1)


def _columns(import_: Import) -> tuple[list[str], bool]:
    """The columns of the rejected rows in the order of their files, and whether some rows had none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT jsonb_object_keys(content) AS name FROM analytics_rowverdict "
            "WHERE from_import_id = %s AND verdict = %s ORDER BY name",
            [import_.pk, Verdict.REJECTED],
        )
        there = [name for (name,) in cursor.fetchall()]
    known = [name for names in import_.checkpoint.get("columns", {}).values() for name in names]
    ordered = [name for name in dict.fromkeys(known) if name in there and not is_extra(name)]
    rest = [name for name in there if name not in known and name not in BROKEN]
    return ordered + rest, "text" in there and "text" not in known
