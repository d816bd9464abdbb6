"""Canvas's gradebook: one event per grade, shares of the points possible."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from analytics.errors import InvalidInput
from analytics.imports.look import look_at
from analytics.imports.start import create_import
from analytics.models import Activity, Event, Import, Organisation, RowVerdict
from tests.analytics.imports.conftest import worked_on
from tests.analytics.imports.format_contract import FormatContract

NAME = "2024-03-01T1015_Grades-BIO.csv"
HEADER = "Student,ID,SIS User ID,Section,Essay (11),Quiz (1) (12),Final Score\n"
POSSIBLE = "    Points Possible,,,,20,(read only),(read only)\n"


class TestCanvasGradebookContract(FormatContract):
    name = "canvas_gradebook"
    n_rows = 21

    def write(self, folder: Path) -> Path:
        path = folder / NAME
        rows = [f'"Learner, {n}",{n},s{n},BIO,{n},{"" if n == 3 else n},50\n' for n in range(1, 12)]
        path.write_text(HEADER + ",,,,Manual Posting,,\n" + POSSIBLE + "".join(rows))
        return path


def imported(organisation: Organisation, path: Path, content: str, **options: str) -> Import:
    path.write_text(HEADER + POSSIBLE + content)
    done = worked_on(create_import(organisation, "canvas_gradebook", path, options=options))
    assert (done.error, done.adds_up) == ("", True)
    return done


def test_known_answers(organisation: Organisation, tmp_path: Path) -> None:
    done = imported(
        organisation,
        tmp_path / NAME,
        '"Lovelace, Ada",1,s1,BIO,15,7,80\n"Bell, Bo",2,s2,BIO,EX,30%,\n"Student, Test",9,,BIO,20,,\n"Cy",3,,,25,x,\n',
        course="bio",
        learner_id="SIS User ID",
    )
    assert done.counts_by_code == {
        "test_learner": 1, "value_percent_sign": 1, "learner_missing": 2,
    }  # fmt: skip
    names = ("learner__external_id", "activity__external_id", "activity__name", "value", "unit")
    assert list(Event.objects.order_by("id").values_list(*names)) == [
        ("s1", "canvas-11", "Essay", 0.75, "share"),
        ("s1", "canvas-12", "Quiz (1)", 7.0, "points"),
        ("s2", "canvas-12", "Quiz (1)", 0.3, "share"),
    ]
    assert set(Event.objects.values_list("occurred_at", flat=True)) == {datetime(2024, 3, 1, 9, 15, tzinfo=UTC)}
    assert Activity.objects.get(external_id="canvas-11").course == Activity.objects.get(external_id="bio")


def test_a_later_export_brings_only_what_is_new(organisation: Organisation, tmp_path: Path) -> None:
    imported(organisation, tmp_path / NAME, "Ada,1,s1,BIO,15,,\n")
    later = imported(organisation, tmp_path / "2024-04-01T0900_Grades.csv", "Ada,1,s1,BIO,15,3,\n")
    assert (later.n_read, later.n_accepted, later.n_merged) == (2, 1, 1)


def test_impossible_grades(organisation: Organisation, tmp_path: Path) -> None:
    imported(organisation, tmp_path / NAME, "Ada,1,s1,BIO,25,,\n")
    verdict = RowVerdict.objects.get()
    assert (verdict.code, verdict.row_number, verdict.content["title"]) == ("value_impossible", 1, "Essay")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("grades.csv", HEADER, "Say it with “at”"),
        (NAME, "Student,ID,Section\n", "no column of an assignment"),
        (NAME, "a,b\n", "no column 'Student'"),
    ],
)
def test_what_is_refused(organisation: Organisation, tmp_path: Path, name: str, content: str, words: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InvalidInput, match=words):
        create_import(organisation, "canvas_gradebook", tmp_path / name)


def test_it_is_recognised(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(HEADER + POSSIBLE)
    assert look_at(tmp_path / NAME).format == "canvas_gradebook"
