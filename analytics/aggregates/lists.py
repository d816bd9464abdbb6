"""Courses and learners with their measures beside them, as querysets: lists search, sort and page them in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db.models import (
    Count,
    F,
    FloatField,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, NullIf

from analytics.aggregates.learner_counts import CourseLearners
from analytics.aggregates.measures import MEASURES
from analytics.aggregates.period import Period
from analytics.models import Activity, ActivityDay, CourseTotal, Enrolment, Learner, LearnerDay

M = TypeVar("M", Learner, Activity)
ACTIVITY_MEASURES = ("events", "completions", "result_share")


class Counted(Subquery):
    """How many rows a subquery has."""

    template = "(SELECT count(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def courses_with_activity(courses: QuerySet[Activity], period: Period) -> QuerySet[Activity]:
    """Each course with `n_enrolled`, `n_active`, `n_events`, `n_completions`, `result_share` and `last_on` (ever)."""
    return courses.annotate(**course_sums(period))


def course_sums(period: Period) -> dict[str, Combinable]:
    """The columns of `courses_with_activity` one by one, for lists that show some of them."""
    days = ActivityDay.objects.filter(activity=OuterRef("pk")).order_by()
    measured = activity_sums(period)
    ever = CourseTotal.objects.filter(course=OuterRef("pk"), first_on__lte=period.last_on).values("pk")
    enrolled = Enrolment.objects.filter(course=OuterRef("pk")).order_by().values("course")
    return {
        "n_enrolled": Coalesce(Subquery(enrolled.annotate(n=Count("learner", distinct=True)).values("n")), Value(0)),
        "n_active": Counted(ever) if period.is_everything else CourseLearners(period),
        **measured,
        "last_on": Subquery(days.order_by("-on").values("on")[:1]),
    }


def activity_sums(period: Period) -> dict[str, Combinable]:
    """`n_events`, `n_completions` and `result_share` of any activity in the period."""
    days = ActivityDay.objects.filter(activity=OuterRef("pk"), on__range=(period.first_on, period.last_on))
    grouped = days.order_by().values("activity")
    measured = {
        name: Subquery(grouped.annotate(value=MEASURES[name].expression).values("value")) for name in ACTIVITY_MEASURES
    }
    return {
        "n_events": Coalesce(measured["events"], Value(0)),
        "n_completions": Coalesce(measured["completions"], Value(0)),
        "result_share": measured["result_share"],
    }


def learners_with_activity(learners: QuerySet[Learner], course_ids: Sequence[int] | None = None) -> QuerySet[Learner]:
    """Each learner with `n_events n_completions n_active_days result_share first_on last_on`, of all time.

    With `course_ids`, only what happened within them counts: an instructor sees nothing of other courses.
    """
    return learners.annotate(**learner_sums(course_ids))


def learner_sums(course_ids: Sequence[int] | None = None) -> dict[str, Combinable]:
    """The columns of `learners_with_activity` one by one, for lists that show some of them."""
    if course_ids is None:
        return {
            "n_events": Coalesce(F("total__n_events"), Value(0)),
            "n_completions": Coalesce(F("total__n_completions"), Value(0)),
            "n_active_days": Coalesce(F("total__n_days"), Value(0)),
            "n_hours": Coalesce(F("total__seconds"), Value(0.0)) / Value(3600.0),
            "result_share": F("total__result_sum") / NullIf(Cast("total__n_results", FloatField()), Value(0.0)),
            "first_on": F("total__first_on"),
            "last_on": F("total__last_on"),
        }
    # A subquery for each column: those that are not ordered by are worked out for the rows of one page only.
    courses = CourseTotal.objects.filter(learner=OuterRef("pk"), course__in=list(course_ids))
    totals = courses.order_by().values("learner")
    # A day in two courses is one day; but most learners were in one only, and its days are counted already.
    alone = totals.annotate(n_courses=Count("pk")).filter(n_courses=1)
    days = LearnerDay.objects.filter(learner=OuterRef("pk"), course__in=list(course_ids)).order_by().values("learner")

    def of(expression: Combinable, rows: QuerySet[Any, Any] = totals) -> Subquery:
        return Subquery(rows.annotate(value=expression).values("value"))

    return {
        "n_events": Coalesce(of(MEASURES["events"].expression), Value(0)),
        "n_completions": Coalesce(of(MEASURES["completions"].expression), Value(0)),
        "n_active_days": Coalesce(of(Max("n_days"), alone), of(MEASURES["active_days"].expression, days), Value(0)),
        "n_hours": Coalesce(of(MEASURES["hours"].expression), Value(0.0)),
        "result_share": of(MEASURES["result_share"].expression),
        "first_on": of(Min("first_on")),
        "last_on": of(Max("last_on")),
    }


def matching(rows: QuerySet[M], text: str) -> QuerySet[M]:
    """Whose name or external id holds the text, in any case of letters."""
    return rows.filter(Q(name__icontains=text) | Q(external_id__icontains=text)) if text else rows
