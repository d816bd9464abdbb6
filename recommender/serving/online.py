"""What learners did with what a version showed them: counted in SQL for a few days at a time, read as sums.

A version is judged by what it first showed to whom. Opening is told by feedback; beginning and completing by feedback
or by the learner's own events on the activity within WINDOW_DAYS of the first showing. Segments are those of
`evaluation.segments`, by what the learner had met at that showing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone

from analytics.public import COMPLETING_VERBS, Organisation
from recommender.evaluation.proportions import Share, wilson
from recommender.evaluation.segments import SEGMENTS
from recommender.models import Impression, OnlineDay, Version

WINDOW_DAYS = 14
COUNTED_DAYS = WINDOW_DAYS + 2
"""So many days are counted anew each time: later nothing can change but by an import of old events."""
LOCK = 7_305_118
_COUNT = """
WITH lists AS (
    SELECT i.version_id, c.channel, i.learner_id, i.at, i.activity_ids,
           CASE WHEN c.channel = '' THEN (%(segments)s::text[])[width_bucket(i.n_met, %(begins)s::int[])] END AS segment
    FROM recommender_impression i
    CROSS JOIN LATERAL (VALUES (i.channel), (CASE WHEN i.channel <> 'command' THEN '' END)) AS c(channel)
    WHERE i.version_id = ANY(%(versions)s) AND i.at >= %(since)s AND c.channel IS NOT NULL
), shown AS (
    SELECT version_id, channel, learner_id, a.activity_id, min(at) AS at, (array_agg(segment ORDER BY at))[1] AS segment
    FROM lists CROSS JOIN LATERAL unnest(activity_ids) AS a(activity_id)
    GROUP BY 1, 2, 3, 4
), first_shown AS (
    SELECT * FROM shown s
    WHERE NOT EXISTS (
        SELECT 1 FROM recommender_impression e
        WHERE e.learner_id = s.learner_id AND e.at < %(since)s AND e.version_id = s.version_id
          AND (e.channel = s.channel OR s.channel = '' AND e.channel <> 'command')
          AND s.activity_id = ANY(e.activity_ids))
), said AS (
    SELECT i.version_id, i.channel, f.learner_id, f.activity_id,
           bool_or(f.action = 'start') AS started, bool_or(f.action = 'complete') AS completed
    FROM recommender_feedback f JOIN recommender_impression i ON i.id = f.impression_id
    WHERE i.version_id = ANY(%(versions)s) AND f.at >= %(since)s AND f.action IN ('click', 'start', 'complete')
    GROUP BY 1, 2, 3, 4
), told AS (
    SELECT s.version_id, s.channel, s.segment, s.at, said.clicked,
           COALESCE(said.started, false) OR did.started AS started,
           COALESCE(said.completed, false) OR did.completed AS completed
    FROM first_shown s
    LEFT JOIN LATERAL (
        SELECT true AS clicked, bool_or(started OR completed) AS started, bool_or(completed) AS completed
        FROM said
        WHERE said.version_id = s.version_id AND said.learner_id = s.learner_id AND said.activity_id = s.activity_id
          AND (said.channel = s.channel OR s.channel = '' AND said.channel <> 'command')
        HAVING count(*) > 0
    ) said ON true
    CROSS JOIN LATERAL (
        SELECT count(*) > 0 AS started, COALESCE(bool_or(e.verb = ANY(%(completing)s)), false) AS completed
        FROM analytics_event e
        WHERE e.learner_id = s.learner_id AND e.activity_id = s.activity_id AND e.verb <> 'enrolled'
          AND e.occurred_at > s.at AND e.occurred_at <= s.at + make_interval(days => %(window)s)
          AND e.occurred_at > %(since)s
    ) did
), of_lists AS (
    SELECT version_id, channel, g.segment, (at AT TIME ZONE 'UTC')::date AS day, count(*) AS n_lists
    FROM lists CROSS JOIN LATERAL (VALUES (''), (lists.segment)) AS g(segment) WHERE g.segment IS NOT NULL
    GROUP BY 1, 2, 3, 4
), of_shown AS (
    SELECT version_id, channel, g.segment, (at AT TIME ZONE 'UTC')::date AS day, count(*) AS n_shown,
           count(*) FILTER (WHERE clicked) AS n_clicked,
           count(*) FILTER (WHERE started OR completed) AS n_started,
           count(*) FILTER (WHERE completed) AS n_completed
    FROM told CROSS JOIN LATERAL (VALUES (''), (told.segment)) AS g(segment) WHERE g.segment IS NOT NULL
    GROUP BY 1, 2, 3, 4
)
INSERT INTO recommender_onlineday
    (organisation_id, version_id, channel, segment, "on", n_lists, n_shown, n_clicked, n_started, n_completed)
SELECT %(organisation)s, version_id, channel, segment, day, n_lists, COALESCE(n_shown, 0), COALESCE(n_clicked, 0),
       COALESCE(n_started, 0), COALESCE(n_completed, 0)
FROM of_lists LEFT JOIN of_shown USING (version_id, channel, segment, day)
"""


@dataclass(frozen=True)
class OnlineFigures:
    """Of one channel, or of page and API together: of all learners, or of those in a segment.

    What was shown in the last WINDOW_DAYS may still be begun and completed: those shares are of what was shown before.
    """

    channel: str
    segment: str
    n_lists: int
    n_shown: int
    n_settled: int  # shown so long ago that its window is over
    clicked: Share | None
    started: Share | None
    completed: Share | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def count_online(organisation: Organisation, now: datetime | None = None) -> int:
    """Count the last days of every version that showed something in them anew; how many day rows there are now.

    One transaction and one statement: whoever reads sees the old sums or the new ones. Two at once wait for each other.
    """
    first_on = ((now or timezone.now()) - timedelta(days=COUNTED_DAYS)).astimezone(UTC).date()
    since = datetime(first_on.year, first_on.month, first_on.day, tzinfo=UTC)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, organisation.pk])
        recent = Impression.objects.filter(organisation=organisation, version__isnull=False, at__gte=since)
        versions = sorted(recent.order_by().values_list("version_id", flat=True).distinct())
        if not versions:
            return 0
        OnlineDay.objects.filter(version__in=versions, on__gte=first_on).delete()
        facts: dict[str, Any] = {
            "versions": versions,
            "since": since,
            "organisation": organisation.pk,
            "window": WINDOW_DAYS,
            "segments": list(SEGMENTS),
            "begins": [low for low, _high in SEGMENTS.values()],
        }
        cursor.execute(_COUNT, facts | {"completing": [str(verb) for verb in COMPLETING_VERBS]})
        return int(cursor.rowcount)


def online_figures(version: Version, today: date | None = None) -> list[OnlineFigures]:
    """Page and API together first, then channel by channel, then the segments; two queries."""
    settled_on = (today or timezone.now().astimezone(UTC).date()) - timedelta(days=WINDOW_DAYS)
    names = ("n_lists", "n_shown", "n_clicked", "n_started", "n_completed")
    sums = {f"sum_{name}": Sum(name) for name in names}
    days = OnlineDay.objects.filter(version=version).order_by()

    def summed(rows: QuerySet[OnlineDay]) -> dict[tuple[str, str], Any]:
        return {(row["segment"], row["channel"]): row for row in rows.values("channel", "segment").annotate(**sums)}

    rows, settled = summed(days), summed(days.filter(on__lt=settled_on))
    order = ["", *SEGMENTS]
    keys = sorted(rows, key=lambda key: (order.index(key[0]), key[1]))
    return [_figures(rows[key], settled.get(key)) for key in keys]


def _figures(row: dict[str, Any], old: dict[str, Any] | None) -> OnlineFigures:
    n_settled = old["sum_n_shown"] if old else 0
    return OnlineFigures(
        channel=row["channel"],
        segment=row["segment"],
        n_lists=row["sum_n_lists"],
        n_shown=row["sum_n_shown"],
        n_settled=n_settled,
        clicked=wilson(row["sum_n_clicked"], row["sum_n_shown"]),
        started=wilson(old["sum_n_started"], n_settled) if old else None,
        completed=wilson(old["sum_n_completed"], n_settled) if old else None,
    )
