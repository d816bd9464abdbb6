"""Generic CSV: known answers, hostile files, and every row accounted for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analytics.errors import InvalidInput
from analytics.imports.start import create_import
from analytics.models import Activity, Enrolment, Event, Import, JobState, Kind, Learner, Organisation, RowVerdict
from tests.analytics.imports.format_contract import FormatContract

ImportCsv = Callable[..., Import]


class TestCsvContract(FormatContract):
    name = "csv"
    n_rows = 23

    def write(self, folder: Path) -> Path:
        path = folder / "events.csv"
        rows = [f'l{n % 3},"a\n{n % 5}",viewed,2024-03-{n + 1:02},{n}' for n in range(20)]
        rows += [",a1,viewed,2024-03-01,1", "too,few", 'l1,"open,viewed,2024-03-01,1']
        path.write_text("learner,activity,verb,at,value\n" + "\n".join(rows))
        return path


def verdicts(import_: Import) -> dict[int, str]:
    return dict(RowVerdict.objects.filter(from_import=import_).values_list("row_number", "code"))


def counts(import_: Import) -> tuple[int, int, int, int, int]:
    assert import_.adds_up
    return import_.n_read, import_.n_accepted, import_.n_merged, import_.n_repaired, import_.n_rejected


def test_known_answers(import_csv: ImportCsv) -> None:
    done = import_csv(
        "l1,a1,viewed,2024-03-01T10:00:00+01:00,5,clicks\n"
        "l1,a1,http://adlnet.gov/expapi/verbs/completed,2024-03-01 10:00,80,percent\n"
        "l2,a2,Watched,1709283600,1.5,min\n"
        "l2,a1,viewed,2024-07-01,,\n"
    )
    assert (done.state, done.error) == (JobState.SUCCEEDED, "")
    assert counts(done) == (4, 4, 0, 0, 0)
    found = Event.objects.order_by("id").values_list(
        "learner__external_id", "activity__external_id", "verb", "occurred_at", "value", "unit"
    )
    assert list(found) == [
        ("l1", "a1", "viewed", datetime(2024, 3, 1, 9, tzinfo=UTC), 5.0, "clicks"),
        ("l1", "a1", "completed", datetime(2024, 3, 1, 9, tzinfo=UTC), 0.8, "share"),
        ("l2", "a2", "progressed", datetime(2024, 3, 1, 9, tzinfo=UTC), 90.0, "seconds"),
        ("l2", "a1", "viewed", datetime(2024, 6, 30, 22, tzinfo=UTC), None, ""),
    ]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (",a1,viewed,2024-03-01,,", "learner_missing"),
        ("l1,NULL,viewed,2024-03-01,,", "activity_missing"),
        ("l1,a1,,2024-03-01,,", "verb_missing"),
        ("l1,a1,viewed,,,", "at_missing"),
        ("l1,a1,viewed,01.02/2024,,", "at_unreadable"),
        ("l1,a1,viewed,the day before,,", "at_unreadable"),
        ("l1,a1,viewed,9999-12-31,,", "at_impossible"),
        ("l1,a1,viewed,1969-12-31T00:00Z,,", "at_impossible"),
        ("l1,a1,viewed,2024-03-01,inf,", "value_not_a_number"),
        ("l1,a1,viewed,2024-03-01,1e999,", "value_not_a_number"),
        ("l1,a1,viewed,2024-03-01,many,", "value_not_a_number"),
        ("l1,a1,viewed,2024-03-01,-1,clicks", "value_impossible"),
        ("l1,a1,viewed,2024-03-01,1.2,share", "value_impossible"),
        ("l1,a1,viewed,2024-03-01,1,parsecs", "unit_unknown"),
        ("l1,a1,viewed,2024-03-01", "wrong_number_of_fields"),
        ("l1,a1,viewed,2024-03-01,,,extra", "wrong_number_of_fields"),
        ('l1,"a1,viewed,2024-03-01,,', "broken_quoting"),
        ("l1,a\0b,viewed,2024-03-01,,", "nul_character"),
        (f"l1,{'a' * 501},viewed,2024-03-01,,", "activity_too_long"),
        (f"l1,{'a' * 200_000},viewed,2024-03-01,,", "row_too_long"),
    ],
)
def test_a_row_that_is_rejected(import_csv: ImportCsv, row: str, code: str) -> None:
    done = import_csv(f"l1,a1,viewed,2024-03-01,,\n{row}\nl2,a2,viewed,2024-03-02,,\n")
    assert counts(done) == (3, 2, 0, 0, 1), done.counts_by_code
    assert verdicts(done) == {2: code}
    verdict = RowVerdict.objects.get(from_import=done)
    assert verdict.sentence.endswith((".", "…"))
    assert verdict.content
    assert Event.objects.count() == 2


@pytest.mark.parametrize(
    ("row", "code", "value", "unit", "verb"),
    [
        ('l1,a1,viewed,2024-03-01,"1,5",points', "value_decimal_comma", 1.5, "points", "viewed"),
        ("l1,a1,answered,2024-03-01,85 %,", "value_percent_sign", 0.85, "share", "answered"),
        ("l1,a1,pondered,2024-03-01,1,", "verb_unknown", 1.0, "", "other"),
        ("l1,a1,viewed,2024-03-31 02:30,1,", "at_skipped_hour", 1.0, "", "viewed"),
        ("l1,a1,viewed,2024-10-27 02:30,1,", "at_repeated_hour", 1.0, "", "viewed"),
    ],
)
def test_a_row_that_is_repaired(import_csv: ImportCsv, row: str, code: str, value: float, unit: str, verb: str) -> None:
    done = import_csv(row + "\n")
    assert counts(done) == (1, 1, 0, 1, 0)
    assert verdicts(done) == {1: code}
    event = Event.objects.get()
    assert (event.value, event.unit, event.verb) == (pytest.approx(value), unit, verb)


def test_ids_of_any_script(import_csv: ImportCsv) -> None:
    done = import_csv(
        "😀,Ünïcode,viewed,2024-03-01,,\n  😀 ,U\u0308nïcode,viewed,2024-03-01,,\nمتعلم,课程,viewed,2024-03-01,,\n"
    )
    assert counts(done) == (3, 3, 0, 0, 0)
    assert set(Learner.objects.values_list("external_id", flat=True)) == {"😀", "متعلم"}
    assert Activity.objects.count() == 2


def test_lines_of_every_system(import_csv: ImportCsv) -> None:
    content = (
        b"\xef\xbb\xbflearner;activity;verb;at;note\r\n"
        b'\r\nl1;a1;viewed;2024-03-01;"two\r\nlines; one field"\r\n'
        b"l2;a2;viewed;2024-03-01;"
    )
    done = import_csv(content)
    assert counts(done) == (2, 2, 0, 0, 0)
    assert RowVerdict.objects.count() == 0


def test_an_open_quote_costs_one_row(import_csv: ImportCsv) -> None:
    rows = [f"l{n},a1,viewed,2024-03-01,{n}," for n in range(100)]
    rows[40] = 'l40,"a1,viewed,2024-03-01,40,'
    done = import_csv("\n".join(rows))
    assert counts(done) == (100, 99, 0, 0, 1)
    assert verdicts(done) == {41: "broken_quoting"}


def test_columns_by_option(import_csv: ImportCsv) -> None:
    content = b"User ID,page,what,when,dur\nl1,a1,viewed,2024-03-01,3\n"
    columns = {"learner": "user id", "activity": "page", "verb": "what", "at": "when", "value": "dur"}
    assert counts(import_csv(content, columns=columns)) == (1, 1, 0, 0, 0)
    assert Event.objects.get().value == 3.0


def test_courses_names_kinds_and_enrolments(import_csv: ImportCsv) -> None:
    content = (
        b"learner,activity,verb,at,course,kind,name,learner_name\n"
        b"l1,v1,viewed,2024-03-02,algebra,movie,Groups,Ada\n"
        b"l1,algebra,enrolled,2024-03-03,algebra,,Algebra,\n"
        b"l2,lonely,viewed,2024-03-01,,riddle,,\n"
    )
    done = import_csv(content, default_kind="reading")
    assert counts(done) == (3, 3, 0, 1, 0)
    course = Activity.objects.get(external_id="algebra")
    video = Activity.objects.get(external_id="v1")
    assert (course.kind, course.name, course.course) == (Kind.COURSE, "Algebra", None)
    assert (video.kind, video.name, video.course, video.parent) == (Kind.VIDEO, "Groups", course, course)
    assert Activity.objects.get(external_id="lonely").kind == Kind.READING
    assert Learner.objects.get(external_id="l1").name == "Ada"
    enrolment = Enrolment.objects.get()
    assert (enrolment.learner.external_id, enrolment.course) == ("l1", course)
    assert enrolment.started_at == datetime(2024, 3, 1, 23, tzinfo=UTC)


def test_an_activity_turns_out_to_be_a_course(import_csv: ImportCsv) -> None:
    import_csv("l1,algebra,viewed,2024-03-01,,\nl1,v1,viewed,2024-03-01,,\n")
    import_csv(b"learner,activity,verb,at,course\nl1,v1,viewed,2024-03-02,algebra\n", name="later.csv")
    course = Activity.objects.get(external_id="algebra")
    assert course.kind == Kind.COURSE
    assert Activity.objects.get(external_id="v1").course == course


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["empty"]),
        (b"\xef\xbb\xbf\n", ["empty"]),
        (b"learner,activity,verb,when\n", ["'at'", "learner, activity, verb, when"]),
        (b"learner,activity,verb,at,at\nx", ["'at' twice"]),
        (b"x" * 300_000, ["line feed"]),
        (b"\0\0\0", ["NUL"]),
    ],
)
def test_a_file_that_is_refused(organisation: Organisation, tmp_path: Path, content: bytes, words: list[str]) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as refused:
        create_import(organisation, "csv", path)
    assert all(word in str(refused.value) for word in words), str(refused.value)
    assert not Import.objects.exists()


def test_a_header_alone(import_csv: ImportCsv) -> None:
    done = import_csv("")
    assert (done.state, done.error) == (JobState.FAILED, "events.csv has no rows below its header.")


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({"columns": {"pupil": "x"}}, "columns"),
        ({"columns": {"learner": "nobody"}}, "columns"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"default_kind": "riddle"}, "default_kind"),
        ({"delimiter": "#"}, "delimiter"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_options_that_are_refused(import_csv: ImportCsv, options: dict[str, object], pointer: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        import_csv("l1,a1,viewed,2024-03-01,,\n", **options)
    assert refused.value.pointer == pointer


def test_a_file_that_is_not_there(organisation: Organisation, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="There is no file"):
        create_import(organisation, "csv", tmp_path / "nowhere.csv")
    with pytest.raises(InvalidInput, match=r"no import format 'xls'.* csv, .*oulad"):
        create_import(organisation, "xls", tmp_path)
