"""One course: how far its learners come, and how its parts are used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.core.cache import cache
from django.db.models import Count, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from analytics.aggregates.measures import MEASURES
from analytics.aggregates.period import Period
from analytics.models import COMPLETING_VERBS, Activity, ActivityDay, Event, Kind, LearnerDay

REACH_SECONDS = 300
"""How long a counted reach is kept; it is the only number of a page that is counted from events."""


@dataclass(frozen=True)
class Reach:
    part: Activity
    n_reached: int
    n_completed: int
    of: int
    """Learners who did anything in the course."""

    @property
    def reached_share(self) -> float | None:
        return self.n_reached / self.of if self.of else None


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


def reading_order() -> list[F]:
    """Parts of modules come in the order of their modules; parts directly below the course by their own place."""
    return [F("parent__position").asc(nulls_first=True), F("position").asc(), F("id").asc()]


def reach(course: Activity, limit: int = 40) -> list[Reach]:
    """How many of the course's learners came to each part ever, in the order of the course.

    Long courses are cut to the parts that most learners reached, still in the order of the course.
    """
    key = f"reach:{course.pk}"
    counts = cache.get(key)
    if counts is None:
        counts = _count_reach(course)
        cache.set(key, counts, REACH_SECONDS)
    of, by_part = counts
    parts = list(Activity.objects.filter(course=course).exclude(kind=Kind.MODULE).order_by(*reading_order()))
    most = {part.pk for part in sorted(parts, key=lambda part: -by_part.get(part.pk, (0, 0))[0])[:limit]}
    return [Reach(part, *by_part.get(part.pk, (0, 0)), of) for part in parts if part.pk in most]


def _count_reach(course: Activity) -> tuple[int, dict[int, tuple[int, int]]]:
    """Learners of the course, and per part those who reached and completed it; reads the course's months only."""
    span = LearnerDay.objects.filter(course=course).aggregate(
        first=Min("on"), last=Max("on"), n=Count("learner", distinct=True)
    )
    if span["first"] is None:
        return 0, {}
    first = datetime.combine(span["first"], time(), UTC)
    last = datetime.combine(span["last"] + timedelta(days=1), time(), UTC)
    events = Event.objects.filter(
        activity__course=course, organisation=course.organisation_id, occurred_at__gte=first, occurred_at__lt=last
    )
    counted = (
        events.order_by()
        .values("activity_id")
        .annotate(
            reached=Count("learner", distinct=True),
            completed=Count("learner", distinct=True, filter=Q(verb__in=COMPLETING_VERBS)),
        )
    )
    return span["n"], {row["activity_id"]: (row["reached"], row["completed"]) for row in counted}
