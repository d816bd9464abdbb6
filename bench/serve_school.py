"""A large made-up school, set up inside the database: learners go through their courses in order, with detours."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

N_COURSES_EACH = 4
N_EVENTS_EACH = 30
DAYS = 60

_LEARNERS = """
    INSERT INTO analytics_learner (organisation_id, external_id, name, attributes, created_at)
    SELECT %(organisation)s, 'l' || n, '', '{}', now() FROM generate_series(0, %(learners)s - 1) n
"""
_COURSES = """
    INSERT INTO analytics_activity (organisation_id, external_id, kind, name, position, tags, created_at)
    SELECT %(organisation)s, 'c' || n, 'course', 'Course ' || n, n, '{}', now()
    FROM generate_series(0, %(courses)s - 1) n
"""
_PARTS = """
    INSERT INTO analytics_activity
        (organisation_id, external_id, kind, name, position, tags, created_at, course_id, parent_id)
    SELECT %(organisation)s, 'a' || course.position || '-' || n,
           (ARRAY['video', 'reading', 'quiz', 'assignment'])[n %% 4 + 1], course.name || ', part ' || n, n, '{}', now(),
           course.id, course.id
    FROM analytics_activity course, generate_series(0, %(parts)s - 1) n
    WHERE course.organisation_id = %(organisation)s AND course.kind = 'course'
"""
# Each learner's courses lie next to each other in a few fields of study, so that something can be learnt.
_ENROLMENTS = """
    CREATE TEMPORARY TABLE bench_enrolled ON COMMIT DROP AS
    SELECT learner.id AS learner_id, learner.n, k,
           ((learner.n * 7919 %% 50) * (%(courses)s / 50) + (learner.n / 50 + k * 3) %% (%(courses)s / 50)) AS course_n
    FROM (SELECT id, substr(external_id, 2)::int AS n FROM analytics_learner WHERE organisation_id = %(organisation)s)
         learner, generate_series(0, %(each)s - 1) k;
    INSERT INTO analytics_enrolment (organisation_id, learner_id, course_id, course_run, outcome)
    SELECT DISTINCT %(organisation)s, learner_id, course.id, '', 'active' FROM bench_enrolled
    JOIN analytics_activity course ON course.organisation_id = %(organisation)s AND course.kind = 'course'
     AND course.position = course_n;
"""
_EVENTS = """
    INSERT INTO analytics_event
        (organisation_id, learner_id, activity_id, from_import_id, occurred_at, verb, unit, value)
    SELECT %(organisation)s, enrolled.learner_id, part.id, %(import)s,
           %(first)s::timestamptz + make_interval(secs => (e * 172800 + enrolled.n * 37 %% 86400)::double precision),
           'viewed', '', NULL
    FROM generate_series(0, %(events)s - 1) e
    JOIN bench_enrolled enrolled ON enrolled.k = e %% %(each)s
    JOIN analytics_activity course ON course.organisation_id = %(organisation)s AND course.kind = 'course'
     AND course.position = enrolled.course_n
    JOIN analytics_activity part ON part.course_id = course.id
     AND part.position = (enrolled.n %% 40 + (e / %(each)s) * (1 + enrolled.n %% 3)) %% %(parts)s
"""
_ANSWERS = """
    UPDATE analytics_learner SET attributes = %(answer)s
    WHERE organisation_id = %(organisation)s AND external_id = ANY(%(asked)s)
"""


def school(slug: str, n_learners: int, n_activities: int) -> Any:
    """The organisation, made if it is not there yet (minutes for the full size, mostly for three million events)."""
    from analytics.imports.partitions import ensure_months
    from analytics.models import Activity, Import, Learner, Organisation

    found = Organisation.objects.filter(slug=slug).first()
    if found is not None:
        n_found = (
            Learner.objects.filter(organisation=found).count(),
            Activity.objects.filter(organisation=found).count(),
        )
        if n_found == (n_learners, n_activities):
            return found
        raise SystemExit(f"{slug} is there already with {n_found[0]} learners and {n_found[1]} activities.")
    n_courses = 50 * max(1, n_activities // 5000)
    first = timezone.now() - timedelta(days=DAYS + 1)
    ensure_months([first.date() + timedelta(days=day) for day in range(DAYS + 2)])
    with transaction.atomic():
        organisation = Organisation.objects.create(slug=slug, name=slug, is_synthetic=True)
        brought = Import.objects.create(organisation=organisation, format="csv", source_name="bench", state="succeeded")
        _fill(organisation, brought, first, n_learners, n_courses, n_activities // n_courses - 1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE analytics_event, analytics_enrolment, analytics_activity, analytics_learner")
    return organisation


def _fill(organisation: Any, brought: Any, first: datetime, n_learners: int, n_courses: int, n_parts: int) -> None:
    asked = {"organisation": organisation.pk, "import": brought.pk, "first": first, "learners": n_learners}
    asked |= {"courses": n_courses, "parts": n_parts, "each": N_COURSES_EACH, "events": N_EVENTS_EACH}
    with connection.cursor() as cursor:
        # Consistent by construction: checking a foreign key per row would take longer than the rows.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in (_LEARNERS, _COURSES, _PARTS, _ENROLMENTS, _EVENTS):
            cursor.execute(statement, asked)


def precompute(organisation: Any, external_ids: list[str], answer: str) -> None:
    """Put an answer beside the learners who are asked about, for the peer to read."""
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERS, {"organisation": organisation.pk, "asked": external_ids, "answer": answer})
