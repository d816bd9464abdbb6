"""The table of courses, and that of one course's parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import F, QuerySet, Window
from django.db.models.expressions import Combinable
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from analytics.aggregates.lists import activity_sums, course_sums, matching
from analytics.aggregates.period import Period
from analytics.aggregates.reach import reading_order
from analytics.models import Activity, Kind
from analytics.tables.columns import Form, Scope, TableColumn, TableFilter
from analytics.tables.learners import COURSE_FILTER
from analytics.tables.table import Table


def _period(scope: Scope) -> Period:
    assert scope.period is not None, "both tables have a period"  # noqa: S101
    return scope.period


def _of_course(name: str) -> Callable[[Scope], Combinable]:
    return lambda scope: course_sums(_period(scope))[name]


def _of_part(name: str) -> Callable[[Scope], Combinable]:
    return lambda scope: activity_sums(_period(scope))[name]


def _courses(scope: Scope) -> QuerySet[Activity]:
    return scope.viewer.courses()


def _parts(scope: Scope) -> QuerySet[Activity]:
    return scope.viewer.activities().filter(course__isnull=False).exclude(kind=Kind.MODULE)


def _within(rows: QuerySet[Any], value: str, _scope: Scope) -> QuerySet[Any]:
    return rows.filter(course=int(value))


def _of_kind(rows: QuerySet[Any], value: str, _scope: Scope) -> QuerySet[Any]:
    return rows.filter(kind=value)


def _sums(of: Callable[[str], Callable[[Scope], Combinable]]) -> tuple[TableColumn, ...]:
    return (
        TableColumn("n_events", _("Events"), Form.COUNT, of("n_events")),
        TableColumn("n_completions", _("Completions"), Form.COUNT, of("n_completions")),
        TableColumn("result_share", _("Mean result"), Form.SHARE, of("result_share")),
    )


COURSES = Table(
    "courses",
    _("Courses"),
    "course_list",
    rows=_courses,
    columns=[
        TableColumn("name", _("Course"), url=lambda course: reverse("course_page", args=[course.pk])),
        TableColumn("external_id", _("Id"), Form.CODE, is_shown=False),
        TableColumn("n_enrolled", _("Enrolled"), Form.COUNT, _of_course("n_enrolled")),
        TableColumn("n_active", _("Active"), Form.COUNT, _of_course("n_active")),
        *_sums(_of_course),
        TableColumn("last_on", _("Last event"), Form.DAY, _of_course("last_on")),
    ],
    order="-n_events",
    search=matching,
    search_label=_("Search courses"),
    has_period=True,
    has_views=True,
)
COURSE_PARTS = Table(
    "course-parts",
    _("Parts of a course"),
    "course_page",
    rows=_parts,
    columns=[
        TableColumn("name", _("Part")),
        TableColumn("place", _("Place"), Form.COUNT, lambda scope: _place(), is_shown=False),
        TableColumn("external_id", _("Id"), Form.CODE, is_shown=False),
        TableColumn("module", _("Module"), expression=lambda scope: F("parent__name")),
        TableColumn("kind", _("Kind"), choices=lambda: dict(Kind.choices)),
        *_sums(_of_part),
        TableColumn("opens_at", _("Opens"), Form.DAY),
        TableColumn("closes_at", _("Closes"), Form.DAY),
    ],
    order="place",
    filters=[
        TableFilter(
            "course", _("Course"), _("All courses"), COURSE_FILTER.choices, _within, admits=COURSE_FILTER.admits
        ),
        TableFilter(
            "kind",
            _("Kind"),
            _("All kinds"),
            lambda scope: [each for each in Kind.choices if each[0] not in {Kind.COURSE, Kind.MODULE}],
            _of_kind,
        ),
    ],
    search=matching,
    has_period=True,
    needs=("course",),
)


def _place() -> Combinable:
    """The how manieth in the order in which the course is to be read, of those that are found."""
    place: Combinable = Window(RowNumber(), order_by=reading_order())
    return place
