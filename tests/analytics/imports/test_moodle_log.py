"""Moodle's log, in English and in other languages."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from analytics.errors import InvalidInput
from analytics.imports.look import look_at
from analytics.imports.start import create_import
from analytics.models import Activity, Event, Kind, Learner, Organisation
from tests.analytics.imports.conftest import worked_on
from tests.analytics.imports.format_contract import FormatContract

ENGLISH = ("Time", "User full name", "Affected user", "Event context", "Component", "Event name", "Description",
           "Origin", "IP address")  # fmt: skip
GERMAN = ("Zeit", "Vollständiger Name", "Betroffene/r Nutzer/in", "Ereigniskontext", "Komponente", "Ereignisname",
          "Beschreibung", "Herkunft", "IP-Adresse")  # fmt: skip


def row(
    at: str, told: str, context: str = "Quiz: Week 1", component: str = "Quiz", name: str = "Ana"
) -> tuple[str, ...]:
    return (at, name, "-", context, component, "Something happened", f"The user with id {told}", "web", "10.0.0.1")


def text(header: tuple[str, ...], *rows: tuple[str, ...]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows([header, *rows])
    return file.getvalue()


class TestMoodleLogContract(FormatContract):
    name = "moodle_log"
    n_rows = 21

    def write(self, folder: Path) -> Path:
        rows = [
            row(f"{n + 1}/03/24, 10:{n:02}", f"'{n % 4}' viewed the 'quiz' activity with course module id '{n % 5}'.")
            for n in range(20)
        ]
        path = folder / "log.csv"
        path.write_text(text(ENGLISH, *rows, row("13/03/24, 10:00", "'7' has logged in.", "System", "System")))
        return path


def imported(organisation: Organisation, path: Path, content: str, **options: str) -> dict[str, int]:
    path.write_text(content, encoding="utf-8")
    done = worked_on(create_import(organisation, "moodle_log", path, options=options))
    assert (done.error, done.adds_up) == ("", True)
    return dict(done.counts_by_code)


def test_known_answers(organisation: Organisation, tmp_path: Path) -> None:
    content = text(
        ENGLISH,
        row("25/03/24, 10:05", "'12' viewed the 'quiz' activity with course module id '34'."),
        row("26/03/24, 10:05", "'12' has submitted the attempt with id '9' for the quiz with course module id '34'."),
        row("27/03/24, 10:05", "'12' has created the post with id '1' in the discussion with id '2' in the forum with "
            "course module id '35'.", "Forum: News", "Forum"),
        row("28/03/24, 10:05", "'13' viewed section number '1' of the course with id '7'.", "Course: Algebra"),
        row("28/03/24, 10:06", "'13' deleted the 'page' activity with course module id '36'.", "Page: Old", "Page"),
        row("28/03/24, 10:07", "'0' has logged in.", "System", "System", "Guest"),
    )  # fmt: skip
    found = imported(organisation, tmp_path / "log.csv", content, course="algebra")
    assert found == {"learner_missing": 1}
    names = ("learner__external_id", "activity__external_id", "verb", "activity__kind", "activity__name")
    assert list(Event.objects.order_by("occurred_at").values_list(*names)) == [
        ("12", "cm-34", "viewed", "quiz", "Week 1"),
        ("12", "cm-34", "submitted", "quiz", "Week 1"),
        ("12", "cm-35", "posted", "other", "News"),
        ("13", "course-7", "viewed", "course", "Algebra"),
        ("13", "cm-36", "other", "reading", "Old"),
    ]
    assert Learner.objects.get(external_id="12").name == "Ana"
    assert Activity.objects.get(external_id="cm-34").course == Activity.objects.get(external_id="algebra")


@pytest.mark.parametrize(
    ("at", "iso"),
    [
        ("25.03.24, 10:05", "2024-03-25T09:05"),
        ("3. April 2024, 14:05", "2024-04-03T12:05"),
        ("Mittwoch, 3. April 2024, 14:05", "2024-04-03T12:05"),
        ("3 abr 2024, 14:05:30", "2024-04-03T12:05"),
        ("3 de abril de 2024, 14:05", "2024-04-03T12:05"),
        ("03 août 2024, 14:05", "2024-08-03T12:05"),
        ("April 3, 2024, 2:05 PM", "2024-04-03T12:05"),
    ],
)
def test_times_of_other_languages(organisation: Organisation, tmp_path: Path, at: str, iso: str) -> None:
    told = "'12' viewed the 'quiz' activity with course module id '34'."
    assert imported(organisation, tmp_path / "log.csv", text(GERMAN, row(at, told))) == {}
    assert Event.objects.get().occurred_at.isoformat()[:16] == iso


def test_dates_that_can_be_read_twice_are_asked_for(organisation: Organisation, tmp_path: Path) -> None:
    content = text(ENGLISH, row("3/04/24, 10:05", "'12' viewed the course with id '7'."))
    (tmp_path / "log.csv").write_text(content)
    with pytest.raises(InvalidInput, match="“Time” can be read in several ways, for example 3/04/24, 10:05.* dmy"):
        create_import(organisation, "moodle_log", tmp_path / "log.csv")
    assert imported(organisation, tmp_path / "log.csv", content, date_order="dmy") == {}
    assert Event.objects.get().occurred_at.isoformat() == "2024-04-03T08:05:00+00:00"
    assert Activity.objects.get().kind == Kind.COURSE


def test_what_is_no_log(organisation: Organisation, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InvalidInput, match="is no Moodle log"):
        create_import(organisation, "moodle_log", tmp_path / "log.csv")


@pytest.mark.parametrize("header", [ENGLISH, GERMAN])
def test_it_is_recognised(tmp_path: Path, header: tuple[str, ...]) -> None:
    (tmp_path / "log.csv").write_text(text(header, row("25/03/24, 10:05", "'12' viewed the course with id '7'.")))
    assert look_at(tmp_path / "log.csv").format == "moodle_log"
