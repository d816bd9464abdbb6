"""What an organisation's overview shows: headline numbers, rhythm of the week, movers, freshness."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Abs, Coalesce

from analytics.aggregates.learner_counts import n_gone, rows_of
from analytics.aggregates.measures import MEASURES, Measure
from analytics.aggregates.period import Period
from analytics.aggregates.query import Query
from analytics.models import (
    Activity,
    ActivityDay,
    DirtyDay,
    Import,
    JobState,
    Organisation,
    OrganisationDay,
)

HEADLINE = ("learners", "events", "completions", "hours", "result_share")
WHERE_TOLD = {"hours"}
"""Measures that many sources do not tell of; they are left out where there is none."""
Courses = QuerySet[Activity] | None
Week = list[list[int]]
"""Events by weekday (7 rows, Monday first) and hour (24 columns)."""


@dataclass(frozen=True)
class Headline:
    """A measure now, and in the period of the same length before."""

    measure: Measure
    value: float | None
    before: float | None

    @property
    def change_points(self) -> float | None:
        """Of a share: the difference, 0.1 for ten points more."""
        return self.value - self.before if self.value is not None and self.before is not None else None

    @property
    def change_share(self) -> float | None:
        """0.1 for a tenth more than before; None where there is nothing to compare with."""
        return (self.value - self.before) / self.before if self.before and self.value is not None else None


@dataclass(frozen=True)
class Mover:
    course: Activity
    events: int
    before: int

    @property
    def change(self) -> int:
        return self.events - self.before


@dataclass(frozen=True)
class Freshness:
    last_on: date | None
    """The last day with an event."""
    n_days_behind: int
    """Days whose numbers are still being added up."""
    imported_at: datetime | None
    """When the last import ended well."""


def headlines(organisation: Organisation, period: Period, courses: Courses) -> list[Headline]:
    now = Query(organisation, HEADLINE, period, courses=courses).totals()
    # Everything has no time before it.
    before = {} if period.is_everything else Query(organisation, HEADLINE, period.previous(), courses=courses).totals()
    shown = [name for name in HEADLINE if name not in WHERE_TOLD or now[name] or before.get(name)]
    return [Headline(MEASURES[name], now[name], before.get(name)) for name in shown]


def movers(organisation: Organisation, period: Period, courses: Courses, limit: int = 5) -> list[Mover]:
    """The courses whose events changed most against the period before, the largest change first."""
    if period.is_everything:
        return []
    among = Activity.objects.filter(organisation=organisation).courses() if courses is None else courses
    compared = among.annotate(n_now=_n_events(period), n_before=_n_events(period.previous()))
    changed = compared.annotate(change=F("n_now") - F("n_before")).exclude(change=0)
    largest = changed.order_by(Abs("change").desc(), "pk")[:limit]
    return [Mover(course, course.n_now, course.n_before) for course in largest]


def _n_events(period: Period) -> Combinable:
    """Events of a course in the period."""
    days = ActivityDay.objects.filter(activity=OuterRef("pk"), on__range=(period.first_on, period.last_on))
    summed = days.order_by().values("activity").annotate(n=Sum("n_events")).values("n")
    return Coalesce(Subquery(summed), Value(0))


def week(organisation: Organisation, period: Period) -> Week:
    """Events by weekday and hour on the organisation's clock (the day tables count in UTC)."""
    zone = ZoneInfo(organisation.time_zone)
    days = OrganisationDay.objects.filter(organisation=organisation, on__range=(period.first_on, period.last_on))
    counts = [[0] * 24 for _ in range(7)]
    for on, by_hour in days.values_list("on", "n_events_by_hour"):
        for hour, n_events in enumerate(by_hour):
            if n_events:
                there = datetime.combine(on, time(hour), UTC).astimezone(zone)
                counts[there.weekday()][there.hour] += n_events
    return counts


def freshness(organisation: Organisation) -> Freshness:
    last = OrganisationDay.objects.filter(organisation=OuterRef("pk")).order_by("-on").values("on")[:1]
    dirty = DirtyDay.objects.filter(organisation=OuterRef("pk")).order_by().values("organisation")
    behind = dirty.annotate(n=Count("on", distinct=True)).values("n")
    imports = Import.objects.filter(organisation=OuterRef("pk"), state=JobState.SUCCEEDED).order_by("-id")
    asked = Organisation.objects.filter(pk=organisation.pk)
    found = asked.values(
        last_on=Subquery(last),
        n_days_behind=Coalesce(Subquery(behind), Value(0)),
        imported_at=Subquery(imports.values("finished_at")[:1]),
    )
    return Freshness(**found.get())


def n_gone_quiet(organisation: Organisation, period: Period, courses: Courses) -> int:
    """Learners who were active in the second half of the time before and not at all since."""
    if period.is_everything:
        return 0
    before = period.previous()
    late = Period(before.key, before.last_on - timedelta(days=before.n_days // 2), before.last_on)
    return n_gone(rows_of(organisation, courses, late), rows_of(organisation, courses, period))
