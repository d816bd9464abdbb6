"""Rejected rows go out as a file, are mended, and come in again."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from analytics.imports.rejected import as_sent, csv_lines, harmless
from analytics.imports.start import import_file
from analytics.models import Import, Learner, Member
from tests.analytics.imports.conftest import worked_on
from tests.cast import Cast

MARKED = "rejected_by_import_7"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "+1"),
        ("-2.5e3", "-2.5e3"),
        ("-2,5", "-2,5"),
        ("-2+3", "'-2+3"),
        ("-inf", "'-inf"),
        ("+1_0", "'+1_0"),
        ("@a", "'@a"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("'a", "''a"),
        (None, ""),
    ],
)
def test_no_cell_is_a_formula(cell: Any, text: str) -> None:
    assert harmless(cell) == text


@given(st.lists(st.text(alphabet="=+-@\t\r\n'a1 ,\"é") | st.text(), min_size=1, max_size=5))
def test_what_went_out_comes_back_as_it_was(cells: list[str]) -> None:
    out = pa.table({"a": pa.array([harmless(cell) for cell in cells]), MARKED: pa.array([""] * len(cells))})
    assert as_sent(out)["a"].to_pylist() == cells


def test_other_files_keep_their_apostrophes() -> None:
    rows = pa.table({"a": ["'=x"]})
    assert as_sent(rows) is rows


@pytest.fixture
def by(cast: Cast, settings: Any, tmp_path: Path) -> Member:
    settings.MEDIA_ROOT = tmp_path
    return cast.north.members["administrator"]


def test_mended_rows_are_linked_to_the_import_that_rejected_them(
    by: Member, cast: Cast, take: Callable[[str], Import]
) -> None:
    first = take(
        "activity,verb,when,who,note\n"
        "algebra-1,viewed,2026-10-01T10:00:00Z,=1+1,kept\n"
        "algebra-1,viewed,never,=SUM(A1),=2\n"
        "algebra-1,viewed,2026-10-01T10:00:00Z,,no learner\n"
    )
    assert (first.n_accepted, first.n_rejected) == (1, 2)
    text = "".join(csv_lines(first))
    header, *rows = csv.reader(io.StringIO(text))
    assert header == ["activity", "verb", "when", "who", "note", f"rejected_by_import_{first.pk}"]
    assert rows[0][3:5] == ["'=SUM(A1)", "'=2"]
    assert "“never”" in rows[0][5]
    mended = take(text.replace("never", "2026-10-02T10:00:00Z"))
    assert (mended.mends, mended.n_accepted, mended.n_rejected) == (first, 1, 1)
    assert Learner.objects.filter(organisation=by.organisation, external_id="=SUM(A1)").exists()
    # And what is rejected again can be mended again, with one column of reasons.
    header, row = csv.reader(io.StringIO("".join(csv_lines(mended))))
    assert header == ["activity", "verb", "when", "who", "note", f"rejected_by_import_{mended.pk}"]


def test_a_number_of_another_organisations_import_is_no_link(by: Member, cast: Cast, take: Any) -> None:
    assert cast.south.from_import is not None
    text = f"activity,verb,when,who,rejected_by_import_{cast.south.from_import.pk}\nalgebra-1,viewed,2026-10-01,a,\n"
    assert take(text).mends is None
    assert take(text.replace(f"_{cast.south.from_import.pk}", "_999999999999999999")).mends is None


@pytest.fixture
def take(by: Member) -> Callable[[str], Import]:
    def taken(text: str) -> Import:
        options = {"columns": {"learner": "who", "at": "when"}}
        return worked_on(
            import_file(by, SimpleUploadedFile("rows.csv", text.encode()), "csv", options=options, requested_by=by)
        )

    return taken
