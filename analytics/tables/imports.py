"""The table of imports."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, F, QuerySet, TextField, Value, When
from django.db.models.expressions import Combinable
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.models import Import, JobState, Role
from analytics.models import Scope as KeyScope
from analytics.tables.columns import Form, Scope, TableColumn, field_filter, when, who
from analytics.tables.table import Table


def _imports(scope: Scope) -> QuerySet[Import]:
    return Import.objects.filter(organisation=scope.viewer.organisation).defer("checkpoint", "options")


def _named(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    return rows.filter(source_name__icontains=text)


def took(label: str | Any) -> TableColumn:
    """How long a job took, or has been at it."""

    def between(scope: Scope) -> Combinable:
        return F("finished_at") - F("started_at")

    return TableColumn("took_seconds", label, Form.SECONDS, between, value=lambda job: job.duration_seconds)


STANDS: dict[str, str | Promise] = {"yes": _("yes"), "dry_run": _("Dry run"), "rolled_back": _("Rolled back")}


def _stands(scope: Scope) -> Combinable:
    """Whether what the import accepted is there; nothing where it accepted nothing."""
    return Case(
        When(is_dry_run=True, then=Value("dry_run")),
        When(rolled_back_at__isnull=False, then=Value("rolled_back")),
        When(n_accepted__gt=0, then=Value("yes")),
        default=Value(""),
        output_field=TextField(),
    )


IMPORTS = Table(
    "imports",
    _("Imports"),
    "import_list",
    rows=_imports,
    columns=[
        TableColumn("source_name", _("Source"), url=lambda row: reverse("import_page", args=[row.pk])),
        TableColumn(
            "state",
            _("State"),
            choices=lambda: dict(JobState.choices),
            template="analytics/_import_state_cell.html",
        ),
        TableColumn(
            "stands",
            _("In the data"),
            expression=_stands,
            choices=lambda: STANDS,
            template="analytics/_import_stands_cell.html",
        ),
        TableColumn("format", _("Format")),
        TableColumn("n_read", _("Read"), Form.COUNT),
        TableColumn("n_accepted", _("Accepted"), Form.COUNT),
        TableColumn("n_repaired", _("Repaired"), Form.COUNT, is_shown=False),
        TableColumn("n_merged", _("Merged"), Form.COUNT),
        TableColumn("n_rejected", _("Rejected"), Form.COUNT, template="analytics/_bad_count_cell.html"),
        who("requested_by", _("By")),
        when("created_at", _("When"), is_never_null=True),
        took(_("Took")),
    ],
    order="-created_at",
    filters=[field_filter("state", _("State"), _("Any state"), JobState.choices)],
    search=_named,
    search_label=_("Search sources"),
    roles=(Role.ADMINISTRATOR, Role.MODEL_OWNER),
    key_scope=KeyScope.IMPORTS_WRITE,
)
