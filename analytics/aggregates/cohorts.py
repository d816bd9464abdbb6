"""The runs of a course beside each other, and how results lie, both from enrolments and day tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Avg, Count, F, FloatField, Min, Q, QuerySet, Value
from django.db.models.functions import Cast, Floor, Least

from analytics.aggregates.reach import FINISHING
from analytics.models import Activity, CourseTotal, Enrolment, Kind, Outcome

FEWEST = 5
"""Cells of fewer learners are not told: they could be recognised."""
TENTHS = 10
RUNS_SHOWN = 24


@dataclass(frozen=True)
class Cohort:
    """One run of a course; shares are None where the run is too small or nobody has ended."""

    name: str
    """The run's; the course's where each run is a course of its own."""
    started_at: datetime | None
    n_enrolled: int
    n_ended: int
    finished_share: float | None
    withdrawn_share: float | None
    grade_share: float | None

    @property
    def is_suppressed(self) -> bool:
        return self.n_enrolled < FEWEST


def cohorts(course: Activity, among: QuerySet[Activity]) -> list[Cohort]:
    """The runs of the course in the order in which they began.

    Some sources make each run a course of its own, with the same topics: those of `among` count as runs then.
    """
    same = (
        among.filter(Q(pk=course.pk) | Q(tags=course.tags, kind=Kind.COURSE))
        if course.tags
        else among.filter(pk=course.pk)
    )
    rows: Any = (
        Enrolment.objects.filter(course__in=same.values("pk"))
        .order_by()
        .values("course__name", "course_run")
        .annotate(
            started_at=Min("started_at"),
            n_enrolled=Count("id"),
            n_ended=Count("id", filter=~Q(outcome=Outcome.ACTIVE)),
            n_finished=Count("id", filter=Q(outcome__in=FINISHING)),
            n_withdrawn=Count("id", filter=Q(outcome=Outcome.WITHDRAWN)),
            grade_share=Avg("grade_share"),
        )
        .order_by(F("started_at").asc(nulls_first=True), "course__name", "course_run")[:RUNS_SHOWN]
    )
    found = list(rows)
    are_courses = len({row["course__name"] for row in found}) > 1
    return [_cohort(row, are_courses) for row in found]


def _cohort(row: dict[str, Any], is_course: bool) -> Cohort:
    course, run = row["course__name"], row["course_run"]
    name = run if not is_course else course if run in course else f"{course} {run}"
    n_ended = row["n_ended"]
    is_told = row["n_enrolled"] >= FEWEST and n_ended >= FEWEST
    return Cohort(
        name,
        row["started_at"],
        row["n_enrolled"],
        n_ended,
        row["n_finished"] / n_ended if is_told else None,
        row["n_withdrawn"] / n_ended if is_told else None,
        row["grade_share"] if is_told else None,
    )


def results_spread(course: Activity) -> list[int]:
    """Shape (10,): learners by the tenth in which their mean result in the course lies, 1.0 in the last."""
    mean = F("result_sum") / Cast("n_results", FloatField())
    tenth = Least(Floor(mean * Value(float(TENTHS))), Value(float(TENTHS - 1)), output_field=FloatField())
    rows = CourseTotal.objects.filter(course=course, n_results__gt=0).order_by().annotate(tenth=tenth).values("tenth")
    counts = [0] * TENTHS
    for row in rows.annotate(n=Count("learner")):
        counts[max(int(row["tenth"]), 0)] += row["n"]
    return counts
