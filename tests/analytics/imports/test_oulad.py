"""OULAD: a made-up folder with its seven files and its traps, and the published one where it is there."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from analytics.errors import InvalidInput
from analytics.imports.formats.oulad import FILES, Oulad
from analytics.imports.formats.oulad_tables import first_day
from analytics.imports.load import ended_at
from analytics.imports.look import look_at
from analytics.imports.rollback import roll_back
from analytics.imports.start import create_import
from analytics.models import Activity, Enrolment, Event, Import, JobState, Kind, Learner, Organisation, RowVerdict
from tests.analytics.imports.conftest import worked_on
from tests.analytics.imports.format_contract import FormatContract

SHARED = settings.BASE_DIR.parent / "shared" / "data"
MADE_UP = {
    "courses.csv": "code_module,code_presentation,module_presentation_length\nXYZ,2013J,200\nXYZ,2014B,240\n",
    "vle.csv": "id_site,code_module,code_presentation,activity_type,week_from,week_to\n"
    "1,XYZ,2013J,oucontent,?,?\n2,XYZ,2013J,quiz,2,3\n3,XYZ,2014B,forumng,,\n",
    "assessments.csv": "code_module,code_presentation,id_assessment,assessment_type,date,weight\n"
    "XYZ,2013J,11,TMA,30,50\nXYZ,2013J,12,CMA,?,50\nXYZ,2014B,13,Exam,,100\n",
    "studentInfo.csv": "code_module,code_presentation,id_student,gender,region,highest_education,imd_band,age_band,"
    "num_of_prev_attempts,studied_credits,disability,final_result\n"
    "XYZ,2013J,7,F,Wales,A Level,10-20,0-35,0,60,N,Withdrawn\n"
    "XYZ,2014B,7,F,Wales,A Level,10-20%,0-35,1,60,N,Distinction\n"
    "XYZ,2014B,8,M,Scotland,?,?,35-55,0,30,Y,Fail\n"
    "XYZ,2014B,9,M,Scotland,?,?,35-55,0,30,Y,Vanished\n",
    "studentRegistration.csv": "code_module,code_presentation,id_student,date_registration,date_unregistration\n"
    "XYZ,2013J,7,-20,40\nXYZ,2014B,7,?,\nXYZ,2014B,8,5,?\nXYZ,2014B,99,5,?\n",
    "studentAssessment.csv": "id_assessment,id_student,date_submitted,is_banked,score\n"
    "11,7,29,0,85\n13,8,100,0,?\n13,7,-1,1,70\n999,7,3,0,70\n",
    "studentVle.csv": "code_module,code_presentation,id_student,id_site,date,sum_click\n"
    "XYZ,2013J,7,1,-10,4\nXYZ,2013J,7,1,-10,4\nXYZ,2014B,8,3,0,2\nXYZ,2014B,8,3,soon,2\n",
}


def write(folder: Path) -> Path:
    for name, content in MADE_UP.items():
        (folder / name).write_text(content)
    return folder


class TestOuladContract(FormatContract):
    name = "oulad"
    n_rows = 24

    def write(self, folder: Path) -> Path:
        return write(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path)


@pytest.fixture
def done(folder: Path, organisation: Organisation) -> Import:
    return worked_on(create_import(organisation, "oulad", folder))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_ledger_counts_all_seven_files(done: Import) -> None:
    assert (done.state, done.error) == (JobState.SUCCEEDED, "")
    assert done.adds_up
    assert (done.n_read, done.n_accepted, done.n_merged, done.n_repaired, done.n_rejected) == (24, 18, 1, 1, 5)
    told = RowVerdict.objects.filter(from_import=done).values_list("file_name", "row_number", "code")
    assert sorted(told) == [
        ("studentAssessment.csv", 3, "banked_result"),
        ("studentAssessment.csv", 4, "at_missing"),
        ("studentInfo.csv", 1, "band_without_percent"),
        ("studentInfo.csv", 4, "outcome_unknown"),
        ("studentRegistration.csv", 2, "known_dates"),
        ("studentRegistration.csv", 4, "no_enrolment"),
        ("studentVle.csv", 4, "at_missing"),
    ]
    assert RowVerdict.objects.get(code="band_without_percent").sentence == "A “%” was put behind “10-20”."


def test_the_catalogue(done: Import) -> None:
    course = Activity.objects.get(external_id="XYZ-2013J")
    assert (course.kind, course.name, course.tags) == (Kind.COURSE, "XYZ 2013J", ["XYZ"])
    assert (course.opens_at, course.closes_at) == (at("2013-10-01"), at("2014-04-19"))
    quiz = Activity.objects.get(external_id="vle-2")
    assert (quiz.kind, quiz.course, quiz.parent, quiz.position) == (Kind.QUIZ, course, course, 2)
    assert (quiz.opens_at, quiz.closes_at) == (at("2013-10-15"), at("2013-10-29"))
    unplanned = Activity.objects.get(external_id="vle-1")
    assert (unplanned.kind, unplanned.opens_at, unplanned.closes_at) == (Kind.READING, None, None)
    assert unplanned.position > quiz.position
    essay = Activity.objects.get(external_id="assessment-11")
    assert (essay.kind, essay.closes_at) == (Kind.ASSIGNMENT, at("2013-11-01"))
    assert Activity.objects.get(external_id="assessment-13").closes_at == at("2014-09-29")
    assert Activity.objects.get(external_id="vle-3").kind == Kind.FORUM


def test_people_and_enrolments(done: Import) -> None:
    person = Learner.objects.get(external_id="7")
    assert (person.attributes["imd_band"], person.attributes["region"]) == ("10-20%", "Wales")
    assert "imd_band" not in Learner.objects.get(external_id="8").attributes
    first, second = Enrolment.objects.filter(learner=person).order_by("course__external_id")
    assert (first.course_run, first.outcome) == ("2013J", "withdrawn")
    assert (first.started_at, first.ended_at) == (at("2013-09-11"), at("2013-11-10"))
    assert (second.course_run, second.outcome, second.started_at) == ("2014B", "distinction", None)
    assert (first.attempt, second.attempt) == (1, 2)
    assert "num_of_prev_attempts" not in person.attributes, "of the enrolment, and not of the person"
    assert Enrolment.objects.count() == 3


def test_events(done: Import) -> None:
    found = Event.objects.order_by("id").values_list(
        "learner__external_id", "activity__external_id", "verb", "occurred_at", "value", "unit"
    )
    assert list(found) == [
        ("7", "assessment-11", "submitted", at("2013-10-30"), 0.85, "share"),
        ("8", "assessment-13", "submitted", at("2014-05-12"), None, "share"),
        ("7", "vle-1", "viewed", at("2013-09-21"), 4.0, "clicks"),
        ("7", "vle-1", "viewed", at("2013-09-21"), 4.0, "clicks"),
        ("8", "vle-3", "viewed", at("2014-02-01"), 2.0, "clicks"),
    ]
    done.organisation.refresh_from_db()
    assert done.organisation.as_of == at("2014-05-13"), "the end of the last day"
    assert "2014-05-13" in done.progress_text


def test_the_clock_stops_before_the_last_stragglers(done: Import) -> None:
    one = Event.objects.earliest("id")
    many = [
        Event(
            organisation=done.organisation,
            learner=one.learner,
            activity=one.activity,
            from_import=done,
            verb=one.verb,
            occurred_at=at("2014-05-11"),
        )
        for _ in range(2_000)
    ]
    Event.objects.bulk_create(many)
    assert ended_at(done.organisation.pk) == at("2014-05-12"), "one submission came a day later"


def test_rolled_back_and_in_again(done: Import, folder: Path) -> None:
    assert roll_back(done) == 5
    done.organisation.refresh_from_db()
    assert done.organisation.as_of is None, "nothing is there that ended"
    tried = worked_on(create_import(done.organisation, "oulad", folder, is_dry_run=True))
    assert tried.n_accepted == 18
    again = worked_on(create_import(done.organisation, "oulad", folder))
    assert (again.n_read, again.n_accepted, again.n_merged, again.n_rejected) == (24, 18, 1, 5)
    assert Event.objects.count() == 5
    done.organisation.refresh_from_db()
    assert done.organisation.as_of == at("2014-05-13"), "neither a dry run nor what was rolled back counts"
    assert (Activity.objects.count(), Enrolment.objects.count()) == (8, 3)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "vle.csv").unlink(), "lacks vle.csv"),
        (lambda folder: (folder / "courses.csv").write_text("code_module,length\n"), "no column code_presentation"),
    ],
)
def test_a_folder_that_is_refused(
    folder: Path, organisation: Organisation, spoil: Callable[[Path], object], words: str
) -> None:
    spoil(folder)
    with pytest.raises(InvalidInput, match=words):
        create_import(organisation, "oulad", folder)
    with pytest.raises(InvalidInput, match="There is no folder"):
        create_import(organisation, "oulad", folder / "nowhere")


def test_first_days() -> None:
    assert str(first_day("AAA-2014B")) == "2014-02-01"
    assert str(first_day("AAA-2013J")) == "2013-10-01"
    assert first_day("AAA-2013X") is None
    assert first_day("nonsense") is None


@pytest.mark.slow
def test_the_published_files_but_for_most_clicks(tmp_path: Path, organisation: Organisation) -> None:
    """The six small files whole and the first 100,000 rows of clicks."""
    if not SHARED.exists():
        pytest.skip("OULAD is not beside this checkout (../shared/data).")
    subprocess.run([sys.executable, str(SHARED / "unpack_oulad.py"), str(tmp_path)], check=True, capture_output=True)
    clicks = tmp_path / FILES[-1].name
    with clicks.open("rb") as file:
        first = [file.readline() for _ in range(100_001)]
    clicks.write_bytes(b"".join(first))
    done = worked_on(create_import(organisation, "oulad", tmp_path))
    assert (done.state, done.error) == (JobState.SUCCEEDED, "")
    assert done.adds_up
    assert done.n_read == 22 + 6_364 + 206 + 32_593 + 32_593 + 173_912 + 100_000
    assert done.counts_by_code == {"banked_result": 1_909, "band_without_percent": 3_516, "known_dates": 6}
    assert Learner.objects.count() == 28_785
    assert Enrolment.objects.count() == 32_593
    assert Event.objects.filter(verb="viewed").count() == 100_000


def test_the_seven_files_in_one_archive(tmp_path: Path) -> None:
    folder = tmp_path / "oulad"
    folder.mkdir()
    source = write(folder)
    with zipfile.ZipFile(tmp_path / "oulad.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(source.iterdir()):
            archive.write(path, f"open/{path.name}")
    of_folder, of_archive = (
        [(batch.file_name, batch.raw, round(batch.share, 9)) for batch in Oulad(path, {}, batch_rows=5).batches({})]
        for path in (source, tmp_path / "oulad.zip")
    )
    assert of_archive == of_folder
    Oulad(tmp_path / "oulad.zip", {}).verify()
    seen = look_at(tmp_path / "oulad.zip")
    assert seen.format == look_at(source).format == "oulad"
    assert [(part.name, part.n_bytes) for part in seen.parts] == [
        (file.name, (source / file.name).stat().st_size) for file in FILES
    ]
    assert look_at(source).parts == seen.parts


def test_an_archive_that_lacks_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "oulad.zip", "w") as archive:
        archive.writestr("courses.csv", "a\n")
    with pytest.raises(InvalidInput, match=r"lacks vle\.csv, assessments\.csv"):
        Oulad(tmp_path / "oulad.zip", {}).check()
