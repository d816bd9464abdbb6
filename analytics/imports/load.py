"""Load: COPY a cleaned batch into a staging table of this session, then set-based inserts with joins on ids.

Call every function inside the transaction of the batch. New rows are inserted in the order of their external ids,
so that two imports that meet the same new learners wait for each other and do not deadlock.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import numpy as np
import pyarrow as pa
from django.db import connection
from django.utils.translation import gettext as _

from analytics.errors import NeuralinkError
from analytics.imports import references
from analytics.imports.copying import copy_rows
from analytics.imports.known_learners import matched
from analytics.imports.marks import PLACE, Mark, on_places
from analytics.imports.place import Place
from analytics.models import Verdict

STAGED = {
    PLACE: "bigint",
    "id": "text",
    "learner": "text",
    "learner_name": "text",
    "activity": "text",
    "name": "text",
    "kind": "text",
    "course": "text",
    "verb": "text",
    "at": "timestamptz",
    "value": "double precision",
    "unit": "text",
}

LEARNERS = """
INSERT INTO analytics_learner (organisation_id, from_import_id, external_id, name, attributes, created_at)
SELECT %(organisation)s, %(import)s, learner, coalesce(max(learner_name), ''), '{}', now()
FROM staged_event
WHERE NOT EXISTS (SELECT FROM analytics_learner WHERE organisation_id = %(organisation)s AND external_id = learner)
GROUP BY learner ORDER BY learner
ON CONFLICT DO NOTHING
"""

COURSES = """
INSERT INTO analytics_activity (organisation_id, from_import_id, external_id, kind, name, position, tags, created_at)
SELECT DISTINCT %(organisation)s, %(import)s, course, 'course', course, 0, '{}'::text[], now()
FROM staged_event
WHERE course IS NOT NULL
  AND NOT EXISTS (SELECT FROM analytics_activity WHERE organisation_id = %(organisation)s AND external_id = course)
ORDER BY course
ON CONFLICT DO NOTHING
"""

ACTIVITIES = """
INSERT INTO analytics_activity
    (organisation_id, from_import_id, external_id, kind, name, parent_id, course_id, position, tags, created_at)
SELECT %(organisation)s, %(import)s, activity,
       coalesce(mode() WITHIN GROUP (ORDER BY staged_event.kind), %(default_kind)s),
       coalesce(max(staged_event.name), activity), max(above.id), max(above.id), 0, '{}', now()
FROM staged_event
LEFT JOIN analytics_activity above ON above.organisation_id = %(organisation)s AND above.external_id = course
WHERE NOT EXISTS (SELECT FROM analytics_activity WHERE organisation_id = %(organisation)s AND external_id = activity)
GROUP BY activity ORDER BY activity
ON CONFLICT DO NOTHING
"""

PROMOTED = """
UPDATE analytics_activity SET kind = 'course'
FROM (SELECT DISTINCT course FROM staged_event WHERE course IS NOT NULL) given
WHERE organisation_id = %(organisation)s AND external_id = given.course AND kind <> 'course'
RETURNING id
"""

PLACED = """
UPDATE analytics_activity SET parent_id = above.id, course_id = above.id
FROM (SELECT activity, max(course) AS course FROM staged_event WHERE course IS NOT NULL GROUP BY activity) given
JOIN analytics_activity above ON above.organisation_id = %(organisation)s AND above.external_id = given.course
WHERE analytics_activity.organisation_id = %(organisation)s AND analytics_activity.external_id = given.activity
  AND analytics_activity.kind <> 'course' AND analytics_activity.course_id IS NULL
  AND analytics_activity.parent_id IS NULL
RETURNING analytics_activity.id
"""

MOVED_DAYS = """
INSERT INTO analytics_dirtyday (organisation_id, "on", lost_events)
SELECT DISTINCT organisation_id, (occurred_at AT TIME ZONE 'UTC')::date, false
FROM analytics_event WHERE organisation_id = %(organisation)s AND activity_id = ANY(%(moved)s)
"""

NAMED = """
UPDATE analytics_activity SET name = given.name
FROM (SELECT activity, max(name) AS name FROM staged_event WHERE name IS NOT NULL GROUP BY activity) given
WHERE organisation_id = %(organisation)s AND external_id = given.activity
  AND analytics_activity.name = external_id AND analytics_activity.name <> given.name
"""

REPEATED_KEYS = """
DELETE FROM staged_event USING (
    SELECT place, row_number() OVER (PARTITION BY id ORDER BY place) AS nth FROM staged_event WHERE id IS NOT NULL
) numbered
WHERE staged_event.place = numbered.place AND nth > 1
RETURNING staged_event.place
"""

KNOWN_KEYS = """
WITH fresh AS (
    INSERT INTO analytics_eventkey (organisation_id, key, from_import_id)
    SELECT %(organisation)s, id, %(import)s FROM staged_event WHERE id IS NOT NULL ORDER BY id
    ON CONFLICT DO NOTHING
    RETURNING key
)
DELETE FROM staged_event WHERE id IS NOT NULL AND NOT EXISTS (SELECT FROM fresh WHERE key = id)
RETURNING place
"""

EVENTS = """
INSERT INTO analytics_event
    (organisation_id, learner_id, activity_id, from_import_id, occurred_at, value, verb, unit)
SELECT %(organisation)s, learner.id, activity.id, %(import)s, at, value, verb, unit
FROM staged_event
JOIN analytics_learner learner ON learner.organisation_id = %(organisation)s AND learner.external_id = learner
JOIN analytics_activity activity ON activity.organisation_id = %(organisation)s AND activity.external_id = activity
ORDER BY place
"""

ENROLMENTS = """
INSERT INTO analytics_enrolment
    (organisation_id, from_import_id, learner_id, course_id, course_run, started_at, outcome)
SELECT %(organisation)s, %(import)s, learner_id, course_id, '', min(at), 'active'
FROM (
    SELECT learner.id AS learner_id, at,
           CASE WHEN activity.kind = 'course' THEN activity.id ELSE activity.course_id END AS course_id
    FROM staged_event
    JOIN analytics_learner learner ON learner.organisation_id = %(organisation)s AND learner.external_id = learner
    JOIN analytics_activity activity ON activity.organisation_id = %(organisation)s AND activity.external_id = activity
) done
WHERE course_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM analytics_enrolment known
    WHERE known.learner_id = done.learner_id AND known.course_id = done.course_id AND known.course_run <> ''
)
GROUP BY learner_id, course_id ORDER BY learner_id, course_id
ON CONFLICT (learner_id, course_id, course_run) DO UPDATE SET started_at = excluded.started_at
WHERE analytics_enrolment.started_at > excluded.started_at
"""

DAYS = """
INSERT INTO analytics_dirtyday (organisation_id, "on", lost_events)
SELECT DISTINCT %(organisation)s, (at AT TIME ZONE 'UTC')::date, false FROM staged_event
"""


def learn_the_table() -> None:
    """Gather statistics of the whole event table: autovacuum does so for its months, never for the table itself."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE analytics_event")


ENDED_SHARE = 0.999
ENDED = """
WITH counted AS (
    SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, count(*) AS n
    FROM analytics_event WHERE organisation_id = %s GROUP BY day
), reached AS (SELECT day, sum(n) OVER (ORDER BY day) AS n_until, sum(n) OVER () AS n_all FROM counted)
SELECT min(day) + 1 FROM reached WHERE n_until >= %s * n_all
"""


def days_of(rows: pa.Table) -> list[date]:
    """The UTC days on which (n,) cleaned events happened."""
    days: list[date] = np.unique(rows["at"].to_numpy().astype("datetime64[D]")).tolist()
    return days


def ended_at(organisation_id: int) -> datetime | None:
    """The end of the day by which all but a thousandth of the organisation's events had happened.

    Not the very last event: a few late corrections, months after everything closed, are no place to look back from.
    """
    with connection.cursor() as cursor:
        cursor.execute(ENDED, [organisation_id, ENDED_SHARE])
        (day,) = cursor.fetchone()
    return None if day is None else datetime.combine(day, time.min, tzinfo=UTC)


def load_events(to: Place, rows: pa.Table) -> list[Mark]:
    """Insert (n,) cleaned events and what they need; marks on the rows that were there already.

    Raises:
        NeuralinkError: learners or activities were deleted at the same time, so some events had no place.
    """
    stage("staged_event", STAGED, rows)
    found = matched(to, "staged_event", rows)
    has_keys = rows["id"].null_count < rows.num_rows and "merge_duplicates" not in to.steps_off
    merged = _without_known_keys(to) if has_keys else []
    for sql in (LEARNERS, COURSES, ACTIVITIES, NAMED):
        to.run(sql)
    if moved := to.run(PROMOTED) + to.run(PLACED):
        to.run(MOVED_DAYS, moved=moved)
    with references.kept(to, rows.num_rows, "staged_event"):
        n_inserted = to.count(EVENTS)
    if n_inserted + sum(len(mark.places) for mark in merged) != rows.num_rows:
        raise NeuralinkError(_("Learners or activities were deleted meanwhile. Import the file again to go on."))
    to.run(DAYS)
    if to.implies_enrolment:
        to.run(ENROLMENTS)
    return [*found, *merged]


def stage(name: str, columns: dict[str, str], rows: pa.Table) -> None:
    """Copy (n,) rows into a table of this session, for the statements that follow in the same transaction.

    Nothing is known yet of the staged rows, nor of tables that an import has just filled, and the planner then falls
    for nested loops that take minutes. Joins of many rows are hashed; few rows, as of a live write, find their ids
    by index.
    """
    declared = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS {name} ({declared}) ON COMMIT DELETE ROWS")
        cursor.execute(f"TRUNCATE {name}")
        nested_loops = "off" if rows.num_rows > references.FEW_ROWS else "on"
        cursor.execute("SELECT set_config('enable_nestloop', %s, true)", [nested_loops])
    copy_rows(name, rows.select(list(columns)))


def _without_known_keys(to: Place) -> list[Mark]:
    repeated = _("The id “{id}” came earlier in the same file.")
    known = _("The event “{id}” had come already.")
    return [
        on_places(to.run(REPEATED_KEYS), Verdict.MERGED, "repeated_id", repeated),
        on_places(to.run(KNOWN_KEYS), Verdict.MERGED, "known_id", known),
    ]
