"""The tables of runs and of searches, and the columns that versions have like them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Count, F, FloatField, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.public import (
    Form,
    JobState,
    Role,
    Scope,
    Table,
    TableColumn,
    TableFilter,
    TableScope,
    field_filter,
    took,
    when,
    who,
)
from recommender.algorithms.catalogue import ALGORITHMS
from recommender.models import Run, Search, TargetKind
from recommender.outcomes.catalogue import PREDICTORS

MODEL_ROLES = (Role.ADMINISTRATOR, Role.MODEL_OWNER)


def scope_words(target: Any) -> str:
    """What a run, version or promotion is for, as pages say it."""
    if target.kind == TargetKind.OUTCOME:
        return _("Outcomes: who needs help")
    if target.kind == TargetKind.COURSE:
        return _("Courses")
    return _("Activities of %(course)s") % {"course": target.course} if target.course else _("Activities")


def headline(metrics: dict[str, Any]) -> float | None:
    """The measure that decides: ROC-AUC of a predictor, NDCG@10 of a recommender."""
    found: float | None = metrics.get("roc_auc", metrics.get("ndcg_10"))
    return found


def headline_of(path: str) -> Callable[[TableScope], Combinable]:
    def expression(scope: TableScope) -> Combinable:
        return Cast(Coalesce(KeyTextTransform("roc_auc", path), KeyTextTransform("ndcg_10", path)), FloatField())

    return expression


def figure(name: str, label: str | Promise, path: str) -> TableColumn:
    """The headline measure, to order by; the cell says which it is."""

    def value(row: Any) -> float | None:
        target = row
        *steps, field = path.split("__")
        for step in steps:
            target = getattr(target, step)
        return headline(getattr(target, field))

    template = "recommender/_figure_cell.html"
    return TableColumn(name, label, Form.FIGURE, headline_of(path), value=value, template=template)


def recommends() -> TableColumn:
    return TableColumn("kind", gettext_lazy("Recommends"), value=scope_words)


def _page_of(name: str) -> Callable[[Any], str]:
    return lambda row: reverse(name, args=[row.pk])


def number_column(label: str | Promise, page: str, name: str) -> TableColumn:
    """The row by its name, in the order in which rows came."""
    return TableColumn(name, label, expression=lambda scope: F("pk"), value=str, url=_page_of(page))


def _algorithms(scope: TableScope) -> list[tuple[str, str]]:
    return [(name, name) for name in (*ALGORITHMS, *PREDICTORS)]


def _of_algorithm(rows: QuerySet[Any], value: str, scope: TableScope) -> QuerySet[Any]:
    return rows.filter(algorithm=value)


ALGORITHM = TableFilter(
    "algorithm", gettext_lazy("Algorithm"), gettext_lazy("Any algorithm"), _algorithms, _of_algorithm
)
KIND = field_filter("kind", gettext_lazy("Recommends"), gettext_lazy("For anything"), TargetKind.choices)
STATE = field_filter("state", gettext_lazy("State"), gettext_lazy("Any state"), JobState.choices)


def _state() -> TableColumn:
    return TableColumn(
        "state",
        gettext_lazy("State"),
        choices=lambda: dict(JobState.choices),
        template="recommender/_state_cell.html",
    )


def _runs(scope: TableScope) -> QuerySet[Run]:
    """Those that somebody or a rule started: trials stand on the page of their search."""
    rows = Run.objects.filter(organisation=scope.viewer.organisation, search=None)
    return rows.select_related("course", "version").defer("curve", "log")


def _version_of(run: Run) -> str:
    version = getattr(run, "version", None)
    return f"v{version.number}" if version else ""


def _version_page(run: Run) -> str:
    version = getattr(run, "version", None)
    return reverse("version_page", args=[version.pk]) if version else ""


RUNS = Table(
    "runs",
    gettext_lazy("Runs"),
    "run_list",
    rows=_runs,
    columns=[
        number_column(gettext_lazy("Run"), "run_page", "run"),
        _state(),
        recommends(),
        figure("figure", gettext_lazy("NDCG@10"), "metrics"),
        figure("baseline", gettext_lazy("Popularity"), "baseline_metrics"),
        TableColumn(
            "version_number",
            gettext_lazy("Version"),
            expression=lambda scope: F("version__number"),
            value=_version_of,
            url=_version_page,
        ),
        who("requested_by", gettext_lazy("Started by")),
        TableColumn("why", gettext_lazy("Why"), is_long=True, is_sortable=False, is_shown=False),
        when("created_at", gettext_lazy("When"), is_never_null=True),
        took(gettext_lazy("Took")),
    ],
    order="-created_at",
    filters=[STATE, ALGORITHM, KIND],
    roles=MODEL_ROLES,
    key_scope=Scope.RUNS_WRITE,
)


def _searches(scope: TableScope) -> QuerySet[Search]:
    return Search.objects.filter(organisation=scope.viewer.organisation).select_related("course")


SEARCHES = Table(
    "searches",
    gettext_lazy("Searches for parameters"),
    "search_list",
    rows=_searches,
    columns=[
        number_column(gettext_lazy("Search"), "search_page", "search"),
        _state(),
        recommends(),
        TableColumn("n_trials", gettext_lazy("Trials"), Form.COUNT, lambda scope: Count("trials")),
        TableColumn(
            "found",
            gettext_lazy("Found"),
            value=lambda search: search.verdict or search.error or search.progress_text,
            is_long=True,
            is_sortable=False,
        ),
        who("requested_by", gettext_lazy("Started by")),
        when("created_at", gettext_lazy("When"), is_never_null=True),
        took(gettext_lazy("Took")),
    ],
    order="-created_at",
    filters=[STATE, ALGORITHM],
    roles=MODEL_ROLES,
    key_scope=Scope.RUNS_WRITE,
)
