"""What a look at a file finds out, and what it can be told."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet
import pytest

from analytics.errors import InvalidInput
from analytics.imports.look import look_at
from analytics.imports.tables import text

ROWS = [["l1", "3", "1,5", "2024-03-01 10:00", "plain"], ["l2", "?", "85 %", "2024-03-02T10:00Z", "7"]]
NAMES = ["learner", "n", "value", "at", "note"]


def written(path: Path, rows: list[list[str]], delimiter: str = ";", encoding: str = "utf-8") -> Path:
    path.write_text("\n".join(delimiter.join(row) for row in rows) + "\n", encoding)
    return path


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "gb18030"])
def test_text(tmp_path: Path, delimiter: str, encoding: str) -> None:
    word = "数学" if encoding == "gb18030" else "Übung"
    seen = look_at(written(tmp_path / "rows", [NAMES, *ROWS, [word, "4", "2", "2024-03-03", "x"]], delimiter, encoding))
    assert (seen.delimiter, seen.kind) == (delimiter, "tsv" if delimiter == "\t" else "csv")
    assert [(column.name, column.kind) for column in seen.columns] == [
        ("learner", "text"), ("n", "integer"), ("value", "decimal"), ("at", "instant"), ("note", "text"),
    ]  # fmt: skip
    assert seen.rows[2] == (word, "4", "2", "2024-03-03", "x")
    assert seen.encoding.startswith(encoding[:5])
    assert seen.columns[0].samples == ("l1", "l2", word)


def test_what_is_found_out_can_be_told_otherwise(tmp_path: Path) -> None:
    path = written(tmp_path / "rows", [["a,b;c"], ["é,2;3"]], encoding="utf-8")
    assert [column.name for column in look_at(path).columns] == ["a", "b;c"]
    seen = look_at(path, delimiter=";", encoding="cp1252")
    assert [column.name for column in seen.columns] == ["a,b", "c"]
    assert seen.rows == (("Ã©,2", "3"),)
    with pytest.raises(InvalidInput, match="no encoding 'no'"):
        look_at(path, encoding="no")


def test_a_delimiter_that_only_the_header_holds(tmp_path: Path) -> None:
    path = written(tmp_path / "rows", [["name, given, born", "at"], ["Ada", "1"], ["Bea", "2"]])
    assert look_at(path).delimiter == ";"


def test_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("second").append(["x", "y"])
    book.active.append(NAMES)
    book.active.append(["l1", 3, 1.5, "=1+1", None])
    book.save(tmp_path / "book.xlsx")
    seen = look_at(tmp_path / "book.xlsx")
    assert (seen.kind, seen.sheet, seen.sheets) == ("xlsx", "Sheet", ("Sheet", "second"))
    assert seen.rows == (("l1", "3", "1.5", None, None),)
    assert [column.name for column in look_at(tmp_path / "book.xlsx", sheet="second").columns] == ["x", "y"]
    with pytest.raises(InvalidInput, match="Its sheets are: Sheet, second"):
        look_at(tmp_path / "book.xlsx", sheet="third")


def test_parquet(tmp_path: Path) -> None:
    table = pa.table(
        {"learner": pa.array(["a", "b"]).dictionary_encode(), "n": [1, 2], "x": [0.5, None], "many": [[1], []]}
    )
    pyarrow.parquet.write_table(table, tmp_path / "rows.parquet")
    seen = look_at(tmp_path / "rows.parquet")
    assert (seen.kind, seen.encoding, seen.compression) == ("parquet", "", "none")
    assert seen.rows == (("a", "1", "0.5", "[1]"), ("b", "2", None, "[]"))


def test_json_lines(tmp_path: Path) -> None:
    lines = [{"actor": {"name": "Ada"}, "n": 1}, [1], {"n": 2, "tags": ["x", "é"], "ok": True}]
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode()))
    seen = look_at(path)
    assert (seen.kind, seen.compression, seen.n_broken) == ("jsonl", "gzip", 1)
    assert [column.name for column in seen.columns] == ["actor.name", "n", "tags", "ok"]
    assert seen.rows == (("Ada", "1", None, None), (None, "2", '["x", "é"]', "true"))


@pytest.mark.parametrize(
    ("values", "is_open", "kind"),
    [
        (["03/04/2025", "05/06/2025"], True, "instant"),
        (["03/04/2025 10:00", "25/04/2025 10:00"], False, "instant"),
        (["03/04/2025", "04/25/2025 2:05 PM"], False, "instant"),
        (["25/04/2025", "04/25/2025"], True, "instant"),
        (["2025/04/03", "2025-04-03"], False, "instant"),
        (["3. April 2025, 14:05", "4 abr 2025"], False, "instant"),
        (["03/04/2025", "soon"], False, "text"),
        (["", "?"], False, "empty"),
    ],
)
def test_dates_are_asked_for_and_not_guessed(tmp_path: Path, values: list[str], is_open: bool, kind: str) -> None:
    (_learner, at) = look_at(
        written(tmp_path / "rows", [["learner", "at"], *(["l1", value] for value in values)])
    ).columns
    assert (at.kind, at.ambiguous_dates) == (kind, is_open)


def test_the_dates_that_are_open_are_shown(tmp_path: Path) -> None:
    rows = [["at"], *([f"2025-04-0{n}"] for n in range(1, 8)), ["03/04/2025"]]
    (at,) = look_at(written(tmp_path / "rows", rows)).columns
    assert at.open_dates == ("03/04/2025",)


def test_only_the_beginning_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "SAMPLE_BYTES", 2**16)
    path = tmp_path / "endless.csv"
    with path.open("wb") as file:
        file.write(b"learner,at\nl1,2024-03-01\n")
        file.truncate(2**36)  # 64 GiB of nothing, which a look at the whole would never end
    assert look_at(path).rows[0] == ("l1", "2024-03-01")


def test_long_values_are_cut(tmp_path: Path) -> None:
    seen = look_at(written(tmp_path / "rows", [["learner", "at"], ["l" * 1000, "x"]]))
    assert len(str(seen.rows[0][0])) == 201
    assert len(seen.columns[0].samples[0]) == 201


def test_too_many_columns(tmp_path: Path) -> None:
    path = written(tmp_path / "rows", [[f"c{n}" for n in range(10_000)]])
    with pytest.raises(InvalidInput, match="10,000 columns; at most 2,000"):
        look_at(path)
