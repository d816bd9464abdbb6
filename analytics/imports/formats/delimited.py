"""Delimited text (RFC 4180): header, delimiter and encoding found out, rows parsed fast where they are plain.

A block whose rows Arrow finds as many of as there are line ends is taken from Arrow. Every other block is gone
through row by row, so that each broken row gets its own sentence and costs no other row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from analytics.errors import InvalidInput
from analytics.imports.formats.base import BrokenRow
from analytics.imports.formats.rows import ROW_BYTES, Block, blocks

BOM = b"\xef\xbb\xbf"
DELIMITERS = (",", ";", "\t", "|")
SHOWN_CHARACTERS = 300


@dataclass(frozen=True)
class Parsed:
    """The rows of one block; `table` has every column of the file as text."""

    table: pa.Table
    row_numbers: NDArray[np.int64]
    broken: list[BrokenRow]
    end: int
    """Where the block ends in the file, in bytes."""
    next_row: int
    """The number of the row that comes after the block."""


@dataclass(frozen=True)
class Delimited:
    """A file whose header has been read."""

    path: Path
    delimiter: str
    columns: list[str]
    start: int
    """Where the first row begins, in bytes."""
    n_bytes: int

    def parsed(self, start: int, first_row: int, n_rows: int) -> Iterator[Parsed]:
        """Parse on from a place that an earlier block named, at most `n_rows` rows at a time."""
        with open(self.path, "rb") as file:
            for block in blocks(file, start or self.start, n_rows):
                found = _plain(self, block, first_row) or _careful(self, block, first_row)
                yield found
                first_row = found.next_row


def opened(path: Path, delimiter: str = "") -> Delimited:
    """Read the header; without a delimiter, take the one that splits it into the most columns.

    Raises:
        InvalidInput: the file cannot be read, is empty, is not UTF-8 or has no header.
    """
    start, text = _header(path)
    delimiter = delimiter or max(DELIMITERS, key=lambda each: len(_fields(text, each) or []))
    columns = [column.strip() for column in _fields(text, delimiter) or []]
    if not any(columns):
        raise InvalidInput(_("The file %(file)s has no header in its first line.") % {"file": path.name}, "file")
    return Delimited(path, delimiter, columns, start, path.stat().st_size)


def _header(path: Path) -> tuple[int, str]:
    """Where the rows begin and the text of the header."""
    try:
        with open(path, "rb") as file:
            sample = file.read(ROW_BYTES)
    except OSError as error:
        raise InvalidInput(
            _("The file %(file)s cannot be read: %(error)s.") % {"file": path.name, "error": error.strerror}, "file"
        ) from error
    if not sample.removeprefix(BOM).strip():
        raise InvalidInput(_("The file %(file)s is empty.") % {"file": path.name}, "file")
    _check_encoding(path, sample)
    first = sample[: sample.find(b"\n") + 1] or sample
    if len(first) >= ROW_BYTES or (b"\r" in first.rstrip(b"\r\n")):
        raise InvalidInput(
            _("The first line of %(file)s is no header: the lines must end with a line feed.") % {"file": path.name},
            "file",
        )
    return len(first), first.removeprefix(BOM).decode().rstrip("\r\n")


def _check_encoding(path: Path, sample: bytes) -> None:
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in sample.partition(b"\n")[0]:
        fault = _("it is UTF-16, or not text at all")
    else:
        try:
            sample.decode()
            return
        except UnicodeDecodeError as error:
            if error.start > len(sample) - 4 and len(sample) == ROW_BYTES:
                return  # the sample ends in the middle of a character
            fault = _("byte %(byte)s is not valid there") % {"byte": error.start}
    raise InvalidInput(
        _("The file %(file)s is not UTF-8 text (%(fault)s). Save it as “CSV UTF-8” and import that.")
        % {"file": path.name, "fault": fault},
        "file",
    )


def _fields(text: str, delimiter: str) -> list[str] | None:
    """The fields of one row, or None where its quoting is broken."""
    try:
        rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _plain(file: Delimited, block: Block, first_row: int) -> Parsed | None:
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
    return Parsed(table.rename_columns(file.columns), numbers, [], block.end, first_row + n_rows)


def _careful(file: Delimited, block: Block, first_row: int) -> Parsed:
    rows: list[list[str]] = []
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
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _column in file.columns]
    table = pa.Table.from_arrays([pa.array(column, pa.string()) for column in columns], names=file.columns)
    return Parsed(table, np.array(numbers, dtype=np.int64), broken, block.end, number)


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


def _row(file: Delimited, content: bytes, number: int, n_skipped_bytes: int) -> list[str] | BrokenRow:
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
        return broken("not_utf8", _("The row is not UTF-8 text; save the file as “CSV UTF-8”."))
    fields = _fields(text, file.delimiter)
    if fields is None:
        return broken("broken_quoting", _("A quote in the row is not closed, or stands in the middle of a field."))
    if len(fields) != len(file.columns):
        return broken(
            "wrong_number_of_fields",
            _("The row has %(n)s fields, the header has %(expected)s.")
            % {"n": len(fields), "expected": len(file.columns)},
        )
    return fields
