"""What the store tells of agents and activities."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from django.test import Client

from analytics.models import Learner, LearnerIdentity
from tests.analytics.api.xapi.conftest import Tool
from tests.cast import Cast

ANA = {"account": {"homePage": "https://lms.example.org", "name": "ana"}}
VIDEO = "https://lms.example.org/video"


def send(client: Client, name: dict[str, str], **definition: Any) -> None:
    statement = {
        "id": str(uuid4()),
        "actor": ANA,
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": VIDEO, "definition": {"name": name} | definition},
    }
    response = client.post("/xapi/statements", json.dumps(statement), "application/json")
    assert response.status_code == 200, response.content


def test_an_activity_is_all_that_statements_told_of_it(tool: Tool) -> None:
    client = tool()
    send(client, {"en": "Meeting"}, type="http://adlnet.gov/expapi/activities/meeting")
    send(client, {"fr": "Réunion"})
    found = client.get("/xapi/activities", {"activityId": VIDEO}).json()
    assert found["definition"]["name"] == {"en": "Meeting", "fr": "Réunion"}
    assert found["definition"]["type"] == "http://adlnet.gov/expapi/activities/meeting"
    assert tool(organisation="south").get("/xapi/activities", {"activityId": VIDEO}).json() == {
        "objectType": "Activity",
        "id": VIDEO,
    }


def test_a_person_has_all_identities_of_the_learner(cast: Cast, tool: Tool) -> None:
    mail = {"mbox": "mailto:ana@example.org"}
    learner = Learner.objects.create(organisation=cast.north.organisation, external_id="ana", name="Ana")
    for agent, key in ((ANA, "account:https://lms.example.org ana"), (mail, "mbox:mailto:ana@example.org")):
        LearnerIdentity.objects.create(organisation=learner.organisation, learner=learner, key=key, agent=agent)
    found = tool().get("/xapi/agents", {"agent": json.dumps(mail | {"name": "A."})}).json()
    assert found == {
        "objectType": "Person",
        "name": ["A.", "Ana"],
        "mbox": ["mailto:ana@example.org"],
        "account": [ANA["account"]],
    }
    stranger = tool(organisation="south").get("/xapi/agents", {"agent": json.dumps(mail)}).json()
    assert stranger == {"objectType": "Person", "mbox": ["mailto:ana@example.org"]}


def test_what_is_refused(tool: Tool) -> None:
    client = tool()
    for path, parameters in (
        ("/xapi/activities", {}),
        ("/xapi/activities", {"activityId": "x"}),
        ("/xapi/activities", {"activityid": VIDEO}),
        ("/xapi/agents", {}),
        ("/xapi/agents", {"agent": "{}"}),
        ("/xapi/agents", {"agent": json.dumps(ANA), "since": "x"}),
    ):
        assert client.get(path, parameters).status_code == 400
    assert client.post("/xapi/agents").status_code == 405
    assert tool("statements/write").get("/xapi/agents", {"agent": json.dumps(ANA)}).status_code == 403
    assert client.head("/xapi/agents", {"agent": json.dumps(ANA)}).content == b""
