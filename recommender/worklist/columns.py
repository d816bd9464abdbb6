"""Risk in the tables of learners: a column to order by and a filter, handed to analytics when the app is ready."""

from __future__ import annotations

from typing import Any

from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.utils.translation import gettext_lazy as _

from analytics.public import Form, TableColumn, TableFilter, TableScope, extend_table
from recommender.models import OutcomePolicy, Risk
from recommender.worklist.rows import current_risks

TABLES = ("learners", "course-learners")
CHOICES = {"at": _("At risk"), "below": _("Not at risk"), "unknown": _("Risk not known")}


def risks_in(scope: TableScope) -> QuerySet[Risk]:
    """Current risks of the chosen course, else of the courses that the viewer may hear of."""
    rows = current_risks(scope.viewer.organisation).filter(risk_share__isnull=False)
    course, course_ids = dict(scope.values).get("course"), scope.viewer.course_ids
    if course:
        return rows.filter(enrolment__course=int(course))
    return rows if course_ids is None else rows.filter(enrolment__course__in=course_ids)


def largest_risk(scope: TableScope) -> Combinable:
    """Of the learner's enrolments that run, the one that is most at risk."""
    of_learner = risks_in(scope).filter(enrolment__learner=OuterRef("pk")).order_by()
    return Subquery(of_learner.values("enrolment__learner").annotate(most=Max("risk_share")).values("most"))


def with_risk(rows: QuerySet[Any], value: str, scope: TableScope) -> QuerySet[Any]:
    risks = risks_in(scope)
    if value == "unknown":
        return rows.exclude(pk__in=risks.values("enrolment__learner_id"))
    least = OutcomePolicy.of(scope.viewer.organisation).at_risk_share
    at_risk = risks.filter(risk_share__gte=least).values("enrolment__learner_id")
    if value == "at":
        return rows.filter(pk__in=at_risk)
    return rows.filter(pk__in=risks.values("enrolment__learner_id")).exclude(pk__in=at_risk)


COLUMN = TableColumn("risk_share", _("Risk"), Form.CHANCE, largest_risk)
FILTER = TableFilter("risk", _("Risk"), _("Any risk"), lambda scope: list(CHOICES.items()), with_risk)


def register() -> None:
    for table in TABLES:
        extend_table(table, [COLUMN], [FILTER], before="n_active_days")
