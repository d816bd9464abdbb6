"""The parts of one course and how they are used."""

from __future__ import annotations

from django.db.models import QuerySet

from analytics.aggregates.lists import activity_sums
from analytics.aggregates.period import Period
from analytics.aggregates.reach import reading_order
from analytics.models import Activity, Kind


def parts_with_activity(course: Activity, period: Period) -> QuerySet[Activity]:
    """The course's parts in their order, each with `n_events`, `n_completions` and `result_share` of the period."""
    parts = Activity.objects.filter(course=course).exclude(kind=Kind.MODULE)
    return parts.annotate(**activity_sums(period)).order_by(*reading_order())
