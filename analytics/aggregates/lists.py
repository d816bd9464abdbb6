"""Courses and learners with their measures beside them, as querysets: lists search, sort and page them in SQL."""

from __future__ import annotations

from django.db.models import Count, F, FloatField, IntegerField, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Cast, Coalesce, NullIf

from analytics.aggregates.measures import MEASURES
from analytics.aggregates.period import Period
from analytics.models import Activity, ActivityDay, Enrolment, Learner, LearnerDay

COURSE_MEASURES = ("events", "completions", "result_share")


def courses_with_activity(courses: QuerySet[Activity], period: Period) -> QuerySet[Activity]:
    """Each course with `n_enrolled`, `learners`, `events`, `completions`, `result_share` and `last_on` (ever)."""
    days = ActivityDay.objects.filter(activity=OuterRef("pk")).order_by()
    within = days.filter(on__range=(period.first_on, period.last_on)).values("activity")
    measured = {
        name: Subquery(within.annotate(value=MEASURES[name].expression).values("value")) for name in COURSE_MEASURES
    }
    learner_days = LearnerDay.objects.filter(course=OuterRef("pk"), on__range=(period.first_on, period.last_on))
    learners = learner_days.order_by().values("course").annotate(value=MEASURES["learners"].expression).values("value")
    enrolled = Enrolment.objects.filter(course=OuterRef("pk")).order_by().values("course")
    return courses.annotate(
        n_enrolled=Coalesce(Subquery(enrolled.annotate(n=Count("learner", distinct=True)).values("n")), Value(0)),
        learners=Coalesce(Subquery(learners), Value(0), output_field=IntegerField()),
        events=Coalesce(measured["events"], Value(0)),
        completions=Coalesce(measured["completions"], Value(0)),
        result_share=measured["result_share"],
        last_on=Subquery(days.order_by("-on").values("on")[:1]),
    )


def learners_with_activity(learners: QuerySet[Learner], courses: QuerySet[Activity] | None = None) -> QuerySet[Learner]:
    """Each learner with `events`, `completions`, `active_days`, `result_share` and `last_on`, of all time.

    With `courses`, only what happened within them counts: an instructor sees nothing of other courses.
    """
    if courses is None:
        return learners.annotate(
            events=Coalesce(F("total__n_events"), Value(0)),
            completions=Coalesce(F("total__n_completions"), Value(0)),
            active_days=Coalesce(F("total__n_days"), Value(0)),
            result_share=F("total__result_sum") / NullIf(Cast("total__n_results", FloatField()), Value(0.0)),
            last_on=F("total__last_on"),
        )
    within = Q(days__course__in=courses)
    return learners.annotate(
        events=Coalesce(Sum("days__n_events", filter=within), Value(0)),
        completions=Coalesce(Sum("days__n_completions", filter=within), Value(0)),
        active_days=Count("days__on", filter=within, distinct=True),
        result_share=Sum("days__result_sum", filter=within)
        / NullIf(Cast(Sum("days__n_results", filter=within), FloatField()), Value(0.0)),
        last_on=Max("days__on", filter=within),
    )


def matching(rows: QuerySet[Learner] | QuerySet[Activity], text: str) -> QuerySet[Learner] | QuerySet[Activity]:
    """Whose name or external id holds the text, in any case of letters."""
    return rows.filter(Q(name__icontains=text) | Q(external_id__icontains=text)) if text else rows
