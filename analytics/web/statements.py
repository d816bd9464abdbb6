"""What came in by xAPI: the statements, what their verbs mean here, and what became of them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Sum
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from analytics.access import MemberRequest, roles_required, unmasked_required
from analytics.errors import InvalidInput
from analytics.imports.projector.exporting import statement_lines
from analytics.imports.projector.meanings import NO_EVENT, give_meaning, verbs_in_use
from analytics.models import Credential, Fate, Organisation, Role, Verb, VerbCount
from analytics.tables.page import list_page
from analytics.words import full_stop, number
from analytics.xapi.scalars import last_word


@roles_required(Role.ADMINISTRATOR)
def statement_list(request: MemberRequest) -> HttpResponse:
    organisation = request.member.organisation

    def context() -> dict[str, Any]:
        return {
            "answer": answer(organisation),
            "verbs": verbs_in_use(organisation),
            "choices": [*Verb.choices, (NO_EVENT, _("no event"))],
            "has_credentials": Credential.objects.filter(organisation=organisation).exists(),
        }

    return list_page(request, "statements", "analytics/statement_list.html", context)


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
