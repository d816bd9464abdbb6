"""The parts of one course and how they are used."""

from __future__ import annotations

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from analytics.aggregates.measures import MEASURES
from analytics.aggregates.period import Period
from analytics.aggregates.reach import reading_order
from analytics.models import Activity, ActivityDay, Kind


def parts_with_activity(course: Activity, period: Period) -> QuerySet[Activity]:
    """The course's parts in their order, each with `n_events`, `n_completions` and `result_share` of the period."""
    days = ActivityDay.objects.filter(activity=OuterRef("pk"), on__range=(period.first_on, period.last_on))
    grouped = days.order_by().values("activity")
    measured = {
        name: Subquery(grouped.annotate(value=MEASURES[name].expression).values("value"))
        for name in ("events", "completions", "result_share")
    }
    return (
        Activity.objects.filter(course=course)
        .exclude(kind=Kind.MODULE)
        .annotate(
            n_events=Coalesce(measured["events"], Value(0)),
            n_completions=Coalesce(measured["completions"], Value(0)),
            result_share=measured["result_share"],
        )
        .order_by(*reading_order())
    )
