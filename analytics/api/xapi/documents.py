"""State, activity profile and agent profile: one endpoint, three descriptions."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.utils.http import http_date
from django.utils.translation import gettext as _

from analytics.api.xapi.ask import Ask
from analytics.api.xapi.endpoint import Endpoint
from analytics.lrs import documents
from analytics.lrs.documents import Guard, Shelf
from analytics.lrs.errors import InvalidParameter, parsing
from analytics.models import DocumentKind, XapiScope, XapiVersion
from analytics.xapi.agents import check_actor, identity_key
from analytics.xapi.json_text import parse_json
from analytics.xapi.scalars import check_iri, parse_timestamp, parse_uuid

ID_CHARACTERS = 500
IRI_CHARACTERS = 4000
WRITING = ("PUT", "POST", "DELETE")


class DocumentEndpoint(Endpoint):
    """What the document resources have in common (1.0.3 Communication 2.2, 2.0.0 section 4.1.6)."""

    kind: ClassVar[DocumentKind]
    id_name: ClassVar[str]
    about: ClassVar[tuple[str, ...]]
    """The parameters that say what the documents are about; each is required."""
    deletes_many: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        scope = XapiScope.STATE if cls.kind == DocumentKind.STATE else XapiScope.PROFILE
        names = {*cls.about, cls.id_name, *(["registration"] if cls.kind == DocumentKind.STATE else [])}
        cls.scopes = dict.fromkeys(("GET", *WRITING), (scope,))
        cls.parameters = {"GET": names | {"since"}} | dict.fromkeys(WRITING, names)

    def ask_get(self, ask: Ask) -> HttpResponse:
        shelf, since = self.shelf(ask), ask.parameters.get("since")
        with parsing("since"):
            later_than = parse_timestamp(since) if since is not None else None
        if self.id_name not in ask.parameters:
            return JsonResponse(documents.ids(shelf, later_than), safe=False)
        found = documents.get(shelf, self.document_id(ask))
        headers = {"ETag": f'"{found.etag}"', "Last-Modified": http_date(found.updated_at.timestamp())}
        # Whoever opens it in a browser shall not run what somebody else has stored on this site.
        headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
        return HttpResponse(bytes(found.content), content_type=found.content_type, headers=headers)

    def ask_put(self, ask: Ask) -> HttpResponse:
        content = ask.read(settings.NEURALINK_DOCUMENT_BYTES)
        documents.put(self.shelf(ask), self.document_id(ask), content, ask.content_type, self.guard(ask, is_put=True))
        return HttpResponse(status=204)

    def ask_post(self, ask: Ask) -> HttpResponse:
        content = ask.read(settings.NEURALINK_DOCUMENT_BYTES)
        documents.post(self.shelf(ask), self.document_id(ask), content, ask.content_type, self.guard(ask))
        return HttpResponse(status=204)

    def ask_delete(self, ask: Ask) -> HttpResponse:
        if self.deletes_many and self.id_name not in ask.parameters:
            documents.delete_all(self.shelf(ask))
        else:
            documents.delete(self.shelf(ask), self.document_id(ask), self.guard(ask))
        return HttpResponse(status=204)

    def shelf(self, ask: Ask) -> Shelf:
        return Shelf(
            ask.credential.organisation_id,
            self.kind,
            activity_of(ask) if "activityId" in self.about else "",
            agent_of(ask) if "agent" in self.about else "",
            registration_of(ask),
        )

    def document_id(self, ask: Ask) -> str:
        found = required(ask, self.id_name)
        if len(found) > ID_CHARACTERS or "\0" in found:
            sentence = _("%(name)s must be a text of at most %(most)d characters.")
            raise InvalidParameter(self.id_name, sentence % {"name": self.id_name, "most": ID_CHARACTERS})
        return found

    def guard(self, ask: Ask, is_put: bool = False) -> Guard:
        """1.0.3 lets states be overwritten blindly (Communication 3.1), 2.0.0 nothing (section 4.1.4).

        ADL's conformance suite for 1.0.3 (XAPI-00273, XAPI-00293) wants one of the headers with the first PUT of a
        profile too.
        """
        is_two, is_profile = ask.version == XapiVersion.TWO, self.kind != DocumentKind.STATE
        return Guard(
            ask.headers.get("If-Match"),
            ask.headers.get("If-None-Match"),
            must_believe=is_put and (is_two or is_profile),
            must_always_believe=is_put and is_profile and not is_two,
        )


class State(DocumentEndpoint):
    """1.0.3 Communication 2.3, 2.0.0 section 4.1.6.2."""

    kind, id_name, about, deletes_many = DocumentKind.STATE, "stateId", ("activityId", "agent"), True


class ActivityProfile(DocumentEndpoint):
    """1.0.3 Communication 2.7, 2.0.0 section 4.1.6.6."""

    kind, id_name, about = DocumentKind.ACTIVITY_PROFILE, "profileId", ("activityId",)


class AgentProfile(DocumentEndpoint):
    """1.0.3 Communication 2.6, 2.0.0 section 4.1.6.5."""

    kind, id_name, about = DocumentKind.AGENT_PROFILE, "profileId", ("agent",)


def required(ask: Ask, name: str) -> str:
    if not ask.parameters.get(name):
        raise InvalidParameter(name, _("The parameter %s is missing.") % name)
    return ask.parameters[name]


def activity_of(ask: Ask) -> str:
    activity = required(ask, "activityId")
    with parsing("activityId"):
        check_iri(activity)
    if len(activity) > IRI_CHARACTERS:
        sentence = _("activityId is longer than %d characters.") % IRI_CHARACTERS
        raise InvalidParameter("activityId", sentence)
    return activity


def parsed_agent(ask: Ask) -> dict[str, Any]:
    with parsing("agent"):
        actor = parse_json(required(ask, "agent"), documents.MOST_LEVELS)
        check_actor(actor)
    return dict(actor)


def agent_of(ask: Ask) -> str:
    """The identity key of the agent, or identified group, in the parameter."""
    key = identity_key(parsed_agent(ask))
    if key is None:
        raise InvalidParameter("agent", _("agent is an anonymous group; it must have mbox, account or the like."))
    return key


def registration_of(ask: Ask) -> UUID | None:
    if "registration" not in ask.parameters:
        return None
    with parsing("registration"):
        return parse_uuid(ask.parameters["registration"])
