"""Learning tools: clients with an xAPI credential."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from django.test import Client

from analytics.models import Credential, XapiScope
from tests.cast import Cast

Tool = Callable[..., Client]


def basic(key: str, secret: str) -> str:
    return f"Basic {base64.b64encode(f'{key}:{secret}'.encode()).decode()}"


@pytest.fixture
def tool(cast: Cast) -> Tool:
    """`tool("state", version="1.0.3", organisation="south")`: sends credential and version with every request."""

    def with_credential(*scopes: str, version: str = "2.0.0", organisation: str = "north") -> Client:
        house = cast.house(organisation)
        given = list(scopes) or [XapiScope.ALL.value]
        made, secret = Credential.objects.issue(house.organisation, "tool", given, version=version)
        client = Client(headers={"Authorization": basic(made.key, secret), "X-Experience-API-Version": version})
        client.credential = made  # type: ignore[attr-defined]
        return client

    return with_credential
