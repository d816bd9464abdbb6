"""The table of one course's risks: who may not finish it, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.public import (
    COURSE_FILTER,
    Form,
    Role,
    Scope,
    Table,
    TableColumn,
    TableFilter,
    TableScope,
    learner_columns,
)
from recommender.models import OutcomePolicy, Risk
from recommender.models.risks import Confidence
from recommender.worklist.board import TREND_DAYS, Line
from recommender.worklist.rows import current_risks, risks_seen
from recommender.worklist.words import sentences

SHOWN: dict[str, str | Promise] = {"at_risk": _("At risk"), "unknown": _("Not enough data yet")}


def _risks(scope: TableScope) -> QuerySet[Risk]:
    member = scope.viewer.member
    rows = current_risks(scope.viewer.organisation) if member is None else risks_seen(member)
    return rows.select_related("enrolment__learner")


def _of_course(rows: QuerySet[Any], value: str, scope: TableScope) -> QuerySet[Any]:
    return rows.filter(enrolment__course=int(value))


def _shown(rows: QuerySet[Any], value: str, scope: TableScope) -> QuerySet[Any]:
    if value == "unknown":
        return rows.filter(is_known=False)
    return rows.filter(risk_share__gte=OutcomePolicy.of(scope.viewer.organisation).at_risk_share)


def _named(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    learner = "enrolment__learner__"
    return rows.filter(Q(**{f"{learner}name__icontains": text}) | Q(**{f"{learner}external_id__icontains": text}))


def _change(scope: TableScope) -> Combinable:
    """Against the week before, as `board.earlier_shares` finds it."""
    before = Risk.objects.filter(enrolment=OuterRef("enrolment"), on__lte=OuterRef("on") - timedelta(days=TREND_DAYS))
    return F("risk_share") - Subquery(before.order_by("-on").values("risk_share")[:1])


def line_of(risk: Risk) -> Line:
    """What the cells of a row show in words, made once."""
    known: Line | None = risk.__dict__.get("line")
    if known is None:
        change = getattr(risk, "change_share", None)
        known = Line(risk, sentences(risk.factors), sentences(risk.strengths), change, None)
        risk.__dict__["line"] = known
    return known


def _why(risk: Risk) -> str:
    return line_of(risk).whole


def _choices(scope: TableScope) -> Sequence[tuple[str, str | Promise]]:
    return list(SHOWN.items())


COURSE_RISKS = Table(
    "course-risks",
    _("Risks of a course"),
    "course_risk",
    rows=_risks,
    columns=[
        *learner_columns("enrolment__learner"),
        TableColumn("risk_share", _("Risk"), Form.CHANCE, template="recommender/_risk_share_cell.html"),
        TableColumn(
            "change_share",
            _("Since last week"),
            Form.DECIMAL,
            _change,
            value=lambda risk: line_of(risk).change,
            template="recommender/_risk_change_cell.html",
        ),
        TableColumn("grade_share", _("Expected grade"), Form.SHARE),
        TableColumn("confidence", _("Confidence"), choices=lambda: dict(Confidence.choices)),
        TableColumn(
            "why", _("Why"), value=_why, template="recommender/_why_cell.html", is_long=True, is_sortable=False
        ),
    ],
    order="-risk_share",
    filters=[
        replace(COURSE_FILTER, apply=_of_course),
        TableFilter("show", _("Which learners"), _("All learners"), _choices, _shown),
    ],
    search=_named,
    needs=("course",),
    roles=(Role.ADMINISTRATOR, Role.MODEL_OWNER, Role.INSTRUCTOR),
    key_scope=Scope.RISKS_READ,
)
