"""What the store knows of an agent, and of an activity."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, JsonResponse

from analytics.api.xapi.ask import Ask
from analytics.api.xapi.documents import activity_of, parsed_agent
from analytics.api.xapi.endpoint import Endpoint
from analytics.lrs.definitions import definitions_of
from analytics.lrs.people import person
from analytics.models import XapiScope
from analytics.xapi.mentions import activity_key

READING = (XapiScope.STATEMENTS_READ, XapiScope.PROFILE)


class Agents(Endpoint):
    """1.0.3 Communication 2.4, 2.0.0 section 4.1.6.3."""

    parameters = {"GET": {"agent"}}
    scopes = {"GET": READING}

    def ask_get(self, ask: Ask) -> HttpResponse:
        return JsonResponse(person(ask.credential.organisation_id, parsed_agent(ask)))


class Activities(Endpoint):
    """1.0.3 Communication 2.5, 2.0.0 section 4.1.6.4: an activity that nobody ever mentioned has an id all the same."""

    parameters = {"GET": {"activityId"}}
    scopes = {"GET": (*READING, XapiScope.STATE)}

    def ask_get(self, ask: Ask) -> HttpResponse:
        activity = activity_of(ask)
        key = activity_key(activity)
        definition = definitions_of(ask.credential.organisation_id, [key]).get(key)
        answer: dict[str, Any] = {"objectType": "Activity", "id": activity}
        return JsonResponse(answer | ({"definition": definition} if definition else {}))
