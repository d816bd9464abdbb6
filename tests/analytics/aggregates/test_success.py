"""What goes with finishing a course, its funnel, its runs and how results lie, on data whose answer is known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache

from analytics.aggregates import rollups
from analytics.aggregates.cohorts import cohorts, results_spread
from analytics.aggregates.reach import Counts, Reach, funnel, most_reached, reach
from analytics.aggregates.success import ties
from analytics.models import Activity, Enrolment, Event, Kind, Learner, Outcome, Verb
from tests.cast import Cast, last_day

N = 60


@pytest.fixture
def course(cast: Cast) -> Activity:
    """Sixty learners come to the last of four parts in two modules, three stop at the first.

    The even ones do the helpful part, and two thirds of them finish; of the odd ones a third. Whether somebody did
    the idle part has nothing to do with it.
    """
    organisation = cast.north.organisation
    course = Activity.objects.create(organisation=organisation, external_id="c", kind=Kind.COURSE, name="C")
    modules = [
        Activity.objects.create(
            organisation=organisation, external_id=f"m{n}", kind=Kind.MODULE, name=f"M{n}", parent=course,
            course=course, position=n,
        )
        for n in range(2)
    ]  # fmt: skip
    parts = [
        Activity.objects.create(
            organisation=organisation, external_id=name, kind=Kind.READING, name=name, parent=modules[n // 2],
            course=course, position=n,
        )
        for n, name in enumerate(["first", "helpful", "idle", "last"])
    ]  # fmt: skip
    learners = Learner.objects.bulk_create(
        [Learner(organisation=organisation, external_id=f"n{n}") for n in range(N + 3)]
    )
    did = {
        "first": lambda n: True,
        "helpful": lambda n: n % 2 == 0,
        "idle": lambda n: n % 4 < 2,
        "last": lambda n: n < N,
    }
    events = [
        Event(
            organisation=organisation, learner=learner, activity=part, verb=Verb.VIEWED,
            occurred_at=last_day() - timedelta(days=1), from_import=cast.north.from_import,
        )
        for n, learner in enumerate(learners)
        for part in parts
        if did[part.name](n) and (n < N or part.name == "first")
    ]  # fmt: skip
    Event.objects.bulk_create(events)
    Enrolment.objects.bulk_create(
        [
            Enrolment(
                organisation=organisation, learner=learner, course=course, course_run="tiny" if n >= N else "autumn",
                outcome=Outcome.COMPLETED if n < N and n % 6 in (0, 1, 2) else Outcome.WITHDRAWN, grade_share=0.5,
            )
            for n, learner in enumerate(learners)
        ]
    )  # fmt: skip
    rollups.mark_dirty(organisation.pk, [last_day().date() - timedelta(days=1)])
    rollups.refresh(organisation.pk)
    cache.clear()
    return course


def test_what_helps_is_found_and_what_is_idle_is_not(course: Activity) -> None:
    found = ties(reach(course))
    assert found.n_ended == N + 3
    assert [tie.part.name for tie in found.clear] == ["helpful"]
    (tie,) = found.clear
    assert (tie.n_with, tie.n_without) == (30, 30), "those who stopped at the first part are not held against it"
    assert (tie.with_share, tie.without_share) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert tie.low > 0


def test_late_parts_are_not_tied_by_being_late(course: Activity) -> None:
    rows = {row.part.name: row for row in reach(course)}
    assert rows["last"].n_ended_beyond == rows["last"].counts.n_ended == N
    assert "last" not in [tie.part.name for tie in ties(list(rows.values())).clear]


def test_differences_are_shrunken_and_intervals_hold_together() -> None:
    def row(n_with: int, with_: int, n_without: int, without: int) -> Reach:
        counts = Counts(n_with, 0, 0, n_with, with_, 0, 0)
        return Reach(Activity(name="x"), counts, 100, 100, n_with + n_without, with_ + without)

    (alone,) = ties([row(40, 40, 40, 0)]).clear
    assert alone.difference == pytest.approx(41 / 42 - 1 / 42)
    among = ties([row(40, 40, 40, 0), *[row(40, 20, 40, 20) for _other in range(99)]])
    assert among.n_compared == 100
    assert among.clear[0].low < alone.low, "the more is compared, the wider each interval"
    assert ties([row(9, 9, 40, 0)]).n_compared == 0, "of few nothing is said"


def test_the_funnel(course: Activity) -> None:
    steps = funnel(reach(course))
    assert [(step.module.name, step.n_beyond, step.n_stopped) for step in steps] == [("M0", N + 3, 3), ("M1", N, N)]
    assert [row.part.name for row in most_reached(reach(course), 2)] == ["first", "last"]


def test_runs_are_compared_and_small_ones_are_not_told(course: Activity) -> None:
    by_name = {cohort.name: cohort for cohort in cohorts(course, Activity.objects.all())}
    assert by_name["autumn"].finished_share == pytest.approx(0.5)
    assert by_name["autumn"].withdrawn_share == pytest.approx(0.5)
    assert by_name["tiny"].is_suppressed
    assert by_name["tiny"].grade_share is None


def test_runs_that_are_courses_of_their_own(cast: Cast) -> None:
    algebra, biology = cast.north.courses["algebra"], cast.north.courses["biology"]
    Activity.objects.filter(pk=biology.pk).update(tags=algebra.tags)
    among = Activity.objects.filter(organisation=cast.north.organisation)
    found = cohorts(algebra, among)
    assert {cohort.name.strip(): cohort.n_enrolled for cohort in found} == {"Algebra": 8, "Biology": 8}
    assert len(cohorts(algebra, among.exclude(pk=biology.pk))) == 1


def test_how_results_lie(cast: Cast) -> None:
    # A quiz is 0.5; the two learners who came to the assignment have (0.5 + 0.75) / 2.
    counts = results_spread(cast.north.courses["algebra"])
    assert counts == [0, 0, 0, 0, 0, 6, 2, 0, 0, 0]
