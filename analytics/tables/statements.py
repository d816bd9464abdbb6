"""The tables of statements as they came in by xAPI, and of the identities of learners in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.models import Fate, LearnerIdentity, Role, Statement, VerbCount
from analytics.models import Scope as KeyScope
from analytics.models.masking import masks_learners
from analytics.tables.columns import Form, Scope, TableColumn, TableFilter, learner_name, when
from analytics.tables.table import Table
from analytics.xapi.scalars import last_word

MOST_VERBS = 200


@dataclass(frozen=True)
class Told:
    """What a statement says, in the words that a page shows."""

    actor: str
    verb: str
    about: str


def told(statement: Statement) -> Told:
    """Read from the document once a row, whichever columns ask."""
    known: Told | None = statement.__dict__.get("_told")
    if known is None:
        document = json.loads(statement.document)
        verb, about = document["verb"], document["object"]
        known = Told(
            actor=_("hidden") if masks_learners() else _actor(document["actor"]),
            verb=_words(verb.get("display", {})) or last_word(verb["id"]),
            about=_words(about.get("definition", {}).get("name", {})) or _about(about),
        )
        statement.__dict__["_told"] = known
    return known


def _actor(actor: dict[str, Any]) -> str:
    account = actor.get("account", {}).get("name")
    mail = str(actor.get("mbox", "")).removeprefix("mailto:")
    return str(actor.get("name") or account or mail or actor.get("openid") or actor.get("mbox_sha1sum") or _("a group"))


def _about(about: dict[str, Any]) -> str:
    return str(about["id"]) if "id" in about else str(about.get("objectType", ""))


def _words(language_map: dict[str, str]) -> str:
    english = (words for tag, words in language_map.items() if tag.lower().startswith("en"))
    return next(english, next(iter(language_map.values()), ""))


def _statements(scope: Scope) -> QuerySet[Statement]:
    return Statement.objects.filter(organisation=scope.viewer.organisation).select_related("fate")


def _verbs(scope: Scope) -> Sequence[tuple[str, str]]:
    counted = VerbCount.objects.filter(organisation=scope.viewer.organisation, n_statements__gt=0)
    verbs = counted.order_by("verb").values_list("verb", flat=True).distinct()[:MOST_VERBS]
    return [(verb, last_word(verb)) for verb in verbs]


def _fate(statement: Statement) -> str:
    fate = getattr(statement, "fate", None)
    return fate.fate if fate else "waiting"


@cache
def _fates() -> dict[str, Any]:
    return {**dict(Fate.choices), "waiting": gettext_lazy("Waiting")}


def _document(statement: Statement) -> str:
    return "" if masks_learners() else statement.document


STATEMENTS = Table(
    "statements",
    gettext_lazy("Statements"),
    "statement_list",
    rows=_statements,
    columns=[
        TableColumn("actor", gettext_lazy("Who"), value=lambda row: told(row).actor, is_sortable=False),
        TableColumn("verb", gettext_lazy("Verb"), value=lambda row: told(row).verb, is_sortable=False),
        TableColumn("about", gettext_lazy("On"), value=lambda row: told(row).about, is_long=True, is_sortable=False),
        TableColumn(
            "fate",
            gettext_lazy("Became"),
            value=_fate,
            choices=_fates,
            template="analytics/_fate_cell.html",
            is_sortable=False,
        ),
        when("stored_at", gettext_lazy("Stored"), is_never_null=True),
        TableColumn("uuid", gettext_lazy("Id"), Form.CODE, value=lambda row: str(row.uuid), is_shown=False),
        TableColumn(
            "document",
            gettext_lazy("Statement"),
            value=_document,
            template="analytics/_document_cell.html",
            is_sortable=False,
        ),
    ],
    order="-stored_at",
    filters=[
        TableFilter(
            "verb",
            gettext_lazy("Verb"),
            gettext_lazy("Any verb"),
            _verbs,
            lambda rows, value, scope: rows.filter(verb=value),
            admits=lambda value, scope: True,
        ),
    ],
    roles=(Role.ADMINISTRATOR,),
    key_scope=KeyScope.EVENTS_READ,
)


def _identities(scope: Scope) -> QuerySet[LearnerIdentity]:
    return LearnerIdentity.objects.filter(organisation=scope.viewer.organisation).select_related("learner")


def _called(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    return rows.filter(
        Q(key__icontains=text) | Q(learner__external_id__icontains=text) | Q(learner__name__icontains=text)
    )


IDENTITIES = Table(
    "identities",
    gettext_lazy("Identities"),
    "identity_list",
    rows=_identities,
    columns=[
        TableColumn(
            "name",
            gettext_lazy("Learner"),
            expression=learner_name("learner"),
            value=lambda row: str(row.learner),
            url=lambda row: reverse("learner_page", args=[row.learner_id]),
        ),
        TableColumn(
            "external_id",
            gettext_lazy("Id"),
            Form.CODE,
            lambda scope: F("learner__external_id"),
            value=lambda row: row.learner.shown_id,
        ),
        TableColumn(
            "key", gettext_lazy("Identity"), Form.CODE, value=lambda row: _("hidden") if masks_learners() else row.key
        ),
        when("created_at", gettext_lazy("First seen"), is_never_null=True),
    ],
    order="name",
    search=_called,
    search_label=gettext_lazy("Search identity, name or id"),
    roles=(Role.ADMINISTRATOR,),
    key_scope=KeyScope.LEARNERS_READ,
)
