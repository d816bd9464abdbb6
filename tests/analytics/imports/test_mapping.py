"""Columns are recognised in several languages, by likeness and by what stands in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics.imports.formats import format_named
from analytics.imports.look import Column, look_at
from analytics.imports.mapping import choice_for, suggested
from analytics.models import Organisation

TIMES = ("2025-03-01 10:00", "2025-03-02 11:00")
CSV = format_named("csv")


def columns(*found: tuple[str, str, tuple[str, ...]]) -> list[Column]:
    return [Column(*each) for each in found]


@pytest.mark.parametrize(
    ("learner", "activity", "verb", "at"),
    [
        ("user_id", "item_id", "action", "timestamp"),
        ("User ID", "Resource", "Event Type", "Date/Time"),
        ("userId", "itemId", "eventType", "createdAt"),
        ("usuario", "recurso", "acción", "fecha y hora"),
        ("Teilnehmer", "Aktivität", "Ereignis", "Zeitpunkt"),
        ("étudiant", "ressource", "événement", "horodatage"),
        ("学生", "资源", "动作", "时间"),
        ("studnt_id", "activty", "verbs", "timestmp"),
    ],
)
def test_names_in_several_languages(learner: str, activity: str, verb: str, at: str) -> None:
    found = suggested(
        columns(
            (at, "instant", TIMES), (verb, "text", ("a", "b")), (activity, "text", ("x",)), (learner, "text", ("s1",))
        ),
        CSV,
    )
    assert [found.get(name) for name in ("learner", "activity", "verb", "at")] == [learner, activity, verb, at]


def test_content_decides_where_names_do_not() -> None:
    found = suggested(columns(("x1", "instant", TIMES), ("x2", "text", ("viewed", "completed"))), CSV)
    assert found == {"verb": "x2", "at": "x1"}


def test_a_name_does_not_outweigh_impossible_content() -> None:
    found = suggested(columns(("time", "text", ("morning",)), ("x", "instant", TIMES)), CSV)
    assert found == {"at": "x"}
    assert suggested(columns(("timestamp", "integer", ("1709283600",))), CSV) == {"at": "timestamp"}
    assert suggested(columns(("timestamp", "integer", ("12",))), CSV) == {}


def test_a_few_broken_values_do_not_hide_a_column() -> None:
    found = columns(
        ("learner", "text", ("l1", "l2")), ("activity", "text", ("a1",)), ("verb", "text", ("viewed",)),
        ("at", "text", ("2024-03-01T10:00Z", "someday")), ("value", "text", ("5", "=5+1")),
    )  # fmt: skip
    assert suggested(found, CSV) == {name: name for name in ("learner", "activity", "verb", "at", "value")}
    words = columns(("at", "text", ("soon", "someday", "2024-03-01")))
    assert suggested(words, CSV) == {}


def test_each_column_once_and_none_of_our_own() -> None:
    found = suggested(
        columns(("user_id", "integer", ("1",)), ("email", "text", ("a@b",)), ("rejected_by_import_3", "text", ())), CSV
    )
    assert found == {"learner": "user_id"}


def test_formats_of_several_files_need_no_mapping() -> None:
    assert suggested(columns(("user_id", "integer", ("1",))), format_named("oulad")) == {}


def test_a_course_is_the_activity_where_nothing_else_is() -> None:
    found = suggested(
        columns(("user", "integer", ("1",)), ("course", "integer", ("7",)), ("pos", "integer", ("0",))),
        format_named("ratings"),
    )
    assert found == {"learner": "user", "activity": "course", "position": "pos"}


@pytest.mark.parametrize(
    ("header", "row", "format_name"),
    [
        ("user,course,pos,split", "7,12,0,train", "ratings"),
        ("user,course,outcome,grade", "7,12,passed,0.8", "enrolments"),
        ("user,course,action,timestamp", "7,12,viewed,2025-03-01 10:00", "csv"),
    ],
)
def test_an_order_of_courses_is_what_happened_and_an_outcome_an_enrolment(
    organisation: Organisation, tmp_path: Path, header: str, row: str, format_name: str
) -> None:
    (tmp_path / "a.csv").write_text(f"{header}\n{row}\n")
    choice = choice_for(organisation, look_at(tmp_path / "a.csv"))
    assert choice.format == format_name
    assert choice.options["columns"]["activity" if format_name != "enrolments" else "course"] == "course"
