"""Load activities and enrolments that a source tells of by themselves. What is known already is brought up to date."""

from __future__ import annotations

import pyarrow as pa
from django.utils.translation import gettext as _

from analytics.imports.load import MOVED_DAYS, Place, stage
from analytics.imports.marks import PLACE, Mark, on_places
from analytics.models import Verdict

ACTIVITY = {
    PLACE: "bigint",
    "activity": "text",
    "kind": "text",
    "name": "text",
    "course": "text",
    "position": "integer",
    "tags": "text[]",
    "opens_at": "timestamptz",
    "closes_at": "timestamptz",
}
REPEATED_ACTIVITIES = """
DELETE FROM staged_activity USING (
    SELECT place, row_number() OVER (PARTITION BY activity ORDER BY place) AS nth FROM staged_activity
) numbered
WHERE staged_activity.place = numbered.place AND nth > 1
RETURNING staged_activity.place
"""
MOVED = """
SELECT known.id
FROM staged_activity
JOIN analytics_activity known ON known.organisation_id = %(organisation)s AND known.external_id = activity
LEFT JOIN analytics_activity above ON above.organisation_id = %(organisation)s AND above.external_id = course
WHERE known.course_id IS DISTINCT FROM above.id OR known.kind <> staged_activity.kind
"""
KNOWN_ACTIVITIES = """
UPDATE analytics_activity known
SET kind = given.kind, name = coalesce(given.name, activity), parent_id = above.id, course_id = above.id,
    position = given.position, tags = given.tags, opens_at = given.opens_at, closes_at = given.closes_at
FROM staged_activity given
LEFT JOIN analytics_activity above ON above.organisation_id = %(organisation)s AND above.external_id = course
WHERE known.organisation_id = %(organisation)s AND known.external_id = activity
RETURNING place
"""
NEW_ACTIVITIES = """
INSERT INTO analytics_activity
    (organisation_id, external_id, kind, name, parent_id, course_id, position, tags, opens_at, closes_at, created_at)
SELECT %(organisation)s, activity, given.kind, coalesce(given.name, activity), above.id, above.id, given.position,
       given.tags, given.opens_at, given.closes_at, now()
FROM staged_activity given
LEFT JOIN analytics_activity above ON above.organisation_id = %(organisation)s AND above.external_id = course
ORDER BY place
ON CONFLICT DO NOTHING
"""

ENROLMENT = {
    PLACE: "bigint",
    "learner": "text",
    "attributes": "jsonb",
    "course": "text",
    "course_run": "text",
    "outcome": "text",
}
LEARNERS = """
INSERT INTO analytics_learner (organisation_id, external_id, name, attributes, created_at)
SELECT DISTINCT ON (learner) %(organisation)s, learner, '', attributes, now()
FROM staged_enrolment ORDER BY learner, place DESC
ON CONFLICT (organisation_id, external_id)
DO UPDATE SET attributes = analytics_learner.attributes || excluded.attributes
"""
REPEATED_ENROLMENTS = """
DELETE FROM staged_enrolment USING (
    SELECT place, row_number() OVER (PARTITION BY learner, course, course_run ORDER BY place) AS nth
    FROM staged_enrolment
) numbered
WHERE staged_enrolment.place = numbered.place AND nth > 1
RETURNING staged_enrolment.place
"""
KNOWN_ENROLMENTS = """
WITH given AS MATERIALIZED (
    SELECT place, learner.id AS learner_id, course.id AS course_id, course_run, outcome
    FROM staged_enrolment
    JOIN analytics_learner learner ON learner.organisation_id = %(organisation)s AND learner.external_id = learner
    JOIN analytics_activity course ON course.organisation_id = %(organisation)s AND course.external_id = course
)
UPDATE analytics_enrolment known SET outcome = given.outcome
FROM given
WHERE known.learner_id = given.learner_id AND known.course_id = given.course_id AND known.course_run = given.course_run
RETURNING place
"""
NEW_ENROLMENTS = """
INSERT INTO analytics_enrolment (organisation_id, learner_id, course_id, course_run, outcome)
SELECT %(organisation)s, learner.id, course.id, course_run, outcome
FROM staged_enrolment
JOIN analytics_learner learner ON learner.organisation_id = %(organisation)s AND learner.external_id = learner
JOIN analytics_activity course ON course.organisation_id = %(organisation)s AND course.external_id = course
ORDER BY place
ON CONFLICT DO NOTHING
"""
WITHOUT_COURSE = """
DELETE FROM staged_enrolment WHERE NOT EXISTS (
    SELECT FROM analytics_activity
    WHERE organisation_id = %(organisation)s AND external_id = course AND kind = 'course'
)
RETURNING place
"""

DATES = {
    PLACE: "bigint",
    "learner": "text",
    "course": "text",
    "course_run": "text",
    "started_at": "timestamptz",
    "ended_at": "timestamptz",
    "enrolment_id": "bigint",
}
# MATERIALIZED, or the planner, which knows nothing of the staged rows, may join on the course first: millions of pairs.
FIND_ENROLMENTS = """
WITH found AS MATERIALIZED (
    SELECT place, learner.id AS learner_id, course.id AS course_id, course_run
    FROM staged_enrolment_date
    JOIN analytics_learner learner ON learner.organisation_id = %(organisation)s AND learner.external_id = learner
    JOIN analytics_activity course ON course.organisation_id = %(organisation)s AND course.external_id = course
)
UPDATE staged_enrolment_date given SET enrolment_id = known.id
FROM found JOIN analytics_enrolment known USING (learner_id, course_id, course_run)
WHERE given.place = found.place
"""
WITHOUT_ENROLMENT = "DELETE FROM staged_enrolment_date WHERE enrolment_id IS NULL RETURNING place"
KNOWN_DATES = """
DELETE FROM staged_enrolment_date given USING analytics_enrolment known
WHERE known.id = enrolment_id
  AND (known.started_at, known.ended_at) IS NOT DISTINCT FROM (given.started_at, given.ended_at)
RETURNING place
"""
NEW_DATES = """
UPDATE analytics_enrolment known SET started_at = given.started_at, ended_at = given.ended_at
FROM staged_enrolment_date given WHERE known.id = enrolment_id
"""


def load_activities(to: Place, rows: pa.Table) -> list[Mark]:
    """Insert (n,) activities whose courses are there already, or stand in an earlier batch."""
    stage("staged_activity", ACTIVITY, rows)
    repeated = to.run(REPEATED_ACTIVITIES)
    if moved := to.run(MOVED):
        to.run(MOVED_DAYS, moved=moved)
    known = to.run(KNOWN_ACTIVITIES)
    to.run(NEW_ACTIVITIES)
    return [
        on_places(repeated, Verdict.MERGED, "repeated_activity", _("The activity came earlier in the same file.")),
        on_places(known, Verdict.MERGED, "known_activity", _("The activity was there; it was brought up to date.")),
    ]


def load_enrolments(to: Place, rows: pa.Table) -> list[Mark]:
    """Insert the learners of (n,) rows, with what is told of them, and their enrolments."""
    stage("staged_enrolment", ENROLMENT, rows)
    lost = to.run(WITHOUT_COURSE)
    to.run(LEARNERS)
    repeated = to.run(REPEATED_ENROLMENTS)
    known = to.run(KNOWN_ENROLMENTS)
    to.run(NEW_ENROLMENTS)
    return [
        on_places(lost, Verdict.REJECTED, "unknown_course", _("There is no such course: “{course}”.")),
        on_places(repeated, Verdict.MERGED, "repeated_enrolment", _("The enrolment came earlier in the same file.")),
        on_places(known, Verdict.MERGED, "known_enrolment", _("The enrolment was there; it was brought up to date.")),
    ]


def load_enrolment_dates(to: Place, rows: pa.Table) -> list[Mark]:
    """Write beginning and end into the enrolments of (n,) rows."""
    nowhere = pa.nulls(rows.num_rows, pa.int64())
    stage("staged_enrolment_date", DATES, rows.append_column("enrolment_id", nowhere))
    to.run(FIND_ENROLMENTS)
    lost = to.run(WITHOUT_ENROLMENT)
    known = to.run(KNOWN_DATES)
    to.run(NEW_DATES)
    return [
        on_places(lost, Verdict.REJECTED, "no_enrolment", _("“{learner}” is not enrolled in “{course}”.")),
        on_places(known, Verdict.MERGED, "known_dates", _("The dates of the enrolment were known.")),
    ]
