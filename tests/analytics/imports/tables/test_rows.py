"""Files cut into blocks of whole rows."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.imports.tables import rows
from analytics.imports.tables.rows import blocks

FIELDS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=8)


def cut(content: bytes, n_rows: int, start: int = 0) -> list[bytes]:
    return [row for block in blocks(io.BytesIO(content[start:]), start, n_rows) for row in block.rows()]


@given(st.lists(st.lists(FIELDS, min_size=2, max_size=4), max_size=20), st.integers(1, 5))
def test_rows_of_a_well_formed_file(table: list[list[str]], n_rows: int) -> None:
    written = []
    for row in table:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerow(row)
        written.append(text.getvalue().encode())
    assert cut(b"".join(written), n_rows) == written


@given(st.binary(max_size=200), st.integers(1, 5))
def test_no_byte_is_lost(content: bytes, n_rows: int) -> None:
    assert b"".join(cut(content, n_rows)) == content


@given(st.text('ab"\n,', max_size=60), st.integers(1, 3))
def test_reading_on_finds_the_same_rows(text: str, n_rows: int) -> None:
    content = text.encode()
    found = list(blocks(io.BytesIO(content), 0, n_rows))
    for place, block in enumerate(found):
        later = list(blocks(io.BytesIO(content[block.end :]), block.end, n_rows))
        assert [each.content for each in later] == [each.content for each in found[place + 1 :]]


@pytest.mark.parametrize("n_bytes", [1, 7, 64])
def test_pieces_do_not_matter(monkeypatch: pytest.MonkeyPatch, n_bytes: int) -> None:
    content = b'a,"one\ntwo",b\n' * 40
    expected = cut(content, 1000)
    monkeypatch.setattr(rows, "READ_BYTES", n_bytes)
    assert cut(content, 1000) == expected
    assert len(expected) == 40


def test_an_open_quote_costs_its_window_only() -> None:
    content = b'a,"b\n' + b"c,d\n" * (rows.ROW_BYTES // 4 + 10)
    found = cut(content, 1_000_000)
    assert found[0] == b'a,"b\n'
    assert len(found) == rows.ROW_BYTES // 4 + 11


def test_an_endless_line_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "READ_BYTES", rows.ROW_BYTES)
    content = b"a,b\n" + b"x" * (3 * rows.ROW_BYTES) + b"\nc,d\n"
    found = list(blocks(io.BytesIO(content), 0, 10))
    assert [block.content[:4] for block in found] == [b"a,b\n", b"xxxx", b"c,d\n"]
    assert found[1].n_skipped_bytes == 2 * rows.ROW_BYTES + 1
    assert (found[1].start, found[1].end) == (4, 4 + 3 * rows.ROW_BYTES + 1)
