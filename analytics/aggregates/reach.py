"""How far a course's learners come, and what those did who finished: counted from bits of learners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import accumulate
from typing import Any

from django.db import connection
from django.db.models import F
from django.db.models.expressions import OrderBy

from analytics.aggregates.learner_bits_sql import BIT, BLOCK, NOBODY
from analytics.models import Activity, CourseTotal, Kind, Outcome

FINISHING = (Outcome.COMPLETED, Outcome.DISTINCTION)

# Within a block of learners, those who came to a part and to none of the later ones ended there.
COUNT = f"""
WITH ended AS (
    SELECT learner_id, bool_or(outcome = ANY(%(finishing)s)) AS is_finished
    FROM analytics_enrolment WHERE course_id = %(course)s GROUP BY learner_id HAVING bool_and(outcome <> 'active')
), known AS (
    SELECT {BLOCK} AS block, bit_or({BIT}) AS ended,
           coalesce(bit_or({BIT}) FILTER (WHERE is_finished), {NOBODY}) AS finished
    FROM ended GROUP BY 1
), met AS (
    SELECT activity_id, block, met, completed, bit_or(met) OVER (
        PARTITION BY block ORDER BY place DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS later
    FROM analytics_activitylearners
    JOIN unnest(%(parts)s::bigint[]) WITH ORDINALITY AS parts (id, place) ON parts.id = activity_id
), here AS (
    SELECT activity_id, met, completed, met & ~coalesce(later, {NOBODY}) AS here,
           coalesce(ended, {NOBODY}) AS ended, coalesce(finished, {NOBODY}) AS finished
    FROM met LEFT JOIN known USING (block)
)
SELECT activity_id, sum(bit_count(met))::int, sum(bit_count(completed))::int, sum(bit_count(here))::int,
       sum(bit_count(met & ended))::int, sum(bit_count(met & finished))::int,
       sum(bit_count(here & ended))::int, sum(bit_count(here & finished))::int
FROM here GROUP BY activity_id
"""  # noqa: S608  (put together from constants; values are parameters)


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
    of = CourseTotal.objects.filter(course=course).count()
    by_part = _count(course, parts)
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


def _count(course: Activity, parts: Sequence[Activity]) -> dict[int, tuple[int, ...]]:
    """The fields of Counts by part."""
    values: dict[str, Any] = {
        "parts": [part.pk for part in parts],
        "course": course.pk,
        "finishing": [outcome.value for outcome in FINISHING],
    }
    with connection.cursor() as cursor:
        cursor.execute(COUNT, values)
        return {row[0]: row[1 : 1 + len(fields(Counts))] for row in cursor}
