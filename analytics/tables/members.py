"""The table of members."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, F, Q, QuerySet, TextField, Value, When
from django.db.models.expressions import Combinable
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.models import Member, Role
from analytics.tables.columns import Scope, TableColumn, TableFilter, field_filter, when
from analytics.tables.table import Table

STATES: dict[str, str | Promise] = {
    "active": gettext_lazy("active"),
    "invited": gettext_lazy("invited"),
    "deactivated": gettext_lazy("deactivated"),
}
UNUSABLE = "!"
"""With which Django begins a password that nobody can type: the login was invited and has none yet."""


def _members(scope: Scope) -> QuerySet[Member]:
    rows = Member.objects.filter(organisation=scope.viewer.organisation)
    return rows.select_related("login", "learner").prefetch_related("courses")


def _named(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    return rows.filter(Q(login__username__icontains=text) | Q(login__email__icontains=text))


def _state(_scope: Scope) -> Combinable:
    return Case(
        When(deactivated_at__isnull=False, then=Value("deactivated")),
        When(login__password__startswith=UNUSABLE, then=Value("invited")),
        default=Value("active"),
        output_field=TextField(),
    )


def _of_state(rows: QuerySet[Any], value: str, scope: Scope) -> QuerySet[Any]:
    answer: QuerySet[Any] = rows.alias(_state=_state(scope)).filter(_state=value)
    return answer


def _sees(member: Member) -> str:
    if member.sees_everything:
        return _("everything")
    if member.learner is not None:
        return str(member.learner)
    return ", ".join(course.name for course in member.courses.all())


MEMBERS = Table(
    "members",
    gettext_lazy("Members"),
    "member_list",
    rows=_members,
    columns=[
        TableColumn(
            "username",
            gettext_lazy("Login"),
            expression=lambda scope: F("login__username"),
            value=lambda member: member.shown_login,
            url=lambda member: reverse("member_page", args=[member.pk]),
        ),
        TableColumn(
            "email",
            gettext_lazy("E-mail address"),
            expression=lambda scope: F("login__email"),
            value=lambda member: member.shown_email,
            is_shown=False,
        ),
        TableColumn("role", gettext_lazy("Role"), choices=lambda: dict(Role.choices)),
        TableColumn("sees", gettext_lazy("Sees"), value=_sees, is_long=True, is_sortable=False),
        when("last_login", gettext_lazy("Last signed in"), lambda scope: F("login__last_login")),
        TableColumn(
            "state",
            gettext_lazy("State"),
            expression=_state,
            choices=lambda: STATES,
            template="analytics/_member_state_cell.html",
        ),
    ],
    order="username",
    filters=[
        field_filter("role", gettext_lazy("Role"), gettext_lazy("Any role"), Role.choices),
        TableFilter(
            "state",
            gettext_lazy("State"),
            gettext_lazy("Any state"),
            lambda scope: list(STATES.items()),
            _of_state,
        ),
    ],
    search=_named,
    search_label=gettext_lazy("Login name or e-mail"),
    roles=(Role.ADMINISTRATOR,),
    key_scope=None,
)
