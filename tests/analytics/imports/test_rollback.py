"""What a roll-back takes out, and what it leaves because something else leans on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from analytics.aggregates import rollups
from analytics.errors import NeuralinkError
from analytics.imports.rollback import request_roll_back, roll_back, work_on
from analytics.imports.start import create_import
from analytics.jobs import working_on
from analytics.models import (
    Activity,
    Enrolment,
    Event,
    Import,
    JobState,
    Learner,
    LearnerDay,
    LearnerTotal,
    Member,
    Organisation,
    RollBack,
)
from analytics.tasks import roll_back as task
from recommender.models import Impression
from tests.analytics.imports.conftest import worked_on
from tests.cast import Cast

ImportCsv = Callable[..., Import]
FIRST = "l1,a1,viewed,2024-03-01T10:00Z,,\nl2,a2,viewed,2024-03-01T10:00Z,,\n"
SECOND = "l2,a3,viewed,2024-03-02T10:00Z,,\n"


def there(organisation: Organisation) -> tuple[set[str], set[str]]:
    rows = (model.objects.filter(organisation=organisation) for model in (Learner, Activity))
    learners, activities = (set(each.values_list("external_id", flat=True)) for each in rows)
    return learners, activities


def test_only_what_nothing_else_tells_of_goes(import_csv: ImportCsv, organisation: Organisation) -> None:
    first, second = import_csv(FIRST), import_csv(SECOND, name="second.csv")
    rollups.refresh(organisation.pk)
    roll_back(first)
    assert there(organisation) == ({"l2"}, {"a3"})
    rollups.refresh(organisation.pk)
    assert set(LearnerTotal.objects.values_list("learner__external_id", flat=True)) == {"l2"}
    roll_back(second)
    assert there(organisation) == (set(), set()), "nothing tells of l2 any more"


def test_courses_enrolments_and_day_tables_go_with_their_import(
    import_csv: ImportCsv, organisation: Organisation, tmp_path: Path
) -> None:
    content = b"learner,activity,verb,at,course\nl1,a1,viewed,2024-03-01T10:00Z,c\nl1,a2,viewed,2024-03-02T10:00Z,c\n"
    done = import_csv(content, name="course.csv")
    rollups.refresh(organisation.pk)
    assert Enrolment.objects.filter(organisation=organisation).count() == 1
    assert LearnerDay.objects.filter(organisation=organisation).exists()
    job = request_roll_back(done)
    task(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.SUCCEEDED, "")
    assert (job.n_events, job.n_enrolments, job.n_learners, job.n_activities) == (2, 1, 1, 3)
    assert not LearnerDay.objects.filter(organisation=organisation).exists()


def test_what_people_did_keeps_what_they_did_it_to(
    import_csv: ImportCsv, organisation: Organisation, cast: Cast
) -> None:
    done = import_csv(FIRST)
    learner = Learner.objects.get(organisation=organisation, external_id="l1")
    login = cast.south.members["learner"].login
    Member.objects.create(organisation=organisation, login=login, role="learner", learner=learner)
    other = Learner.objects.get(organisation=organisation, external_id="l2")
    Impression.objects.create(organisation=organisation, learner=other, activity_ids=[])
    roll_back(done)
    assert there(organisation) == ({"l1"}, set()), "l2 had only been shown recommendations"


def test_rows_that_were_there_before_stay(organisation: Organisation, tmp_path: Path) -> None:
    Learner.objects.create(organisation=organisation, external_id="l1")
    path = tmp_path / "learners.csv"
    path.write_text("learner,name\nl1,Ada\nl2,Ben\n")
    roll_back(worked_on(create_import(organisation, "learners", path)))
    assert there(organisation)[0] == {"l1"}


def test_an_update_by_another_import_keeps_the_row(organisation: Organisation, tmp_path: Path) -> None:
    imports = []
    for name in ("Ada", "Ada L."):
        path = tmp_path / f"{name}.csv"
        path.write_text(f"learner,name\nl1,{name}\n")
        imports.append(worked_on(create_import(organisation, "learners", path)))
    roll_back(imports[0])
    assert there(organisation)[0] == {"l1"}


def test_a_roll_back_is_asked_for_once(import_csv: ImportCsv) -> None:
    done = import_csv(FIRST)
    assert request_roll_back(done) == request_roll_back(done)
    task(RollBack.objects.get().pk)
    with pytest.raises(NeuralinkError, match="rolled back before"):
        request_roll_back(done)


def test_a_cancelled_roll_back_takes_nothing(import_csv: ImportCsv) -> None:
    done = import_csv(FIRST)
    job = request_roll_back(done)
    with working_on(RollBack, job.pk) as lease:
        RollBack.objects.filter(pk=job.pk).update(cancel_requested_at="2024-01-01T00:00Z")
        assert lease is not None
        work_on(lease)
    job.refresh_from_db()
    done.refresh_from_db()
    assert (job.state, done.rolled_back_at) == (JobState.CANCELLED, None)
    assert Event.objects.filter(from_import=done).count() == 2
