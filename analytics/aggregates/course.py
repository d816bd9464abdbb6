"""One course: how far its learners come, and how its parts are used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, F, Max, Min, OuterRef, QuerySet, Subquery, Value
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce

from analytics.aggregates.measures import MEASURES
from analytics.aggregates.period import Period
from analytics.models import COMPLETING_VERBS, Activity, ActivityDay, Kind, LearnerDay

REACH_SECONDS = 300
"""How long a counted reach is kept; it is the only number of a page that is counted from events."""


# A learner is met once per part, then each learner's furthest part is the one latest in the order of the course.
REACH = """
WITH met AS (
    SELECT learner_id, activity_id, place, bool_or(verb = ANY(%(completing)s)) AS is_completed
    FROM analytics_event
    JOIN unnest(%(parts)s::bigint[]) WITH ORDINALITY AS parts (id, place) ON parts.id = activity_id
    WHERE organisation_id = %(organisation)s AND occurred_at >= %(first)s AND occurred_at < %(end)s
    GROUP BY learner_id, activity_id, place
), furthest AS (
    SELECT DISTINCT ON (learner_id) learner_id, activity_id FROM met ORDER BY learner_id, place DESC
)
SELECT met.activity_id, count(*), count(*) FILTER (WHERE is_completed), count(furthest.learner_id)
FROM met LEFT JOIN furthest USING (learner_id, activity_id)
GROUP BY met.activity_id
"""
Counts = tuple[int, int, int]


@dataclass(frozen=True)
class Reach:
    part: Activity
    n_reached: int
    n_completed: int
    n_ended: int
    """Learners who came to no later part."""
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


def reading_order() -> list[OrderBy]:
    """Parts of modules come in the order of their modules; parts directly below the course by their own place."""
    return [F("parent__position").asc(nulls_first=True), F("position").asc(), F("id").asc()]


def reach(course: Activity, limit: int = 40) -> list[Reach]:
    """How many of the course's learners came to each part ever, in the order of the course.

    Long courses are cut to the parts that most learners reached, still in the order of the course.
    """
    parts = list(Activity.objects.filter(course=course).exclude(kind=Kind.MODULE).order_by(*reading_order()))
    key = f"reach:{course.pk}"
    counts = cache.get(key)
    if counts is None:
        counts = _count_reach(course, parts)
        cache.set(key, counts, REACH_SECONDS)
    of, by_part = counts
    nobody = (0, 0, 0)
    most = {part.pk for part in sorted(parts, key=lambda part: -by_part.get(part.pk, nobody)[0])[:limit]}
    return [
        Reach(part, n_reached, n_completed, n_ended, of)
        for part in parts
        if part.pk in most
        for n_reached, n_completed, n_ended in [by_part.get(part.pk, nobody)]
    ]


def _count_reach(course: Activity, parts: Sequence[Activity]) -> tuple[int, dict[int, Counts]]:
    """Learners of the course, and per part the counts of `Reach`; reads the course's months only."""
    span = LearnerDay.objects.filter(course=course).aggregate(
        first=Min("on"), last=Max("on"), n=Count("learner", distinct=True)
    )
    if span["first"] is None:
        return 0, {}
    values: dict[str, Any] = {
        "parts": [part.pk for part in parts],
        "organisation": course.organisation_id,
        "first": datetime.combine(span["first"], time(), UTC),
        "end": datetime.combine(span["last"] + timedelta(days=1), time(), UTC),
        "completing": [verb.value for verb in COMPLETING_VERBS],
    }
    with connection.cursor() as cursor:
        cursor.execute(REACH, values)
        return span["n"], {part: (n_reached, n_completed, n_ended) for part, n_reached, n_completed, n_ended in cursor}
