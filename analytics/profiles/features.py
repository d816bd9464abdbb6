"""Numbers about one learner, read from their own events in a handful of queries. `portrait` says what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db.models import Count, DurationField, F, FloatField, Func, Max, Min, Q, QuerySet, Sum, TextField, Value
from django.db.models.expressions import ExpressionWrapper
from django.db.models.functions import Cast, Coalesce, Extract, ExtractHour, ExtractIsoWeekDay, NullIf, Power, TruncDate

from analytics.models import COMPLETING_VERBS, Activity, Enrolment, Event, Kind, Unit

RECENT_DAYS = 28
HALF_LIFE_DAYS = 60.0
"""After so many days an event says half as much about interests."""
RESULTS_SHOWN = 200
TOPICS_SHOWN = 8


@dataclass(frozen=True)
class Activeness:
    n_events: int
    n_days: int
    """Days with an event, on the organisation's calendar."""
    n_recent_days: int
    """The same of the last RECENT_DAYS days."""
    n_days_before: int
    """The same of the RECENT_DAYS days before those."""
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True)
class Topic:
    name: str
    weight_share: float
    """Part of all weight, 0 to 1; an event's weight halves every HALF_LIFE_DAYS."""
    n_events: int


@dataclass(frozen=True)
class CourseProgress:
    enrolment: Enrolment
    n_parts: int
    n_met: int
    n_done: int
    last_at: datetime | None

    @property
    def done_share(self) -> float | None:
        return self.n_done / self.n_parts if self.n_parts else None

    @property
    def met_share(self) -> float | None:
        return self.n_met / self.n_parts if self.n_parts else None


@dataclass(frozen=True)
class Result:
    at: datetime
    activity: str
    result_share: float


def activeness(events: QuerySet[Event], now: datetime, zone: ZoneInfo) -> Activeness:
    day = TruncDate("occurred_at", tzinfo=zone)
    recent, before = now - timedelta(days=RECENT_DAYS), now - timedelta(days=2 * RECENT_DAYS)
    found = events.order_by().aggregate(
        n_events=Count("id"),
        n_days=Count(day, distinct=True),
        n_recent_days=Count(day, distinct=True, filter=Q(occurred_at__gt=recent, occurred_at__lte=now)),
        n_days_before=Count(day, distinct=True, filter=Q(occurred_at__gt=before, occurred_at__lte=recent)),
        first_at=Min("occurred_at"),
        last_at=Max("occurred_at"),
    )
    return Activeness(**found)


def week(events: QuerySet[Event], zone: ZoneInfo) -> list[list[int]]:
    """Events by weekday (7 rows, Monday first) and hour (24 columns) on the organisation's clock."""
    counts = [[0] * 24 for _ in range(7)]
    grouped = (
        events.order_by()
        .values(weekday=ExtractIsoWeekDay("occurred_at", tzinfo=zone), hour=ExtractHour("occurred_at", tzinfo=zone))
        .annotate(n=Count("id"))
    )
    for row in grouped:
        counts[row["weekday"] - 1][row["hour"]] = row["n"]
    return counts


def topics(events: QuerySet[Event], now: datetime) -> list[Topic]:
    """The topics of what the learner met, the heaviest first; an activity without topics lends its course's."""
    no_topics = Value([], output_field=ArrayField(TextField()))
    age_seconds = Extract(ExpressionWrapper(Value(now) - F("occurred_at"), output_field=DurationField()), "epoch")
    weight = Power(Value(0.5), Cast(age_seconds, FloatField()) / Value(HALF_LIFE_DAYS * 86_400))
    of_part_or_course = Coalesce(NullIf("activity__tags", no_topics), "activity__course__tags")
    weighed: Any = (
        events.filter(occurred_at__lte=now)
        .order_by()
        .annotate(topic=Func(of_part_or_course, function="unnest", output_field=TextField()))
        .values("topic")
        .annotate(weight=Sum(weight), n_events=Count("id"))
        .order_by("-weight", "topic")
    )
    rows = list(weighed)
    whole = sum(row["weight"] for row in rows)
    return [Topic(row["topic"], row["weight"] / whole, row["n_events"]) for row in rows[:TOPICS_SHOWN]]


def progress(enrolments: QuerySet[Enrolment], events: QuerySet[Event], now: datetime) -> list[CourseProgress]:
    """How far the learner came in each course they are enrolled in, the latest first."""
    courses = enrolments.values("course_id")
    n_parts = dict(
        Activity.objects.filter(course__in=courses)
        .exclude(kind=Kind.MODULE)
        .order_by()
        .values_list("course_id")
        .annotate(n=Count("id"))
    )
    met = {
        row["activity__course_id"]: row
        for row in events.filter(activity__course__in=courses)
        .exclude(activity__kind=Kind.MODULE)
        .order_by()
        .values("activity__course_id")
        .annotate(
            n_met=Count("activity", distinct=True),
            n_done=Count("activity", distinct=True, filter=Q(verb__in=COMPLETING_VERBS)),
            last_at=Max("occurred_at"),
        )
    }
    found = []
    for enrolment in enrolments.select_related("course", "organisation"):
        seen: dict[str, Any] = met.get(enrolment.course_id, {})  # type: ignore[assignment]
        n_met, n_done = seen.get("n_met", 0), seen.get("n_done", 0)
        n_all = n_parts.get(enrolment.course_id, 0)
        found.append(CourseProgress(enrolment.known_at(now), n_all, n_met, n_done, seen.get("last_at")))
    never = datetime.min.replace(tzinfo=UTC)
    return sorted(found, key=lambda course: course.last_at or never, reverse=True)


def results(events: QuerySet[Event]) -> list[Result]:
    """The latest results, oldest first."""
    marked = events.filter(unit=Unit.SHARE, value__isnull=False).order_by("-occurred_at", "-id")
    rows = marked.values_list("occurred_at", "activity__name", "value")[:RESULTS_SHOWN]
    return [Result(at, name, value) for at, name, value in reversed(rows) if value is not None]
