"""How far a course's learners come, and what those did who finished: one scan of the course's events, kept a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, F, Max, Min
from django.db.models.expressions import OrderBy

from analytics.models import COMPLETING_VERBS, Activity, Kind, LearnerDay, Outcome

REACH_SECONDS = 300
"""How long what was counted is kept; it is the only number of a page that is counted from events."""
FINISHING = (Outcome.COMPLETED, Outcome.DISTINCTION)

# A learner is met once per part, then each learner's furthest part is the one latest in the order of the course.
COUNT = """
WITH met AS (
    SELECT learner_id, activity_id, place, bool_or(verb = ANY(%(completing)s)) AS is_completed
    FROM analytics_event
    JOIN unnest(%(parts)s::bigint[]) WITH ORDINALITY AS parts (id, place) ON parts.id = activity_id
    WHERE organisation_id = %(organisation)s AND occurred_at >= %(first)s AND occurred_at < %(end)s
    GROUP BY learner_id, activity_id, place
), furthest AS (
    SELECT learner_id, max(place) AS place FROM met GROUP BY learner_id
), ended AS (
    SELECT learner_id, bool_or(outcome = ANY(%(finishing)s)) AS is_finished
    FROM analytics_enrolment WHERE course_id = %(course)s GROUP BY learner_id HAVING bool_and(outcome <> 'active')
)
SELECT met.activity_id, count(*), count(*) FILTER (WHERE is_completed), count(furthest.learner_id),
       count(ended.learner_id), count(*) FILTER (WHERE is_finished),
       count(ended.learner_id) FILTER (WHERE furthest.learner_id IS NOT NULL),
       count(*) FILTER (WHERE is_finished AND furthest.learner_id IS NOT NULL)
FROM met LEFT JOIN furthest USING (learner_id, place) LEFT JOIN ended USING (learner_id)
GROUP BY met.activity_id
"""


@dataclass(frozen=True)
class Counts:
    """Of one part; `ended` are learners whose outcome is known, `finished` those of them who completed the course."""

    n_reached: int = 0
    n_completed: int = 0
    n_ended_here: int = 0
    """Learners who came to no later part."""
    n_ended: int = 0
    n_finished: int = 0
    n_ended_of_here: int = 0
    n_finished_of_here: int = 0


@dataclass(frozen=True)
class Reach:
    part: Activity
    counts: Counts
    of: int
    """Learners who did anything in the course."""
    n_beyond: int
    """Learners who came as far as this part or further, whether they met it or not."""
    n_ended_beyond: int
    """Those of them whose outcome is known."""
    n_finished_beyond: int

    @property
    def n_reached(self) -> int:
        return self.counts.n_reached

    @property
    def n_completed(self) -> int:
        return self.counts.n_completed

    @property
    def n_ended(self) -> int:
        return self.counts.n_ended_here

    @property
    def reached_share(self) -> float | None:
        return self.n_reached / self.of if self.of else None


@dataclass(frozen=True)
class Step:
    """One module of the funnel."""

    module: Activity
    n_beyond: int
    """Learners who came to it or to a later one."""
    n_stopped: int
    """Those of them who came to no later one."""
    of: int


def reading_order() -> list[OrderBy]:
    """Parts of modules come in the order of their modules; parts directly below the course by their own place."""
    return [F("parent__position").asc(nulls_first=True), F("position").asc(), F("id").asc()]


def reach(course: Activity) -> list[Reach]:
    """How many of the course's learners came to each part ever, in the order of the course."""
    found = Activity.objects.filter(course=course).exclude(kind=Kind.MODULE).select_related("parent")
    parts = list(found.order_by(*reading_order()))
    key = f"reach-counts:{course.pk}"
    counted = cache.get(key)
    if counted is None:
        counted = _count(course, parts)
        cache.set(key, counted, REACH_SECONDS)
    of, by_part = counted
    counts = [Counts(*by_part.get(part.pk, ())) for part in parts]
    beyond = zip(
        *(_from_the_end(counts, name) for name in ("n_ended_here", "n_ended_of_here", "n_finished_of_here")),
        strict=True,
    )
    return [Reach(part, count, of, *further) for part, count, further in zip(parts, counts, list(beyond), strict=True)]


def most_reached(rows: Sequence[Reach], limit: int = 40) -> list[Reach]:
    """Long courses are cut to the parts that most learners reached, still in the order of the course."""
    most = {row.part.pk for row in sorted(rows, key=lambda row: -row.n_reached)[:limit]}
    return [row for row in rows if row.part.pk in most]


def funnel(rows: Sequence[Reach]) -> list[Step]:
    """By module, in the order of the course; empty where the course has fewer than two."""
    modules: dict[int, list[Reach]] = {}
    for row in rows:
        if row.part.parent is not None and row.part.parent.kind == Kind.MODULE:
            modules.setdefault(row.part.parent.pk, []).append(row)
    if len(modules) < 2:
        return []
    return [
        Step(within[0].part.parent, within[0].n_beyond, sum(row.n_ended for row in within), within[0].of)  # type: ignore[arg-type]
        for within in modules.values()
    ]


def _from_the_end(counts: Sequence[Counts], name: str) -> list[int]:
    """Sums of this and all later parts."""
    return list(accumulate(getattr(count, name) for count in reversed(counts)))[::-1]


def _count(course: Activity, parts: Sequence[Activity]) -> tuple[int, dict[int, tuple[int, ...]]]:
    """Learners of the course, and the fields of Counts by part; reads the course's months only."""
    span = LearnerDay.objects.filter(course=course).aggregate(
        first=Min("on"), last=Max("on"), n=Count("learner", distinct=True)
    )
    if span["first"] is None:
        return 0, {}
    values: dict[str, Any] = {
        "parts": [part.pk for part in parts],
        "organisation": course.organisation_id,
        "course": course.pk,
        "first": datetime.combine(span["first"], time(), UTC),
        "end": datetime.combine(span["last"] + timedelta(days=1), time(), UTC),
        "completing": [verb.value for verb in COMPLETING_VERBS],
        "finishing": [outcome.value for outcome in FINISHING],
    }
    with connection.cursor() as cursor:
        cursor.execute(COUNT, values)
        return span["n"], {row[0]: row[1 : 1 + len(fields(Counts))] for row in cursor}
