"""The table of learners, and that of one course's learners."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, timedelta
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.aggregates.lists import learner_sums, matching
from analytics.aggregates.segments import LEVELS, level_filter
from analytics.models import Enrolment, Learner, Outcome
from analytics.tables.columns import Form, Scope, TableColumn, TableFilter
from analytics.tables.table import Table

MOST_COURSES = 500
"""In the list of a filter; whoever has more begins at the course."""
SEEN: dict[str, str | Promise] = {
    "7": _("Seen in the last 7 days"),
    "28": _("Seen in the last 28 days"),
    "not7": _("Not seen for 7 days"),
    "not28": _("Not seen for 28 days"),
    "not90": _("Not seen for 90 days"),
    "never": _("Never seen"),
}


def sums_of(scope: Scope) -> dict[str, Combinable]:
    """What is added up of a learner: within the course that is chosen, else within the courses that are seen."""
    course = dict(scope.values).get("course")
    return learner_sums([int(course)] if course else scope.viewer.course_ids)


def _sum(name: str) -> Callable[[Scope], Combinable]:
    return lambda scope: sums_of(scope)[name]


def _enrolments(scope: Scope) -> QuerySet[Enrolment]:
    """Of one learner, as a subquery."""
    rows = Enrolment.objects.filter(learner=OuterRef("pk"))
    return rows if scope.viewer.course_ids is None else rows.filter(course__in=scope.viewer.course_ids)


def _n_courses(scope: Scope) -> Combinable:
    counted = _enrolments(scope).order_by().values("learner").annotate(n=Count("course", distinct=True))
    return Coalesce(Subquery(counted.values("n"), output_field=IntegerField()), Value(0))


def _latest(field: str) -> Callable[[Scope], Combinable]:
    """Of the learner's latest enrolment in the chosen course."""

    def expression(scope: Scope) -> Combinable:
        course = int(dict(scope.values).get("course", "0"))
        rows = Enrolment.objects.filter(learner=OuterRef("pk"), course=course).order_by("-started_at", "-pk")
        return Subquery(rows.values(field)[:1])

    return expression


def _course_choices(scope: Scope) -> Sequence[tuple[str, str]]:
    rows = scope.viewer.courses().order_by("name", "pk").values_list("pk", "name")[:MOST_COURSES]
    return [(str(pk), name) for pk, name in rows]


def _is_course(value: str, scope: Scope) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 19 and scope.viewer.courses().filter(pk=value).exists()


def _in_course(rows: QuerySet[Any], value: str, scope: Scope) -> QuerySet[Any]:
    return rows.filter(pk__in=Enrolment.objects.filter(course=int(value)).values("learner_id"))


def _at_level(rows: QuerySet[Any], value: str, scope: Scope) -> QuerySet[Any]:
    answer: QuerySet[Any] = rows.alias(_n_days=sums_of(scope)["n_active_days"]).filter(level_filter(value, "_n_days"))
    return answer


def _seen(rows: QuerySet[Any], value: str, scope: Scope) -> QuerySet[Any]:
    rows = rows.alias(_last_on=sums_of(scope)["last_on"])
    if value == "never":
        return rows.filter(_last_on__isnull=True)
    today = scope.viewer.organisation.now().astimezone(UTC).date()
    first_on = today - timedelta(days=int(value.removeprefix("not")) - 1)
    if value.startswith("not"):
        return rows.filter(Q(_last_on__lt=first_on) | Q(_last_on__isnull=True))
    return rows.filter(_last_on__gte=first_on)


def _learners(scope: Scope) -> QuerySet[Learner]:
    return scope.viewer.learners().only("pk", "name", "external_id", "organisation_id")


def _shown_id(learner: Learner) -> str:
    return learner.shown_id


COURSE_FILTER = TableFilter("course", _("Course"), _("All courses"), _course_choices, _in_course, _is_course)
LEVEL_FILTER = TableFilter(
    "level",
    _("Activity"),
    _("Any activity"),
    lambda scope: [(level.name, level.label) for level in LEVELS],
    _at_level,
)
SEEN_FILTER = TableFilter("seen", _("Last seen"), _("Seen at any time"), lambda scope: list(SEEN.items()), _seen)
NAME = TableColumn("name", _("Learner"), value=str, url=lambda learner: reverse("learner_page", args=[learner.pk]))
SUMS = (
    TableColumn("n_active_days", _("Active days"), Form.COUNT, _sum("n_active_days")),
    TableColumn("n_events", _("Events"), Form.COUNT, _sum("n_events")),
    TableColumn("n_completions", _("Completions"), Form.COUNT, _sum("n_completions")),
    TableColumn("n_hours", _("Hours"), Form.DECIMAL, _sum("n_hours"), is_shown=False),
    TableColumn("result_share", _("Mean result"), Form.SHARE, _sum("result_share")),
    TableColumn("first_on", _("First event"), Form.DAY, _sum("first_on"), is_shown=False),
    TableColumn("last_on", _("Last event"), Form.DAY, _sum("last_on")),
)
LEARNERS = Table(
    "learners",
    _("Learners"),
    "learner_list",
    rows=_learners,
    columns=[
        NAME,
        TableColumn("external_id", _("Id"), Form.CODE, value=_shown_id),
        TableColumn("n_courses", _("Courses"), Form.COUNT, _n_courses, is_shown=False),
        *SUMS,
    ],
    order="-last_on",
    filters=[COURSE_FILTER, LEVEL_FILTER, SEEN_FILTER],
    search=matching,
    has_views=True,
)
COURSE_LEARNERS = Table(
    "course-learners",
    _("Learners of a course"),
    "course_page",
    rows=_learners,
    columns=[
        NAME,
        TableColumn("external_id", _("Id"), Form.CODE, value=_shown_id, is_shown=False),
        TableColumn(
            "outcome",
            _("Outcome"),
            expression=_latest("outcome"),
            choices=lambda: dict(Outcome.choices),
            template="analytics/_outcome_cell.html",
        ),
        TableColumn("grade_share", _("Grade"), Form.SHARE, _latest("grade_share")),
        *SUMS,
    ],
    order="-last_on",
    filters=[COURSE_FILTER, LEVEL_FILTER, SEEN_FILTER],
    search=matching,
    needs=("course",),
)
