"""What came in by xAPI: the statements, what their verbs mean here, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Sum
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from analytics.access import MemberRequest, roles_required, unmasked_required
from analytics.errors import InvalidInput
from analytics.imports.projector.exporting import statement_lines
from analytics.imports.projector.meanings import NO_EVENT, give_meaning, verbs_in_use
from analytics.imports.projector.vocabulary import last_word
from analytics.models import Credential, Fate, Organisation, Role, Statement, Verb, VerbCount
from analytics.web.paging import page_of
from analytics.words import full_stop, number

FATE_BADGES = {
    Fate.EVENT: "badge--ok",
    Fate.MERGED: "badge--ok",
    Fate.UNMAPPED: "badge--warn",
    Fate.REJECTED: "badge--bad",
}


@dataclass(frozen=True)
class StatementRow:
    """One statement as the page shows it."""

    statement: Statement
    document: str
    actor: str
    verb: str
    about: str
    fate: str
    badge: str


@roles_required(Role.ADMINISTRATOR)
def statement_list(request: MemberRequest) -> HttpResponse:
    organisation = request.member.organisation
    statements = Statement.objects.filter(organisation=organisation).order_by("-stored_at", "-id")
    verb = request.GET.get("verb", "")
    page = page_of(request, (statements.filter(verb=verb) if verb else statements).select_related("fate"))
    context: dict[str, Any] = {"page": page, "rows": rows_of(list(page)), "verb": verb, "answer": answer(organisation)}
    context |= {"verbs": verbs_in_use(organisation), "choices": [*Verb.choices, (NO_EVENT, _("no event"))]}
    context["has_credentials"] = Credential.objects.filter(organisation=organisation).exists()
    return render(request, "analytics/statement_list.html", context)


@roles_required(Role.ADMINISTRATOR)
@unmasked_required
def statement_export(request: MemberRequest) -> StreamingHttpResponse:
    """Everything that happened, as statements; events of files included."""
    lines = (f"{line}\n" for line in statement_lines(request.member.organisation))
    response = StreamingHttpResponse(lines, content_type="application/x-ndjson")
    name = f"{request.member.organisation.slug}-statements.jsonl"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_POST
@roles_required(Role.ADMINISTRATOR)
def verb_meaning(request: MemberRequest) -> HttpResponse:
    given = request.POST
    try:
        meant = give_meaning(
            request.member.organisation,
            given.get("verb", ""),
            given.get("activity_type", ""),
            given.get("meaning", ""),
            request.member,
        )
    except InvalidInput as error:
        messages.error(request, str(error))
    else:
        meaning = meant.get_meaning_display() or _("no event")
        sentence = _("“%(verb)s” now means “%(meaning)s”; the statements that are here follow within seconds.")
        messages.success(request, sentence % {"verb": last_word(meant.verb), "meaning": meaning})
    return redirect("statement_list")


def answer(organisation: Organisation) -> str:
    counts = VerbCount.objects.filter(organisation=organisation).values("fate").annotate(n=Sum("n_statements"))
    n_by_fate = {row["fate"]: row["n"] for row in counts}
    n_statements, n_unmapped = sum(n_by_fate.values()), n_by_fate.get(Fate.UNMAPPED, 0)
    if not n_statements:
        return _("No statement has come in yet.")
    n_events = n_by_fate.get(Fate.EVENT, 0) + n_by_fate.get(Fate.MERGED, 0)
    said = ngettext("%(n)s statement came in", "%(n)s statements came in", n_statements) % {"n": number(n_statements)}
    said += "; " + ngettext("%(n)s is an event", "%(n)s are events", n_events) % {"n": number(n_events)}
    if n_unmapped:
        words = ngettext("%(n)s waits for a meaning of its verb", "%(n)s wait for a meaning of their verb", n_unmapped)
        said += "; " + words % {"n": number(n_unmapped)}
    return full_stop(said)


def rows_of(statements: Sequence[Statement]) -> list[StatementRow]:
    return [_row(statement) for statement in statements]


def _row(statement: Statement) -> StatementRow:
    document = json.loads(statement.document)
    fate = getattr(statement, "fate", None)
    return StatementRow(
        statement=statement,
        document=json.dumps(document, indent=2, ensure_ascii=False),
        actor=_actor(document["actor"]),
        verb=_words(document["verb"].get("display", {})) or last_word(document["verb"]["id"]),
        about=_words(document["object"].get("definition", {}).get("name", {})) or _about(document["object"]),
        fate=fate.get_fate_display() if fate else _("Waiting"),
        badge=FATE_BADGES.get(Fate(fate.fate), "") if fate else "badge--info",
    )


def _actor(actor: dict[str, Any]) -> str:
    account = actor.get("account", {}).get("name")
    mail = str(actor.get("mbox", "")).removeprefix("mailto:")
    return str(actor.get("name") or account or mail or actor.get("openid") or actor.get("mbox_sha1sum") or _("a group"))


def _about(about: dict[str, Any]) -> str:
    return str(about["id"]) if "id" in about else str(about.get("objectType", ""))


def _words(language_map: dict[str, str]) -> str:
    english = (words for tag, words in language_map.items() if tag.lower().startswith("en"))
    return next(english, next(iter(language_map.values()), ""))
