"""The table of imports."""

from __future__ import annotations

from typing import Any

from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable
from django.urls import reverse
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
