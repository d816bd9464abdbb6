"""Every kind of table, packed and encoded in every way: the same rows, from every place on."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet
import pytest

from analytics.imports.tables import delimited
from analytics.imports.tables.base import Table
from analytics.imports.tables.opened import open_table
from analytics.imports.tables.text import Text, text_of

NAMES = ["learner", "note", "n"]
ROWS = [[f"l{n % 3}", f'Übung "{n}"\nzwei; drei' if n % 4 == 0 else f"é{n}", str(n)] for n in range(23)]


def text(delimiter: str = ",") -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows([NAMES, *ROWS])
    return file.getvalue()


def workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    for row in [NAMES, *ROWS]:
        book.active.append(row)
    book.save(path)


def parquet(path: Path) -> None:
    columns = dict(zip(NAMES, map(list, zip(*ROWS, strict=True)), strict=True))
    pyarrow.parquet.write_table(pa.table(columns), path, row_group_size=5)


def json_lines(path: Path) -> None:
    path.write_text("".join(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in ROWS))


def zipped_workbook(path: Path) -> None:
    workbook(path)
    content = path.read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner/book.xlsx", content)


WRITERS: dict[str, Callable[[Path], object]] = {
    "comma": lambda path: path.write_text(text()),
    "tabulator, UTF-16": lambda path: path.write_text(text("\t"), "utf-16"),
    "semicolon, cp1252": lambda path: path.write_text(text(";"), "cp1252"),
    "returns": lambda path: path.write_bytes(text().replace("\nzwei", " zwei").replace("\n", "\r").encode()),
    "gzip": lambda path: path.write_bytes(gzip.compress(text().encode("utf-8-sig"))),
    "workbook": workbook,
    "workbook in a zip": zipped_workbook,
    "parquet": parquet,
    "JSON lines": json_lines,
}


def rows(table: Table, position: dict[str, int], n_rows: int) -> list[tuple[int, ...]]:
    return [
        (int(number), *values.values())
        for parsed in table.parsed(position, n_rows)
        for number, values in zip(parsed.row_numbers, parsed.table.to_pylist(), strict=True)
    ]


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("n_rows", [1, 4, 100])
def test_the_same_rows_from_every_place(tmp_path: Path, kind: str, n_rows: int) -> None:
    WRITERS[kind](tmp_path / "file")
    table = open_table(tmp_path / "file")
    whole = rows(table, {}, n_rows)
    note = {"returns": "\n"}.get(kind, "")
    expected = [[value.replace("\nzwei", " zwei") if note else value for value in row] for row in ROWS]
    assert whole == [(number, *row) for number, row in enumerate(expected, start=1)]
    parts = list(table.parsed({}, n_rows))
    assert parts[-1].share == 1.0
    for part in parts:
        assert whole[: part.position["row"] - 1] + rows(table, part.position, n_rows) == whole
        assert len(part.table) <= n_rows


def test_blank_rows_of_a_sheet_are_none(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["learner", "n", None], ["l1", 1.0, "beyond the header"], [None, None], ["l2", 2.5]):
        book.active.append(row)
    book.save(tmp_path / "book.xlsx")
    assert rows(open_table(tmp_path / "book.xlsx"), {}, 10) == [(1, "l1", "1"), (3, "l2", "2.5")]


def test_lines_that_are_no_objects(tmp_path: Path) -> None:
    lines = ['{"a": 1}', "[1]", "{", "", '{"a": "\\ud800", "b": 2}', "[" * 100_000]
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    parts = list(open_table(tmp_path / "x.jsonl").parsed({}, 10))
    assert [row for part in parts for row in part.table.to_pylist()] == [{"a": "1", "b": None}, {"a": "?", "b": "2"}]
    assert [(row.row_number, row.code) for part in parts for row in part.broken] == [
        (2, "not_an_object"),
        (3, "not_json"),
        (5, "not_json"),
    ]


def test_a_told_delimiter_is_taken(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a,b;c\n1,2;3\n")
    opened: Text = text_of(open_table(tmp_path / "x").source)
    assert delimited.opened(opened, ";").columns == ["a,b", "c"]
