"""Activities in a tree, with prerequisites; learners and enrolments."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analytics.imports.start import create_import
from analytics.models import (
    Activity,
    DirtyDay,
    Enrolment,
    Event,
    Import,
    Kind,
    Learner,
    Organisation,
    Prerequisite,
    RollupRefresh,
    RowVerdict,
)
from tests.analytics.imports.conftest import worked_on
from tests.analytics.imports.format_contract import FormatContract


class TestActivitiesContract(FormatContract):
    name = "activities"
    n_rows = 22

    def write(self, folder: Path) -> Path:
        rows = [f"a{n},module {n},video,a{n // 3 if n else ''},t1; t{n}" for n in range(20)] + [",x,quiz,,", "a1,y,,,"]
        path = folder / "activities.csv"
        path.write_text("activity,name,kind,parent,tags\n" + "\n".join(rows))
        return path


class TestLearnersContract(FormatContract):
    name = "learners"
    n_rows = 23

    def write(self, folder: Path) -> Path:
        rows = [f"l{n},Learner {n},{n % 3}" for n in range(21)] + [",Nobody,1", "l1,Again,2"]
        path = folder / "learners.csv"
        path.write_text("learner,name,group\n" + "\n".join(rows))
        return path


class TestEnrolmentsContract(FormatContract):
    name = "enrolments"
    n_rows = 24

    def write(self, folder: Path) -> Path:
        rows = [f"l{n},c{n % 3},passed,{n / 100}" for n in range(21)]
        rows += ["l1,,passed,", "l1,c1,passed,0.5", "l99,c1,vanished,"]
        path = folder / "enrolments.csv"
        path.write_text("learner,course,outcome,grade\n" + "\n".join(rows))
        return path


def imported(organisation: Organisation, path: Path, format: str, content: str, **options: Any) -> Import:
    path.write_text(content)
    done = worked_on(create_import(organisation, format, path, options=options))
    assert (done.error, done.adds_up) == ("", True)
    return done


def test_a_tree_in_any_order(organisation: Organisation, tmp_path: Path) -> None:
    content = (
        "activity,kind,name,parent,tags,prerequisites,opens_at,position\n"
        'quiz1,exam,Quiz,week1,"algebra; ""hard"", é",video1|intro,2024-03-01,2\n'
        "video1,lecture,,week1,,,,1\n"
        "week1,week,Week 1,math,,,,\n"
        "math,course,Mathematics,,,,,\n"
    )
    done = imported(organisation, tmp_path / "a.csv", "activities", content)
    assert (done.n_read, done.n_accepted, done.counts_by_code) == (4, 4, {"kind_unknown": 1})
    quiz = Activity.objects.get(external_id="quiz1")
    assert (quiz.kind, quiz.name, quiz.position) == (Kind.QUIZ, "Quiz", 2)
    assert quiz.tags == ["algebra", '"hard"', "é"]
    assert quiz.opens_at == datetime(2024, 2, 29, 23, tzinfo=UTC)
    assert quiz.parent is not None
    assert quiz.parent.external_id == "week1"
    assert set(Activity.objects.filter(course__external_id="math").values_list("external_id", flat=True)) == {
        "quiz1", "video1", "week1",
    }  # fmt: skip
    needed = Prerequisite.objects.filter(activity=quiz).values_list("needed__external_id", flat=True)
    assert set(needed) == {"video1", "intro"}
    assert Activity.objects.get(external_id="intro").kind == Kind.OTHER


def test_what_a_later_file_does_not_say_stays(organisation: Organisation, tmp_path: Path) -> None:
    imported(organisation, tmp_path / "a.csv", "activities", "activity,kind,name,tags,course\nv,video,Film,x;y,math\n")
    later = imported(organisation, tmp_path / "b.csv", "activities", "activity,name\nv,Movie\n")
    assert (later.n_accepted, later.n_merged) == (0, 1)
    found = Activity.objects.get(external_id="v")
    assert (found.kind, found.name, found.tags) == (Kind.VIDEO, "Movie", ["x", "y"])
    assert found.course is not None


def test_activities_in_a_circle(organisation: Organisation, tmp_path: Path) -> None:
    content = "activity,parent\na,b\nb,c\nc,a\nd,a\ne,e\n"
    done = imported(organisation, tmp_path / "a.csv", "activities", content)
    assert done.counts_by_code == {"parent_in_circle": 4}
    assert set(RowVerdict.objects.values_list("row_number", flat=True)) == {1, 2, 3, 5}
    assert dict(Activity.objects.values_list("external_id", "parent__external_id"))["d"] == "a"


def test_a_part_that_moves_takes_its_days_along(organisation: Organisation, tmp_path: Path) -> None:
    imported(organisation, tmp_path / "e.csv", "csv", "learner,activity,verb,at\nl,v,viewed,2024-03-01T10:00Z\n")
    imported(organisation, tmp_path / "a.csv", "activities", "activity,parent\nv,week\n")
    DirtyDay.objects.all().delete()
    imported(organisation, tmp_path / "b.csv", "activities", "activity,course\nweek,math\n")
    assert Event.objects.get().activity.course == Activity.objects.get(external_id="math")
    assert [day.on.isoformat() for day in DirtyDay.objects.all()] == ["2024-03-01"]


def test_learners_and_what_is_told_of_them(organisation: Organisation, tmp_path: Path) -> None:
    content = "id;name;Group;note\nana@x.org; Ana ;B;\nl2;;C;n/a\n"
    imported(organisation, tmp_path / "l.csv", "learners", content, columns={"learner": "id"})
    later = imported(organisation, tmp_path / "m.csv", "learners", "learner,age\nANA@X.org,9\nBo@x.org,1\nbo@x.org,2\n")
    assert later.counts_by_code == {"learner_matched": 2, "known_learner": 1, "repeated_learner": 1}
    assert later.counts_by_step == {"match_learners@2": 2, "merge_duplicates@1": 2}
    assert list(Learner.objects.order_by("id").values_list("external_id", "name", "attributes")) == [
        ("ana@x.org", "Ana", {"Group": "B", "age": "9"}),
        ("l2", "", {"Group": "C"}),
        ("Bo@x.org", "", {"age": "1"}),
    ]


def test_enrolments_with_outcome_and_grade(organisation: Organisation, tmp_path: Path) -> None:
    content = (
        "learner,course,course_run,outcome,grade,started_at,ended_at\n"
        "l1,math,2024,Passed,85,01/09/2024,20/12/2024\n"
        'l1,math,2025,,"72,5",,\n'
        "l2,math,2024,failed,120,,\n"
        "l3,art,,drop,,,\n"
    )
    done = imported(organisation, tmp_path / "e.csv", "enrolments", content, full_mark="100", time_zone="UTC")
    assert done.counts_by_code == {"grade_decimal_comma": 1, "grade_impossible": 1}
    names = ("learner__external_id", "course__external_id", "course_run", "outcome", "grade_share")
    assert list(Enrolment.objects.order_by("id").values_list(*names)) == [
        ("l1", "math", "2024", "completed", 0.85),
        ("l1", "math", "2025", "active", 0.725),
        ("l3", "art", "", "withdrawn", None),
    ]
    assert Enrolment.objects.order_by("id")[0].ended_at == datetime(2024, 12, 20, tzinfo=UTC)
    RollupRefresh.objects.all().delete()
    later = imported(organisation, tmp_path / "f.csv", "enrolments", "learner,course,outcome\nl3,art,completed\n")
    assert RollupRefresh.objects.exists(), "what Explore counted by outcome is no longer true"
    assert later.n_merged == 1
    assert Enrolment.objects.get(learner__external_id="l3").outcome == "completed"


def test_the_attempt_of_an_enrolment(organisation: Organisation, tmp_path: Path) -> None:
    rows = ["l1,math,2", "l2,math,", "l3,math,0", "l4,math,1.5", "l5,math,many", "l6,math,40000"]
    done = imported(organisation, tmp_path / "e.csv", "enrolments", "\n".join(["learner,course,attempt", *rows]))
    assert done.counts_by_code == {"attempt_not_a_number": 4}
    kept = Enrolment.objects.order_by("id").values_list("learner__external_id", "attempt")
    assert list(kept) == [("l1", 2), ("l2", None)]
    later = imported(organisation, tmp_path / "f.csv", "enrolments", "learner,course,attempt\nl1,math,\nl2,math,3\n")
    assert later.n_merged == 2
    assert list(kept.all()) == [("l1", 2), ("l2", 3)]
