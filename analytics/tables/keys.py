"""The tables of what programs come in with: keys of the API, and credentials of learning tools."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, QuerySet, TextField, Value, When
from django.db.models.expressions import Combinable
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.models import ApiKey, Credential, Role
from analytics.tables.columns import Form, Scope, TableColumn, when, who
from analytics.tables.table import Table

STATES: dict[str, str | Promise] = {"valid": _("valid"), "expired": _("expired"), "revoked": _("revoked")}


def _keys(scope: Scope) -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(organisation=scope.viewer.organisation)


def _credentials(scope: Scope) -> QuerySet[Credential]:
    return Credential.objects.filter(organisation=scope.viewer.organisation)


def _state(_scope: Scope) -> Combinable:
    return Case(
        When(revoked_at__isnull=False, then=Value("revoked")),
        When(expires_at__lt=timezone.now(), then=Value("expired")),
        default=Value("valid"),
        output_field=TextField(),
    )


def _scopes(row: Any) -> str:
    return ", ".join(row.scopes)


def _state_column(template: str) -> TableColumn:
    return TableColumn("state", _("State"), expression=_state, choices=lambda: STATES, template=template)


API_KEYS = Table(
    "api-keys",
    _("API keys"),
    "key_list",
    rows=_keys,
    columns=[
        TableColumn("name", _("Name")),
        TableColumn("prefix", _("Begins with"), Form.CODE, value=lambda key: f"{key.prefix}…"),
        TableColumn("scopes", _("May"), value=_scopes, is_long=True, is_sortable=False),
        when("last_used_at", _("Last used")),
        TableColumn("expires_at", _("Ends"), Form.DAY),
        who("created_by", _("Made by")),
        when("created_at", _("Made"), is_never_null=True),
        _state_column("analytics/_key_state_cell.html"),
    ],
    order="-created_at",
    roles=(Role.ADMINISTRATOR,),
    key_scope=None,
)
CREDENTIALS = Table(
    "credentials",
    _("Credentials of tools"),
    "credential_list",
    rows=_credentials,
    columns=[
        TableColumn("name", _("Name")),
        TableColumn("key", _("Key"), Form.CODE),
        TableColumn("version", _("Version")),
        TableColumn("scopes", _("May"), value=_scopes, is_long=True, is_sortable=False),
        when("last_used_at", _("Last used")),
        TableColumn("expires_at", _("Ends"), Form.DAY, is_shown=False),
        who("created_by", _("Made by")),
        when("created_at", _("Made"), is_never_null=True),
        _state_column("analytics/_credential_state_cell.html"),
    ],
    order="-created_at",
    roles=(Role.ADMINISTRATOR,),
    key_scope=None,
)
