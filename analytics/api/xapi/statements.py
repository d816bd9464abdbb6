"""The statements resource: 2.0.0 section 4.1.6.1, 1.0.3 Communication 2.1."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from analytics.api.xapi.ask import Ask
from analytics.api.xapi.endpoint import Endpoint
from analytics.lrs.consistency import consistent_through, lately_consistent_through
from analytics.lrs.errors import NotFound, parsing
from analytics.lrs.parcels import Parcel, open_parcel
from analytics.lrs.queries import PARAMETERS, StatementQuery, query_of, read_query, token_of
from analytics.lrs.results import result, with_attachments, written
from analytics.lrs.search import Found, Reader, find_one, find_page
from analytics.lrs.store import Source, store
from analytics.models import XapiScope
from analytics.xapi.scalars import format_instant, parse_uuid

CONSISTENT = "X-Experience-API-Consistent-Through"
READING = (XapiScope.STATEMENTS_READ, XapiScope.STATEMENTS_READ_MINE)


@method_decorator(csrf_exempt, name="dispatch")
class StatementsEndpoint(Endpoint):
    """Every answer, also an error, says up to when it is complete."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer = super().dispatch(request, *args, **kwargs)
        if CONSISTENT not in answer.headers:
            credential = getattr(request, "credential", None)
            at = lately_consistent_through(credential.organisation_id) if credential else timezone.now()
            answer[CONSISTENT] = format_instant(at)
        return answer


class Statements(StatementsEndpoint):
    parameters: ClassVar = {"GET": tuple(PARAMETERS), "PUT": ("statementId",), "POST": ()}
    scopes: ClassVar = {
        "GET": READING,
        "PUT": (XapiScope.STATEMENTS_WRITE,),
        "POST": (XapiScope.STATEMENTS_WRITE,),
    }

    def ask_get(self, ask: Ask) -> HttpResponseBase:
        return answer_query(ask, read_query(ask.parameters))

    def ask_post(self, ask: Ask) -> HttpResponseBase:
        parcel = _parcel(ask, None)
        store(parcel, _source(ask))
        return JsonResponse([str(one.uuid) for one in parcel.statements], safe=False)

    def ask_put(self, ask: Ask) -> HttpResponseBase:
        with parsing("statementId"):
            statement_id = parse_uuid(ask.parameters.get("statementId"))
        store(_parcel(ask, statement_id), _source(ask))
        return HttpResponse(status=204)


class MoreStatements(StatementsEndpoint):
    """Where the `more` of a result leads."""

    parameters: ClassVar = {"GET": ()}
    scopes: ClassVar = {"GET": READING}

    def ask_get(self, ask: Ask) -> HttpResponseBase:
        return answer_query(ask, query_of(self.kwargs["token"]))


def _source(ask: Ask) -> Source:
    return Source(ask.credential.organisation_id, credential_id=ask.credential.pk)


def _parcel(ask: Ask, statement_id: UUID | None) -> Parcel:
    body = ask.read(settings.NEURALINK_STATEMENTS_BYTES)
    return open_parcel(ask.content_type, body, ask.version.value, ask.credential.authority, statement_id)


def answer_query(ask: Ask, query: StatementQuery) -> HttpResponseBase:
    """One statement, or a page of them."""
    credential = ask.credential
    organisation_id = credential.organisation_id
    sees_all = credential.admits(XapiScope.STATEMENTS_READ)
    reader = Reader(organisation_id, None if sees_all else credential.pk)
    through = consistent_through(organisation_id)  # before the search, which then finds all of it
    found, more = _search(reader, query)
    texts = written(organisation_id, found, query.format, ask.headers.get("Accept-Language") or "")
    is_single = query.statement_id is not None or query.voided_statement_id is not None
    answer = _response(organisation_id, query, found, texts[0] if is_single else result(texts, more))
    answer[CONSISTENT] = format_instant(through)
    if found:
        answer["Last-Modified"] = http_date(max(one.stored_at for one in found).timestamp())
    return answer


def _search(reader: Reader, query: StatementQuery) -> tuple[Sequence[Found], str]:
    """What was found, and the address of what follows it."""
    uuid = query.statement_id or query.voided_statement_id
    if uuid is not None:
        found = find_one(reader, uuid, is_voided=query.statement_id is None)
        if found is None:
            raise NotFound(_("There is no such statement, or it is voided and was asked for as one that is not."))
        return [found], ""
    page = find_page(reader, query)
    more = reverse("xapi_more", args=[token_of(query, page.next_place)]) if page.next_place else ""
    return page.statements, more


def _response(organisation_id: int, query: StatementQuery, found: Sequence[Found], text: str) -> HttpResponseBase:
    if not query.attachments:
        return HttpResponse(text, content_type="application/json")
    boundary = secrets.token_hex(16)
    return StreamingHttpResponse(
        with_attachments(organisation_id, found, text, boundary),
        content_type=f"multipart/mixed; boundary={boundary}",  # no quotes: tincanjs takes them for a part of it
    )
