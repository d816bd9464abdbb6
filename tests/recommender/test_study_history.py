"""How enrolments went, read from the database as it was known at an instant."""

from __future__ import annotations

import re
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection

from analytics.models import Activity, Enrolment, Kind, Learner, LearnerDay, Outcome
from recommender.datasets.studies import FINISHED, MATERIAL_KINDS, UNKNOWN
from recommender.outcomes.examples import examples_on
from recommender.study_history import HANDING_IN, course_names, groups_of, studies
from tests.recommender.college import BEGINS, DUE_DAYS, LENGTH_DAYS, N_A_RUN, TODAY_DAY, College, build_college


def test_days_count_from_the_opening(college: College) -> None:
    data = studies(college.organisation)
    assert len(data) == 3 * N_A_RUN
    assert set(data.today_on - data.first_on[data.run == data.run[-1]]) == {TODAY_DAY}
    assert data.start_day.min() >= -20
    assert data.start_day.max() <= 0
    assert set(data.end_day) == {LENGTH_DAYS, np.inf}
    assert sorted(set(data.work.due_day)) == list(DUE_DAYS)
    assert (data.runs.subject == data.runs.subject[0]).all()
    assert set(data.runs.season) == {10}
    # What was learnt of a subject is found again in any later reading, whatever else is there then.
    assert data.runs.subject[0] == 0x384712E  # of md5
    assert course_names(data, np.array([0, 2])) == ["Algebra 2022", "Algebra 2024"]


def test_whoever_never_signed_off_is_not_in_a_course_that_has_closed(college: College) -> None:
    enrolment = college.enrolments[1][6]
    Enrolment.objects.filter(pk=enrolment.pk).update(outcome=Outcome.ACTIVE, ended_at=None)
    Activity.objects.filter(pk=enrolment.course_id).update(closes_at=BEGINS[1] + timedelta(days=LENGTH_DAYS + 30))
    data = studies(college.organisation, only_running=True)
    owner = int(np.flatnonzero(data.enrolment_ids == enrolment.pk)[0])
    assert data.end_day[owner] == LENGTH_DAYS + 30
    assert data.outcome[owner] == UNKNOWN
    assert not np.isin(data.days.owner, np.flatnonzero(data.run == data.run[owner])).any()
    Activity.objects.filter(pk=enrolment.course_id).update(closes_at=None)
    still = studies(college.organisation, only_running=True)
    assert still.end_day[owner] == np.inf
    assert np.isin(still.days.owner, np.flatnonzero(still.run == still.run[owner])).any()


def test_rows_find_their_enrolment(college: College) -> None:
    data = studies(college.organisation)
    enrolment = college.enrolments[1][6]
    owner = int(np.flatnonzero(data.enrolment_ids == enrolment.pk)[0])
    days = LearnerDay.objects.filter(learner=enrolment.learner).order_by("on").values_list("on", flat=True)
    assert data.days.day[data.days.owner == owner].tolist() == [(on - BEGINS[1].date()).days for on in days]
    handed = data.work.owner == owner
    assert data.work.day[handed].tolist() == [due - 2 for due in DUE_DAYS][: handed.sum()]
    assert set(data.work.result[handed]) == {0.8}


def test_a_material_is_met_for_the_first_time_once(college: College) -> None:
    """By hand, from the days: the first of each, whatever order they stand in, and nothing but materials."""
    course, enrolment = college.courses[1], college.enrolments[1][6]
    work, reading = college.work[1][0].pk, college.readings[1][0].pk
    first = LearnerDay.objects.filter(learner=enrolment.learner).order_by("on")[0]
    first.activities = [work, reading, course.pk, 10**15]  # the last was deleted since
    first.save()
    data = studies(college.organisation)
    owner = int(np.flatnonzero(data.enrolment_ids == enrolment.pk)[0])
    met: dict[int, int] = {}
    for row in LearnerDay.objects.filter(learner=enrolment.learner).order_by("on"):
        for activity in row.activities:
            met.setdefault(activity, (row.on - BEGINS[1].date()).days)
    readings = {one.pk for one in college.readings[1]}
    own = data.materials.owner == owner
    assert data.materials.day[own].tolist() == sorted(day for activity, day in met.items() if activity in readings)
    assert set(data.materials.kind) == {MATERIAL_KINDS.index("reading")}
    assert (data.materials.run[data.materials.material] == data.run[data.materials.owner]).all()
    rows = data.days.owner == owner
    assert data.days.n_by_kind[rows].sum(axis=1).tolist() == [1.0, *[2.0] * (rows.sum() - 1)]


def test_whoever_repeats_a_run_meets_its_materials_again(college: College) -> None:
    """The same course under one name: what was met in the first time does not count in the second."""
    again, learner = college.courses[0], college.enrolments[0][0].learner
    Activity.objects.filter(pk=again.pk).update(opens_at=None)
    second = Enrolment.objects.create(
        organisation=college.organisation, learner=learner, course=again, course_run="again", started_at=BEGINS[1]
    )
    LearnerDay.objects.create(
        organisation=college.organisation, learner=learner, course=again, on=BEGINS[1].date() + timedelta(days=3),
        n_events=1, n_activities=1, activities=[college.readings[0][0].pk],
    )  # fmt: skip
    data = studies(college.organisation)
    own = data.materials.owner == int(np.flatnonzero(data.enrolment_ids == second.pk)[0])
    assert data.materials.day[own].tolist() == [3]


def test_days_without_anything_kept_of_them(college: College) -> None:
    LearnerDay.objects.update(activities=[])
    data = studies(college.organisation)
    assert not len(data.materials.owner)
    assert not data.days.n_by_kind.any()
    assert len(data.days.owner)


def test_an_archive_can_be_asked_as_of_any_day(college: College) -> None:
    """What had not happened by then is not read: no rows, no ends, no outcomes, no later enrolments."""
    then = BEGINS[1] + timedelta(days=50)
    data = studies(college.organisation, until=then)
    assert len(data) == 2 * N_A_RUN
    later = data.run == data.run[-1]
    assert (data.outcome[later] == UNKNOWN).all()
    assert np.isinf(data.end_day[later]).all()
    assert np.isnan(data.grade_share[later]).all()
    assert data.days.day[later[data.days.owner]].max() <= 50
    assert (data.outcome[~later] != UNKNOWN).all()


def test_only_running_reads_less_and_knows_the_outcomes(college: College) -> None:
    whole, running = studies(college.organisation), studies(college.organisation, only_running=True)
    np.testing.assert_array_equal(whole.outcome, running.outcome)
    assert set(running.run[running.days.owner]) == {whole.run[-1]}
    course = studies(college.organisation, only_course_id=college.courses[0].pk)
    assert set(course.run[course.days.owner]) == {whole.run[0]}


def test_other_organisations_are_not_read(college: College) -> None:
    before = studies(college.organisation)
    build_college("other", seed=1)
    again = studies(college.organisation)
    np.testing.assert_array_equal(before.enrolment_ids, again.enrolment_ids)
    assert len(before.days.owner) == len(again.days.owner)
    assert len(before.work.run) == len(again.work.run)


def test_without_an_opening_everybody_has_a_clock(college: College) -> None:
    Activity.objects.filter(kind=Kind.COURSE).update(opens_at=None)
    data = studies(college.organisation)
    assert (data.start_day == 0).all()
    assert np.isnan(data.work.due_day).all()
    assert set(data.runs.season) == {0}


def test_an_outcome_without_a_date_ends_with_the_last_activity(college: College) -> None:
    enrolment = college.enrolments[0][0]
    Activity.objects.filter(pk=enrolment.course_id).update(closes_at=None)
    data = studies(college.organisation)
    owner = int(np.flatnonzero(data.enrolment_ids == enrolment.pk)[0])
    assert data.end_day[owner] == data.days.day[data.days.owner == owner].max() + 1
    assert data.outcome[owner] in {FINISHED, 1}


def test_rows_of_a_second_run_go_to_the_second_enrolment(college: College) -> None:
    """Who takes a course twice has rows of both times under one learner and one course."""
    first = college.enrolments[0][0]
    Activity.objects.filter(pk=first.course_id).update(opens_at=None)
    again_at = BEGINS[0] + timedelta(days=60)
    again = Enrolment.objects.create(
        organisation=college.organisation, learner=first.learner, course=first.course, course_run="again",
        started_at=again_at, outcome=Outcome.ACTIVE,
    )  # fmt: skip
    data = studies(college.organisation)
    one, other = (int(np.flatnonzero(data.enrolment_ids == each.pk)[0]) for each in (first, again))
    assert data.days.day[data.days.owner == other].min() >= 0
    last_of_first = data.first_on[one] + data.days.day[data.days.owner == one].max()
    assert last_of_first < data.first_on[other]


def test_grades_are_the_sources_or_the_mean_result(college: College) -> None:
    Enrolment.objects.filter(pk=college.enrolments[0][0].pk).update(grade_share=None)
    data = studies(college.organisation)
    owner = int(np.flatnonzero(data.enrolment_ids == college.enrolments[0][0].pk)[0])
    assert data.grade_share[owner] == pytest.approx(0.8)


def test_groups_are_for_the_audit(college: College) -> None:
    Learner.objects.filter(external_id="2022-0").update(attributes={"shoe": "large", "credits": "60"})
    groups = groups_of(college.organisation, studies(college.organisation))
    assert set(groups) == {"shoe"}
    assert set(groups["shoe"]) == {"large", "small"}


def test_who_somebody_is_changes_no_feature(college: College) -> None:
    """Whatever a source tells of people, planted so that it gives the outcome away."""
    day = TODAY_DAY - 1

    def features() -> np.ndarray:
        examples = examples_on(studies(college.organisation), day, with_weeks=True)
        return np.column_stack([examples.features, examples.told, examples.weeks.reshape(len(examples), -1)])

    honest = features()
    for outcome in Outcome:
        group = f"group {outcome}"
        told = dict.fromkeys(("gender", "age_band", "region", "disability", "imd_band", "attempt"), group)
        Learner.objects.filter(enrolments__outcome=outcome).update(attributes=told, name=group)
    np.testing.assert_array_equal(features(), honest)
    Enrolment.objects.filter(outcome=Outcome.FAILED).update(attempt=2)
    assert not np.array_equal(features(), honest, equal_nan=True), "of the enrolment, so it is seen"


def test_the_attempt_is_told_of_the_enrolment(college: College) -> None:
    first, second = college.enrolments[0][:2]
    Enrolment.objects.filter(pk=first.pk).update(attempt=3)
    data = studies(college.organisation)
    told = dict(zip(data.enrolment_ids.tolist(), data.attempt.tolist(), strict=True))
    assert told[first.pk] == 3
    assert np.isnan(told[second.pk])


def test_an_organisation_without_anything(college: College) -> None:
    college.organisation.enrolments.all().delete()
    data = studies(college.organisation)
    assert len(data) == len(data.days.owner) == 0


def test_the_index_of_what_was_handed_in_has_just_the_verbs_that_are_asked_for(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indexrelid = 'event_handed_in'::regclass"
        )
        (condition,) = cursor.fetchone()
    assert set(re.findall(r"'(\w+)'::character varying", condition)) == {verb.value for verb in HANDING_IN}
