"""What the last five weeks looked like, day by day: read from day tables, for the checks before a training."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Case, Count, F, FloatField, Min, Q, Sum, When
from django.db.models.functions import Floor, Ln, Round
from numpy.typing import NDArray

from analytics.public import (
    Activity,
    ActivityDay,
    Enrolment,
    Import,
    JobState,
    Kind,
    LearnerDay,
    LearnerTotal,
    Organisation,
    OrganisationDay,
)

MEASURES: dict[str, Any] = {
    "events": F("n_events"),
    "activities": F("n_activities"),
    # Times spread over four powers of ten: in steps of a tenth of one.
    "time": Case(When(seconds__gt=0, then=Floor(10 * Ln(F("seconds") + 1) / 2.302585) / 10), output_field=FloatField()),
    "results": Case(When(n_results__gt=0, then=Round(F("result_sum") / F("n_results"), 2)), output_field=FloatField()),
}
"""Of what one learner did in one course on one day; null where there was none."""
N_DAYS = 35
"""Five weeks: the last one is held against the four before."""


@dataclass(frozen=True)
class Histogram:
    """How often each value was seen: three arrays of shape (n_values,), values ascending."""

    values: NDArray[np.float64]
    before: NDArray[np.int64]
    now: NDArray[np.int64]

    @property
    def n(self) -> tuple[int, int]:
        return int(self.before.sum()), int(self.now.sum())

    @property
    def means(self) -> tuple[float, float]:
        """Before and now; 0 where nothing was seen."""
        before, now = (float(self.values @ counts) / max(1, counts.sum()) for counts in (self.before, self.now))
        return before, now


@dataclass(frozen=True)
class Days:
    """Days 0 .. N_DAYS - 1, the last is the day on which the organisation's clock stands."""

    last_on: date
    n_events: dict[str, NDArray[np.int64]]  # kind -> (N_DAYS,)
    n_results: NDArray[np.int64]  # (N_DAYS,)
    n_learners: int  # with an event in the last week
    n_new_learners: int  # of them, whose first event lies in it
    n_activities: int
    n_new_activities: int
    histograms: dict[str, Histogram] = field(default_factory=dict)  # measure of a learner's day -> last week and before

    @property
    def total(self) -> NDArray[np.int64]:
        """Events of every kind: shape (N_DAYS,)."""
        return np.sum(list(self.n_events.values()), axis=0, dtype=np.int64) if self.n_events else np.zeros(N_DAYS, int)


@dataclass(frozen=True)
class PastImport:
    name: str
    at: datetime
    n_read: int
    n_rejected: int
    is_failed: bool
    commonest_code: str


def recent_days(organisation: Organisation, course: Activity | None = None) -> Days:
    """Counts per day and kind, up to the organisation's clock; of one course's activities where it is named."""
    last_on = organisation.now().date()
    first_on = last_on - timedelta(days=N_DAYS - 1)
    rows = ActivityDay.objects.filter(organisation=organisation, on__range=(first_on, last_on))
    # A course's own row counts its parts again.
    rows = rows.exclude(activity__kind=Kind.COURSE)
    if course is not None:
        rows = rows.filter(activity__course=course)
    n_events: dict[str, NDArray[np.int64]] = {}
    n_results = np.zeros(N_DAYS, np.int64)
    for row in rows.values("activity__kind", "on").annotate(events=Sum("n_events"), results=Sum("n_results")):
        day = (row["on"] - first_on).days
        n_events.setdefault(row["activity__kind"], np.zeros(N_DAYS, np.int64))[day] += row["events"]
        n_results[day] += row["results"]
    week = last_on - timedelta(days=6)
    learners = LearnerTotal.objects.filter(organisation=organisation, last_on__gte=week, first_on__lte=last_on)
    if course is not None:
        learners = learners.filter(learner__in=Enrolment.objects.filter(course=course).values("learner"))
    met = rows.filter(on__gte=week).values("activity_id").distinct()
    first_met = ActivityDay.objects.filter(activity__in=met).values("activity_id").annotate(first=Min("on"))
    return Days(
        last_on=last_on,
        n_events=n_events,
        n_results=n_results,
        n_learners=learners.count(),
        n_new_learners=learners.filter(first_on__gte=week).count(),
        n_activities=met.count(),
        n_new_activities=first_met.filter(first__gte=week).count(),
        histograms=_histograms(organisation, course, first_on, week),
    )


def _histograms(organisation: Organisation, course: Activity | None, since: date, week: date) -> dict[str, Histogram]:
    rows = LearnerDay.objects.filter(organisation=organisation, on__gte=since, on__lt=week + timedelta(days=7))
    rows = rows.filter(course=course) if course is not None else rows
    found = {}
    for name, value in MEASURES.items():
        counted = rows.annotate(value=value).exclude(value=None).order_by("value").values("value")
        counts = list(counted.annotate(before=Count("id", Q(on__lt=week)), now=Count("id", Q(on__gte=week))))
        values, before, now = (np.array([row[part] for row in counts]) for part in ("value", "before", "now"))
        found[name] = Histogram(values.astype(float), before.astype(np.int64), now.astype(np.int64))
    return found


def recent_imports(organisation: Organisation, n_days: int = 7) -> list[PastImport]:
    """Files brought in within so many days of real time, latest first; dry runs and what was rolled back are none."""
    since = datetime.now().astimezone() - timedelta(days=n_days)
    found = Import.objects.filter(
        organisation=organisation,
        created_at__gte=since,
        is_dry_run=False,
        rolled_back_at=None,
        state__in=(JobState.SUCCEEDED, JobState.FAILED),
    )
    return [
        PastImport(
            name=row.source_name,
            at=row.created_at,
            n_read=row.n_read,
            n_rejected=row.n_rejected,
            is_failed=row.state == JobState.FAILED,
            commonest_code=max(row.counts_by_code, key=lambda code: int(row.counts_by_code[code]), default=""),
        )
        for row in found.order_by(F("id").desc())[:50]
    ]


def n_events_stored(organisation: Organisation) -> int:
    """All events of the organisation, by the day tables."""
    return int(OrganisationDay.objects.filter(organisation=organisation).aggregate(n=Sum("n_events"))["n"] or 0)
