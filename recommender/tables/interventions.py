"""The table of interventions: what was done for whom."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.public import (
    Form,
    Outcome,
    Scope,
    Table,
    TableColumn,
    TableScope,
    field_filter,
    learner_columns,
    masks_learners,
    when,
    who,
)
from recommender.models import Intervention, InterventionKind
from recommender.worklist.seen import CASE_ROLES, interventions_seen


def _interventions(scope: TableScope) -> QuerySet[Intervention]:
    rows = Intervention.objects.filter(organisation=scope.viewer.organisation)
    if scope.viewer.member is not None:
        rows = interventions_seen(scope.viewer.member)
    return rows.select_related("enrolment__learner", "enrolment__course", "mail")


def _named(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    learner = "enrolment__learner__"
    return rows.filter(Q(**{f"{learner}name__icontains": text}) | Q(**{f"{learner}external_id__icontains": text}))


def _outcome_known(scope: TableScope) -> Combinable:
    """As `Enrolment.known_at` has it: in an archive an outcome behind its clock is not known yet."""
    outcome, as_of = F("enrolment__outcome"), scope.viewer.organisation.as_of
    if as_of is None:
        return outcome
    ends_at = Coalesce("enrolment__ended_at", "enrolment__course__closes_at")
    return Case(When(GreaterThan(ends_at, as_of), then=Value(Outcome.ACTIVE.value)), default=outcome)


def _told(intervention: Intervention) -> str:
    """The note, or the subject of the mail; both may name the learner."""
    if masks_learners():
        return _("hidden")
    return intervention.mail.subject if intervention.mail else intervention.note


INTERVENTIONS = Table(
    "interventions",
    gettext_lazy("Interventions"),
    "intervention_list",
    rows=_interventions,
    columns=[
        *learner_columns("enrolment__learner"),
        TableColumn("course", gettext_lazy("Course"), expression=lambda scope: F("enrolment__course__name")),
        TableColumn("kind", gettext_lazy("What"), choices=lambda: dict(InterventionKind.choices)),
        who("by", gettext_lazy("By")),
        when("at", gettext_lazy("When"), is_never_null=True),
        TableColumn("risk_share", gettext_lazy("Risk then"), Form.CHANCE),
        TableColumn(
            "outcome",
            gettext_lazy("Outcome"),
            expression=_outcome_known,
            choices=lambda: dict(Outcome.choices),
            template="analytics/_outcome_cell.html",
        ),
        TableColumn(
            "told",
            gettext_lazy("Note or mail"),
            value=_told,
            template="recommender/_told_cell.html",
            is_long=True,
            is_sortable=False,
        ),
    ],
    order="-at",
    filters=[field_filter("kind", gettext_lazy("What"), gettext_lazy("All kinds"), InterventionKind.choices)],
    search=_named,
    roles=CASE_ROLES,
    key_scope=Scope.RISKS_READ,
)
