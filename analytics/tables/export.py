"""A table as CSV: all rows of the question, in its order, with its columns; streamed."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Any

from analytics.tables.columns import plain
from analytics.tables.query import TableQuery

CHUNK_ROWS = 2000
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for a formula when a text begins with it (CWE-1236)."""


class _Line:
    """csv.writer writes to something with a method `write`; this hands the line on."""

    def write(self, line: str) -> str:
        return line


def csv_lines(columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> Iterator[str]:
    """Lines of a CSV file as RFC 4180 has it, with a mark of UTF-8 in front, which spreadsheets ask for."""
    writer = csv.writer(_Line())
    yield "\ufeff" + writer.writerow(columns)
    for row in rows:
        yield writer.writerow([harmless(plain(value)) for value in row])


def harmless(value: Any) -> Any:
    """Text that no spreadsheet takes for a formula; an apostrophe goes before it. Numbers keep their sign."""
    is_formula = isinstance(value, str) and value.startswith(FORMULA_SIGNS)
    return f"'{value}" if is_formula else value


def table_lines(query: TableQuery) -> Iterator[str]:
    rows = query.rows().iterator(chunk_size=CHUNK_ROWS)
    columns = query.columns
    return csv_lines([column.name for column in columns], ([each.value_of(row) for each in columns] for row in rows))


def json_row(query: TableQuery, row: Any) -> dict[str, Any]:
    """One row as the API answers it: the columns' names and values."""
    return {column.name: plain(column.value_of(row)) for column in query.columns}
