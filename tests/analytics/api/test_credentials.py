"""Credentials of tools and the export of statements, through the API."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.test import Client

from analytics.models import Credential
from tests.analytics.api.xapi.conftest import basic
from tests.asking import all_pages, post, told
from tests.cast import Cast

PATH = "/api/v1/credentials/"


@pytest.fixture
def administrator(client_of: Callable[..., Client]) -> Client:
    return client_of("administrator")


def test_the_life_of_a_credential(administrator: Client) -> None:
    made = post(administrator, PATH, {"name": "Moodle", "scopes": ["state", "all"], "version": "1.0.3"}).json()
    secret = made.pop("secret")
    tool = Client(headers={"Authorization": basic(made["key"], secret), "X-Experience-API-Version": "1.0.3"})
    assert tool.get("/xapi/statements").status_code == 200
    (listed,) = all_pages(administrator, PATH)
    assert (listed["scopes"], listed["version"], "secret" in listed) == (["all", "state"], "1.0.3", False)
    assert administrator.post(f"{PATH}{made['id']}/revoke/").json()["revoked_at"]
    assert tool.get("/xapi/statements").status_code == 401


@pytest.mark.parametrize(
    "body", [{}, {"name": "a", "scopes": []}, {"name": "a", "scopes": ["x"]}, {"name": "a", "scopes": ["all"], "x": 1},
             {"name": "a", "scopes": ["all"], "version": "3"},
             {"name": "a", "scopes": ["all"], "expires_at": "2001-01-01T00:00:00Z"}]
)  # fmt: skip
def test_bodies_that_are_refused(administrator: Client, body: dict) -> None:
    assert told(post(administrator, PATH, body), 400)["errors"]


def test_who_may(
    cast: Cast, client_of: Callable[..., Client], api_client: Callable[..., Client], administrator: Client
) -> None:
    theirs = Credential.objects.issue(cast.south.organisation, "Moodle", ["all"])[0]
    told(administrator.post(f"{PATH}{theirs.pk}/revoke/"), 404)
    for client in (client_of("model_owner"), api_client()):
        told(client.get(PATH), 403)
    told(client_of("instructor").get("/api/v1/statements/"), 403)
    told(api_client("learners:read").get("/api/v1/statements/"), 403)


def test_the_export(cast: Cast, api_client: Callable[..., Client]) -> None:
    client = api_client("events:read")
    response = client.get("/api/v1/statements/")
    lines = b"".join(response.streaming_content).splitlines()
    assert len([json.loads(line) for line in lines]) == len(cast.north.events)
    nothing = client.get("/api/v1/statements/", {"until": "2001-01-01T00:00:00Z"})
    assert b"".join(nothing.streaming_content) == b""
    assert told(client.get("/api/v1/statements/", {"since": "x"}), 400)["errors"][0]["parameter"] == "since"
