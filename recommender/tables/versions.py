"""The tables of versions, and of the log of promotions."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, F, QuerySet, TextField, Value, When
from django.db.models.expressions import Combinable
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.public import Form, Scope, Table, TableColumn, TableFilter, TableScope, when, who
from recommender.models import Promotion, PromotionAction, Version
from recommender.tables.runs import ALGORITHM, KIND, MODEL_ROLES, figure, number_column, recommends

ACTIONS: dict[str, str | Promise] = {
    PromotionAction.PROMOTE: gettext_lazy("Put into use"),
    PromotionAction.ROLL_BACK: gettext_lazy("Rolled back"),
}
USES: dict[str, str | Promise] = {"now": gettext_lazy("in use"), "not": gettext_lazy("not in use")}


def _versions(scope: TableScope) -> QuerySet[Version]:
    rows = Version.objects.filter(organisation=scope.viewer.organisation)
    return rows.select_related("course", "run").defer("run__curve", "run__log")


def _use(scope: TableScope) -> Combinable:
    """The latest promotion of each scope says what serves there."""
    log = Promotion.objects.filter(organisation=scope.viewer.organisation)
    latest = log.order_by("kind", "course_id", "-id").distinct("kind", "course_id").values("id")
    serving = log.filter(pk__in=latest).values("version_id")
    return Case(When(pk__in=serving, then=Value("now")), default=Value("not"), output_field=TextField())


def _by_use(rows: QuerySet[Any], value: str, scope: TableScope) -> QuerySet[Any]:
    answer: QuerySet[Any] = rows.alias(_use=_use(scope)).filter(_use=value)
    return answer


VERSIONS = Table(
    "versions",
    gettext_lazy("Versions"),
    "version_list",
    rows=_versions,
    columns=[
        number_column(gettext_lazy("Version"), "version_page", "version"),
        TableColumn(
            "use",
            gettext_lazy("In use"),
            expression=_use,
            choices=lambda: USES,
            template="recommender/_use_cell.html",
        ),
        recommends(),
        figure("figure", gettext_lazy("NDCG@10"), "metrics"),
        figure("baseline", gettext_lazy("Popularity"), "run__baseline_metrics"),
        TableColumn(
            "run_name",
            gettext_lazy("Run"),
            expression=lambda scope: F("run_id"),
            value=lambda version: str(version.run),
            url=lambda version: reverse("run_page", args=[version.run_id]),
        ),
        when("created_at", gettext_lazy("Made"), is_never_null=True),
        TableColumn("n_bytes", gettext_lazy("Size"), Form.BYTES),
    ],
    order="-version",
    filters=[
        TableFilter(
            "use", gettext_lazy("In use"), gettext_lazy("In use or not"), lambda scope: list(USES.items()), _by_use
        ),
        ALGORITHM,
        KIND,
    ],
    roles=MODEL_ROLES,
    key_scope=Scope.VERSIONS_WRITE,
)


def _promotions(scope: TableScope) -> QuerySet[Promotion]:
    rows = Promotion.objects.filter(organisation=scope.viewer.organisation)
    return rows.select_related("version", "previous", "course")


def _previous(promotion: Promotion) -> str:
    return str(promotion.previous) if promotion.previous else _("popularity")


def _previous_page(promotion: Promotion) -> str:
    return reverse("version_page", args=[promotion.previous_id]) if promotion.previous_id else ""


PROMOTIONS = Table(
    "promotions",
    gettext_lazy("Log of promotions"),
    "promotion_list",
    rows=_promotions,
    columns=[
        TableColumn(
            "version_name",
            gettext_lazy("Version"),
            expression=lambda scope: F("version__number"),
            value=lambda promotion: str(promotion.version),
            url=lambda promotion: reverse("version_page", args=[promotion.version_id]),
        ),
        TableColumn("action", gettext_lazy("What"), choices=lambda: ACTIONS, template="recommender/_action_cell.html"),
        recommends(),
        TableColumn(
            "previous_name",
            gettext_lazy("Instead of"),
            expression=lambda scope: F("previous__number"),
            value=_previous,
            url=_previous_page,
        ),
        who("by", gettext_lazy("By")),
        TableColumn("why", gettext_lazy("Why"), is_long=True),
        when("at", gettext_lazy("When"), is_never_null=True),
    ],
    order="-at",
    filters=[
        TableFilter(
            "action",
            gettext_lazy("What"),
            gettext_lazy("Whatever was done"),
            lambda scope: list(ACTIONS.items()),
            lambda rows, value, scope: rows.filter(action=value),
        ),
        KIND,
    ],
    roles=MODEL_ROLES,
    key_scope=Scope.VERSIONS_WRITE,
)
