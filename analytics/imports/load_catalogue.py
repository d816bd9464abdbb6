"""Load activities that a source tells of by themselves. What is known already is brought up to date."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from analytics.imports.load import MOVED_DAYS, stage
from analytics.imports.marks import PLACE, Mark, on_places
from analytics.imports.place import Place
from analytics.imports.steps.base import column, with_column
from analytics.models import Verdict

ACTIVITY_TEXTS = (
    "activity", "kind", "name", "parent", "course", "position", "tags", "prerequisites", "opens_at", "closes_at",
)  # fmt: skip
LISTS = ("tags", "prerequisites")
BETWEEN = re.compile(r"\s*[;|,]\s*")
STAGED = {
    PLACE: "bigint",
    "activity": "text",
    "kind": "text",
    "name": "text",
    "parent": "text",
    "course": "text",
    "position": "integer",
    "tags": "text[]",
    "prerequisites": "text[]",
    "opens_at": "timestamptz",
    "closes_at": "timestamptz",
}
REPEATED = """
DELETE FROM staged_activity USING (
    SELECT place, row_number() OVER (PARTITION BY activity ORDER BY place) AS nth FROM staged_activity
) numbered
WHERE staged_activity.place = numbered.place AND nth > 1
RETURNING staged_activity.place
"""
CHANGED_KINDS = """
SELECT known.id
FROM staged_activity
JOIN analytics_activity known ON known.organisation_id = %(organisation)s AND known.external_id = activity
WHERE known.kind <> staged_activity.kind
"""
KNOWN = """
UPDATE analytics_activity known
SET kind = coalesce(given.kind, known.kind), name = coalesce(given.name, known.name),
    position = coalesce(given.position, known.position), tags = coalesce(given.tags, known.tags),
    opens_at = coalesce(given.opens_at, known.opens_at), closes_at = coalesce(given.closes_at, known.closes_at),
    from_import_id = CASE WHEN known.from_import_id = %(import)s THEN known.from_import_id END
FROM staged_activity given
WHERE known.organisation_id = %(organisation)s AND known.external_id = activity
RETURNING place
"""
NEW = """
INSERT INTO analytics_activity
    (organisation_id, from_import_id, external_id, kind, name, position, tags, opens_at, closes_at, created_at)
SELECT %(organisation)s, %(import)s, activity, coalesce(given.kind, %(default_kind)s), coalesce(given.name, activity),
       coalesce(given.position, 0), coalesce(given.tags, '{}'), given.opens_at, given.closes_at, now()
FROM staged_activity given
ORDER BY place
ON CONFLICT DO NOTHING
"""
MENTIONED = """
INSERT INTO analytics_activity (organisation_id, from_import_id, external_id, kind, name, position, tags, created_at)
SELECT %(organisation)s, %(import)s, named, max(kind), named, 0, '{}', now()
FROM (
    SELECT course AS named, 'course' AS kind FROM staged_activity
    UNION ALL SELECT parent, 'module' FROM staged_activity
    UNION ALL SELECT unnest(prerequisites), 'other' FROM staged_activity
) mentioned
WHERE named IS NOT NULL
  AND NOT EXISTS (SELECT FROM analytics_activity WHERE organisation_id = %(organisation)s AND external_id = named)
GROUP BY named ORDER BY named
ON CONFLICT DO NOTHING
"""
PARENTS = """
UPDATE analytics_activity known SET parent_id = above.id
FROM staged_activity given
JOIN analytics_activity above
  ON above.organisation_id = %(organisation)s AND above.external_id = coalesce(given.parent, given.course)
WHERE known.organisation_id = %(organisation)s AND known.external_id = activity
"""
IN_CIRCLES = """
WITH RECURSIVE up AS (
    SELECT known.id AS start, known.id, known.parent_id, place
    FROM staged_activity
    JOIN analytics_activity known ON known.organisation_id = %(organisation)s AND known.external_id = activity
    UNION ALL
    SELECT up.start, above.id, above.parent_id, place FROM up JOIN analytics_activity above ON above.id = up.parent_id
) CYCLE id SET is_circle USING path
UPDATE analytics_activity SET parent_id = NULL FROM up
WHERE up.is_circle AND up.id = up.start AND analytics_activity.id = up.start
RETURNING place
"""
COURSES = """
WITH RECURSIVE below AS (
    SELECT known.id FROM staged_activity
    JOIN analytics_activity known ON known.organisation_id = %(organisation)s AND known.external_id = activity
    UNION
    SELECT child.id FROM below JOIN analytics_activity child ON child.parent_id = below.id
), up AS (
    SELECT below.id AS start, above.id, above.kind, above.parent_id, 1 AS height
    FROM below
    JOIN analytics_activity part ON part.id = below.id
    JOIN analytics_activity above ON above.id = part.parent_id
    UNION ALL
    SELECT up.start, above.id, above.kind, above.parent_id, height + 1
    FROM up JOIN analytics_activity above ON above.id = up.parent_id
    WHERE up.kind <> 'course'
), nearest AS (
    SELECT below.id, max(up.id) AS course_id
    FROM below LEFT JOIN up ON up.start = below.id AND up.kind = 'course' GROUP BY below.id
)
UPDATE analytics_activity known SET course_id = nearest.course_id
FROM nearest WHERE known.id = nearest.id AND known.course_id IS DISTINCT FROM nearest.course_id
RETURNING known.id
"""
FORMER_PREREQUISITES = """
DELETE FROM analytics_prerequisite USING staged_activity, analytics_activity known
WHERE prerequisites IS NOT NULL AND known.organisation_id = %(organisation)s AND known.external_id = activity
  AND analytics_prerequisite.activity_id = known.id
"""
PREREQUISITES = """
INSERT INTO analytics_prerequisite (organisation_id, activity_id, needed_id)
SELECT DISTINCT %(organisation)s, known.id, needed.id
FROM staged_activity, unnest(prerequisites) named
JOIN analytics_activity needed ON needed.organisation_id = %(organisation)s AND needed.external_id = named,
     analytics_activity known
WHERE known.organisation_id = %(organisation)s AND known.external_id = activity AND known.id <> needed.id
ORDER BY known.id, needed.id
"""


def load_activities(to: Place, rows: pa.Table) -> list[Mark]:
    """Insert (n,) activities, or bring them up to date: what a row does not say stays as it was.

    Parents, courses and prerequisites that nothing has told of yet are made; what stands below the activities finds its
    nearest course anew.
    """
    for name in LISTS:
        rows = with_column(rows, name, _lists(column(rows, name)))
    stage("staged_activity", STAGED, rows)
    repeated = to.run(REPEATED)
    moved = to.run(CHANGED_KINDS)
    known = to.run(KNOWN)
    to.run(NEW)
    to.run(MENTIONED)
    to.run(PARENTS)
    circles = to.run(IN_CIRCLES)
    moved += to.run(COURSES)
    if moved:
        to.run(MOVED_DAYS, moved=moved)
    if pc.any(pc.is_valid(column(rows, "prerequisites"))).as_py():
        to.run(FORMER_PREREQUISITES)
        to.run(PREREQUISITES)
    in_circle = _("“{parent}” lies below the activity itself, so it was not taken as its parent.")
    return [
        on_places(repeated, Verdict.MERGED, "repeated_activity", _("The activity came earlier in the same file.")),
        on_places(known, Verdict.MERGED, "known_activity", _("The activity was there; it was brought up to date.")),
        on_places(circles, Verdict.REPAIRED, "parent_in_circle", in_circle),
    ]


def _lists(texts: pa.Array) -> pa.Array:
    """(n,) texts “a; b” as PostgreSQL writes arrays, {"a","b"}."""

    def quoted(text: str) -> str:
        parts = [part.strip() for part in BETWEEN.split(text)]
        escaped = [part.replace("\\", "\\\\").replace('"', '\\"') for part in parts if part]
        return "{" + ",".join(f'"{part}"' for part in escaped) + "}"

    return pa.array([None if text is None else quoted(text) for text in texts.to_pylist()], pa.string())
