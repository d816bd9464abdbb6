"""What may be recommended at all: small rules, each a condition on activities, all of them in one query.

A new rule is a line in the table. It says what it lets through, about `activity` and the `course` that holds it, with
the parameters of `asked`. They stand in SQL, because Django takes longer to write them than PostgreSQL to check them.
Of the few activities of one list, `openings` answers the same from memory: one that looks at who asks stands there too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from analytics.public import Activity, Kind, Organisation
from recommender.history import NOT_TARGETS
from recommender.models import TargetKind
from recommender.serving.list_rules import NOTHING
from recommender.serving.personal import Personal
from recommender.serving.situation import Situation

RULES: Mapping[str, str] = {
    # Of this organisation, of the kind and in the course that was asked for.
    "in_scope": """activity.organisation_id = %(organisation)s
        AND (%(kinds)s::text[] IS NULL OR activity.kind = ANY(%(kinds)s)) AND activity.kind <> ALL(%(not_kinds)s)
        AND (%(course)s::bigint IS NULL OR activity.course_id = %(course)s)""",
    # Nothing that the learner has begun or done already, but what they may go on with.
    "not_met": "(activity.id <> ALL(%(met)s) OR activity.id = %(unfinished)s)",
    # Neither the activity nor its course opens later.
    "has_opened": """(activity.opens_at IS NULL OR activity.opens_at <= %(now)s)
        AND (course.opens_at IS NULL OR course.opens_at <= %(now)s)""",
    # Neither the activity nor its course is over.
    "has_not_closed": """(activity.closes_at IS NULL OR activity.closes_at > %(now)s)
        AND (course.closes_at IS NULL OR course.closes_at > %(now)s)""",
    # Parts of courses for those who are enrolled, activities outside courses for everyone, courses for newcomers.
    "fits_enrolments": """CASE WHEN %(learner)s::bigint IS NULL THEN true
        WHEN %(asks_courses)s THEN activity.id NOT IN
            (SELECT course_id FROM analytics_enrolment WHERE learner_id = %(learner)s)
        ELSE NOT %(is_bound)s OR activity.course_id IS NULL OR activity.course_id = ANY(%(enrolled)s) END""",
    # Nothing that needs something else first which the learner has not completed, or at least met: most sources say
    # nothing of completion, so that meeting it must do. Most organisations keep none: that is asked once, not of each.
    "has_prerequisites": """NOT (SELECT EXISTS (SELECT 1 FROM analytics_prerequisite any_need
            WHERE any_need.organisation_id = %(organisation)s))
        OR NOT EXISTS (SELECT 1 FROM analytics_prerequisite needs
            WHERE needs.activity_id = activity.id AND needs.organisation_id = %(organisation)s
              AND needs.needed_id <> ALL(%(met)s))""",
    # Nothing that a list rule of the organisation keeps out.
    "not_blocked": """activity.id <> ALL(%(blocked)s) AND COALESCE(activity.course_id, 0) <> ALL(%(blocked)s)
        AND COALESCE(activity.parent_id, 0) <> ALL(%(blocked)s) AND activity.kind <> ALL(%(blocked_kinds)s)""",
    # Nothing that the learner said no to.
    "not_refused": "activity.id <> ALL(%(refused)s)",
    # Nothing that was shown so many times without effect: whoever wanted it has seen it.
    "not_worn_out": "activity.id <> ALL(%(worn_out)s)",
    # Nothing that the caller asked to leave out.
    "not_excluded": "activity.id <> ALL(%(excluded)s)",
}
FOR_ANYBODY = ("in_scope", "has_opened", "has_not_closed")
"""Those that do not look at who asks: the others have their words in `openings` too."""

FROM = "FROM analytics_activity activity LEFT JOIN analytics_activity course ON course.id = activity.course_id"
_ALL = " AND ".join(f"({condition})" for condition in RULES.values())
_IDS = f"SELECT activity.id {FROM} WHERE {_ALL}"
_EACH = f"SELECT {', '.join(f'({condition})' for condition in RULES.values())} {FROM} WHERE activity.id = %(id)s"


def admitted(situation: Situation) -> QuerySet[Activity]:
    """Every activity that may be recommended now."""
    sql, parameters = _positional(_IDS, asked(situation))
    return Activity.objects.filter(pk__in=RawSQL(sql, parameters)).order_by()  # noqa: S611


def admitted_ids(situation: Situation) -> list[int]:
    """Ids of everything that may be recommended now."""
    with connection.cursor() as cursor:
        cursor.execute(_IDS, asked(situation))
        return [row[0] for row in cursor.fetchall()]


def query_for_anybody(organisation: Organisation, kind: str) -> tuple[str, dict[str, Any]]:
    """SQL of what is open whoever asks, with its parameters: an activity and its course or 0 in a row, by its id."""
    conditions = " AND ".join(f"({RULES[name]})" for name in FOR_ANYBODY)
    anybody = Situation(organisation, None, kind, None, organisation.now(), {}, Personal(), NOTHING, frozenset())
    return (
        f"SELECT activity.id, COALESCE(activity.course_id, 0) {FROM} WHERE {conditions} ORDER BY activity.id",
        asked(anybody),
    )


def first_against(situation: Situation, activity: Activity) -> str | None:
    """Name of the first rule that keeps the activity out, if any does."""
    with connection.cursor() as cursor:
        cursor.execute(_EACH, asked(situation) | {"id": activity.pk})
        row = cursor.fetchone() or ()
    return next((name for name, holds in zip(RULES, row, strict=True) if not holds), None)


def asked(situation: Situation) -> dict[str, Any]:
    """The parameters of all rules."""
    personal, asks_courses = situation.personal, situation.kind == TargetKind.COURSE
    return {
        "organisation": situation.organisation.pk,
        "learner": situation.learner.pk if situation.learner else None,
        "kinds": [Kind.COURSE.value] if asks_courses else None,
        "not_kinds": [] if asks_courses else [kind.value for kind in NOT_TARGETS],
        "asks_courses": asks_courses,
        "course": situation.course.pk if situation.course is not None else None,
        "met": list(situation.met),
        "unfinished": situation.unfinished_id,
        "now": situation.now,
        "is_bound": personal.is_bound,
        "enrolled": [course_id for course_id, _run in personal.enrolments],
        "blocked": list(situation.effects.blocked_ids),
        "blocked_kinds": list(situation.effects.blocked_kinds),
        "refused": list(personal.refused_ids),
        "worn_out": list(personal.worn_out_ids),
        "excluded": list(situation.excluded_ids),
    }


def _positional(sql: str, parameters: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """Django joins the parameters of a query by their order."""
    names: list[str] = []

    class Places(dict[str, str]):
        def __missing__(self, name: str) -> str:
            names.append(name)
            return "%s"

    return sql % Places(), tuple(parameters[name] for name in names)
