"""Load learners and enrolments that a source tells of by themselves. What is known already is brought up to date."""

from __future__ import annotations

import pyarrow as pa
from django.utils.translation import gettext as _

from analytics.imports import references
from analytics.imports.known_learners import matched
from analytics.imports.load import stage
from analytics.imports.marks import PLACE, Mark, on_places
from analytics.imports.place import Place
from analytics.models import Verdict

LEARNER_TEXTS = ("learner", "name", "attributes")
ENROLMENT_TEXTS = (
    "learner", "learner_name", "attributes", "course", "course_run", "outcome", "grade", "started_at", "ended_at",
    "attempt",
)  # fmt: skip
LEARNER = {PLACE: "bigint", "learner": "text", "name": "text", "attributes": "jsonb"}
REPEATED_LEARNERS = """
DELETE FROM staged_learner USING (
    SELECT place, row_number() OVER (PARTITION BY learner ORDER BY place) AS nth FROM staged_learner
) numbered
WHERE staged_learner.place = numbered.place AND nth > 1
RETURNING staged_learner.place
"""
KNOWN_LEARNERS = """
UPDATE analytics_learner known
SET name = coalesce(given.name, known.name), attributes = known.attributes || coalesce(given.attributes, '{}'),
    from_import_id = CASE WHEN known.from_import_id = %(import)s THEN known.from_import_id END
FROM staged_learner given
WHERE known.organisation_id = %(organisation)s AND known.external_id = learner
RETURNING place
"""
NEW_LEARNERS = """
INSERT INTO analytics_learner (organisation_id, from_import_id, external_id, name, attributes, created_at)
SELECT %(organisation)s, %(import)s, learner, coalesce(given.name, ''), coalesce(given.attributes, '{}'), now()
FROM staged_learner given ORDER BY learner
ON CONFLICT DO NOTHING
"""

ENROLMENT = {
    PLACE: "bigint",
    "learner": "text",
    "learner_name": "text",
    "attributes": "jsonb",
    "course": "text",
    "course_run": "text",
    "outcome": "text",
    "grade_share": "double precision",
    "started_at": "timestamptz",
    "ended_at": "timestamptz",
    "attempt": "smallint",
}
LEARNERS = """
INSERT INTO analytics_learner (organisation_id, from_import_id, external_id, name, attributes, created_at)
SELECT DISTINCT ON (learner)
       %(organisation)s, %(import)s, learner, coalesce(learner_name, ''), coalesce(attributes, '{}'), now()
FROM staged_enrolment ORDER BY learner, place DESC
ON CONFLICT (organisation_id, external_id)
DO UPDATE SET attributes = analytics_learner.attributes || excluded.attributes,
              name = coalesce(nullif(excluded.name, ''), analytics_learner.name),
              from_import_id = CASE WHEN analytics_learner.from_import_id = %(import)s THEN %(import)s::bigint END
"""
REPEATED_ENROLMENTS = """
DELETE FROM staged_enrolment USING (
    SELECT place, row_number() OVER (PARTITION BY learner, course, coalesce(course_run, '') ORDER BY place) AS nth
    FROM staged_enrolment
) numbered
WHERE staged_enrolment.place = numbered.place AND nth > 1
RETURNING staged_enrolment.place
"""
# MATERIALIZED, or the planner, which knows nothing of the staged rows, may join on the course first: millions of pairs.
KNOWN_ENROLMENTS = """
WITH given AS MATERIALIZED (
    SELECT place, learner.id AS learner_id, course.id AS course_id, coalesce(course_run, '') AS course_run, outcome,
           grade_share, staged_enrolment.started_at, staged_enrolment.ended_at, attempt
    FROM staged_enrolment
    JOIN analytics_learner learner ON learner.organisation_id = %(organisation)s AND learner.external_id = learner
    JOIN analytics_activity course ON course.organisation_id = %(organisation)s AND course.external_id = course
)
UPDATE analytics_enrolment known
SET outcome = coalesce(given.outcome, known.outcome), grade_share = coalesce(given.grade_share, known.grade_share),
    started_at = coalesce(given.started_at, known.started_at), ended_at = coalesce(given.ended_at, known.ended_at),
    attempt = coalesce(given.attempt, known.attempt),
    from_import_id = CASE WHEN known.from_import_id = %(import)s THEN known.from_import_id END
FROM given
WHERE known.learner_id = given.learner_id AND known.course_id = given.course_id AND known.course_run = given.course_run
RETURNING place
"""
NEW_ENROLMENTS = """
INSERT INTO analytics_enrolment
    (organisation_id, from_import_id, learner_id, course_id, course_run, outcome, grade_share, started_at, ended_at,
     attempt)
SELECT %(organisation)s, %(import)s, learner.id, course.id, coalesce(course_run, ''), coalesce(outcome, 'active'),
       grade_share, staged_enrolment.started_at, staged_enrolment.ended_at, attempt
FROM staged_enrolment
JOIN analytics_learner learner ON learner.organisation_id = %(organisation)s AND learner.external_id = learner
JOIN analytics_activity course ON course.organisation_id = %(organisation)s AND course.external_id = course
ORDER BY place
ON CONFLICT DO NOTHING
"""
COURSES = """
INSERT INTO analytics_activity (organisation_id, from_import_id, external_id, kind, name, position, tags, created_at)
SELECT DISTINCT %(organisation)s, %(import)s, course, 'course', course, 0, '{}'::text[], now()
FROM staged_enrolment
WHERE NOT EXISTS (SELECT FROM analytics_activity WHERE organisation_id = %(organisation)s AND external_id = course)
ORDER BY course
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
UPDATE analytics_enrolment known SET started_at = given.started_at, ended_at = given.ended_at,
    from_import_id = CASE WHEN known.from_import_id = %(import)s THEN known.from_import_id END
FROM staged_enrolment_date given WHERE known.id = enrolment_id
"""


def load_learners(to: Place, rows: pa.Table) -> list[Mark]:
    """Insert (n,) learners, or bring them up to date."""
    stage("staged_learner", LEARNER, rows)
    found = matched(to, "staged_learner", rows)
    repeated = to.run(REPEATED_LEARNERS)
    known = to.run(KNOWN_LEARNERS)
    to.run(NEW_LEARNERS)
    return [
        *found,
        on_places(repeated, Verdict.MERGED, "repeated_learner", _("The learner came earlier in the same file.")),
        on_places(known, Verdict.MERGED, "known_learner", _("The learner was there; it was brought up to date.")),
    ]


def load_enrolments(to: Place, rows: pa.Table) -> list[Mark]:
    """Insert the learners of (n,) rows, with what is told of them, and their enrolments.

    Courses that are not known are made only where nothing else in the source could have told of them.
    """
    if "grade_share" not in rows.column_names:
        rows = rows.append_column("grade_share", pa.nulls(rows.num_rows, pa.float64()))
    stage("staged_enrolment", ENROLMENT, rows)
    found = matched(to, "staged_enrolment", rows)
    if to.makes_courses:
        to.run(COURSES)
    lost = to.run(WITHOUT_COURSE)
    to.run(LEARNERS)
    repeated = to.run(REPEATED_ENROLMENTS)
    known = to.run(KNOWN_ENROLMENTS)
    with references.kept(to, rows.num_rows, "staged_enrolment", "course"):
        to.run(NEW_ENROLMENTS)
    return [
        *found,
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
