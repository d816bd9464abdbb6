"""Delimited text (RFC 4180): header, delimiter and encoding found out, rows parsed fast where they are plain.

A block whose rows Arrow finds as many of as there are line ends is taken from Arrow. Every other block is gone
through row by row, so that each broken row gets its own sentence and costs no other row.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.csv
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from analytics.errors import InvalidInput
from analytics.imports.tables.base import BrokenRow, Parsed, Position, Table, as_texts, check_columns
from analytics.imports.tables.rows import ROW_BYTES, Block, blocks
from analytics.imports.tables.text import BOM, Text

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_ROWS = 50
SHOWN_CHARACTERS = 300


@dataclass(frozen=True, kw_only=True)
class Delimited(Table):
    kind: ClassVar[str] = "csv"
    text: Text
    start: int
    """Where the first row begins, in bytes of UTF-8."""

    def parsed(self, position: Position, n_rows: int) -> Iterator[Parsed]:
        first_row = position.get("row", 1)
        start = position.get("byte", 0) or self.start
        with self.text.stream() as stream:
            stream.jump(start)
            for block in blocks(stream, start, n_rows):
                found = _plain(self, block, first_row) or _careful(self, block, first_row)
                first_row += found.n_rows
                position = {"byte": block.end, "row": first_row}
                yield Parsed(found.table, found.row_numbers, position, stream.share(block.end), found.broken)


def opened(text: Text, delimiter: str = "") -> Delimited:
    """Read the header; without a delimiter, take the one that splits the first rows most alike.

    Raises:
        InvalidInput: the file is not text or has no header.
    """
    name = text.source.name
    sample = text.sample()
    first = sample[: sample.find(b"\n") + 1] or sample
    if b"\0" in first:
        raise InvalidInput(_("The file %(file)s is no text: it holds NUL bytes.") % {"file": name}, "file")
    if len(first) > ROW_BYTES or b"\r" in first.rstrip(b"\r\n"):
        raise InvalidInput(
            _("The first line of %(file)s is no header: the lines must end with a line feed.") % {"file": name}, "file"
        )
    header = _header(first, name)
    delimiter = delimiter or _delimiter(header, sample)
    columns = [column.strip() for column in _fields(header, delimiter) or []]
    check_columns(name, columns)
    return Delimited(
        source=text.source, columns=columns, encoding=text.encoding, delimiter=delimiter, text=text, start=len(first)
    )


def _header(first: bytes, name: str) -> str:
    try:
        return first.removeprefix(BOM).decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            _("The header of %(file)s is not text in its encoding (byte %(byte)s); choose another encoding.")
            % {"file": name, "byte": error.start},
            "encoding",
        ) from error


def _delimiter(header: str, sample: bytes) -> str:
    """The delimiter that splits most of the first rows into as many fields as the header, and into the most."""
    text = sample.removeprefix(BOM).decode(errors="replace").splitlines()[: SAMPLE_ROWS + 1]

    def fitness(delimiter: str) -> tuple[float, int]:
        n_columns = len(_fields(header, delimiter) or [])
        try:
            rows = list(csv.reader(io.StringIO("\n".join(text[1:])), delimiter=delimiter))
        except csv.Error:
            rows = []
        found = Counter(len(row) for row in rows if row)
        alike = found[n_columns] / max(found.total(), 1) if n_columns > 1 else 0.0
        return (round(alike, 1), n_columns)

    return max(DELIMITERS, key=fitness)


def _fields(text: str, delimiter: str) -> list[str] | None:
    """The fields of one row, or None where its quoting is broken."""
    try:
        rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


@dataclass(frozen=True)
class _Found:
    """The rows of a block."""

    table: pa.Table
    row_numbers: NDArray[np.int64]
    broken: list[BrokenRow]

    @property
    def n_rows(self) -> int:
        return len(self.row_numbers) + len(self.broken)


def _plain(file: Delimited, block: Block, first_row: int) -> _Found | None:
    """The block as Arrow parses it, or None where that cannot be trusted row by row."""
    n_rows = len(block.ends)
    if block.n_skipped_bytes or block.content.count(b"\n") > n_rows or np.diff(block.ends, prepend=0).max() > ROW_BYTES:
        return None
    names = [f"{place}" for place in range(len(file.columns))]
    try:
        table = pyarrow.csv.read_csv(
            pa.py_buffer(block.content),
            read_options=pyarrow.csv.ReadOptions(column_names=names, block_size=len(block.content) + 1),
            parse_options=pyarrow.csv.ParseOptions(delimiter=file.delimiter),
            convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != n_rows:
        return None
    numbers = np.arange(first_row, first_row + n_rows, dtype=np.int64)
    return _Found(table.rename_columns(file.columns), numbers, [])


def _careful(file: Delimited, block: Block, first_row: int) -> _Found:
    rows: list[list[str | None]] = []
    numbers: list[int] = []
    broken: list[BrokenRow] = []
    number = first_row
    for content in _believable(file, block):
        if not content.strip():
            continue
        row = _row(file, content, number, block.n_skipped_bytes)
        if isinstance(row, BrokenRow):
            broken.append(row)
        else:
            rows.append(row)
            numbers.append(number)
        number += 1
    table = as_texts(file.columns, rows)
    return _Found(table, np.array(numbers, dtype=np.int64), broken)


def _believable(file: Delimited, block: Block) -> Iterator[bytes]:
    """The rows; one of several lines that does not parse into all columns is taken as so many rows."""
    for content in block.rows():
        if content.count(b"\n") <= 1 or len(_fields_of(file, content) or []) == len(file.columns):
            yield content
        else:
            yield from content.splitlines(keepends=True)


def _fields_of(file: Delimited, content: bytes) -> list[str] | None:
    try:
        return _fields(content.decode().rstrip("\r\n"), file.delimiter)
    except UnicodeDecodeError:
        return None


def _row(file: Delimited, content: bytes, number: int, n_skipped_bytes: int) -> list[str | None] | BrokenRow:
    """The fields of one row, or why there are none."""
    text = content.decode(errors="backslashreplace").rstrip("\r\n")

    def broken(code: str, sentence: str) -> BrokenRow:
        return BrokenRow(number, code, sentence, text[:SHOWN_CHARACTERS])

    if len(content) + n_skipped_bytes > ROW_BYTES:
        return broken(
            "row_too_long",
            _("The row is %(n)s bytes long; the longest that is read has %(most)s.")
            % {"n": len(content) + n_skipped_bytes, "most": ROW_BYTES},
        )
    try:
        content.decode()
    except UnicodeDecodeError:
        sentence = _("The row is not text in the encoding %s; choose another, or save the file as “CSV UTF-8”.")
        return broken("not_utf8", sentence % file.text.encoding.name)
    fields = _fields(text, file.delimiter)
    if fields is None:
        return broken("broken_quoting", _("A quote in the row is not closed, or stands in the middle of a field."))
    if len(fields) != len(file.columns):
        return broken(
            "wrong_number_of_fields",
            _("The row has %(n)s fields, the header has %(expected)s.")
            % {"n": len(fields), "expected": len(file.columns)},
        )
    return list(fields)
