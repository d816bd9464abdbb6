"""Keys: made once, shown once, taken back for ever; by data administrators in person only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from analytics.models import ApiKey
from tests.asking import all_pages, post, told
from tests.cast import Cast

PATH = "/api/v1/keys/"


@pytest.fixture
def administrator(client_of: Callable[..., Client]) -> Client:
    return client_of("administrator")


def test_the_life_of_a_key(cast: Cast, administrator: Client) -> None:
    until = (timezone.now() + timedelta(days=1)).isoformat()
    wanted = {"name": "Moodle", "scopes": ["events:write", "events:read", "events:read"], "expires_at": until}
    response = post(administrator, PATH, wanted)
    assert response.status_code == 201, response.content
    made = response.json()
    assert made["scopes"] == ["events:read", "events:write"]
    assert made["created_by"] == "north-administrator"
    secret = made.pop("secret")
    caller = Client(headers={"Authorization": f"Bearer {secret}"})
    assert caller.get("/api/v1/me/").json()["name"] == "Moodle"
    (listed,) = all_pages(administrator, PATH)
    assert listed.pop("last_used_at")
    assert listed == {name: value for name, value in made.items() if name != "last_used_at"}
    assert secret not in str(listed)
    revoked = administrator.post(f"{PATH}{made['id']}/revoke/").json()
    assert revoked["revoked_at"]
    told(caller.get("/api/v1/me/"), 401)
    # Revoking again keeps the first instant.
    assert administrator.post(f"{PATH}{made['id']}/revoke/").json() == revoked


def test_no_key_makes_keys(api_client: Callable[..., Client]) -> None:
    told(post(api_client(), PATH, {"name": "more", "scopes": ["events:read"]}), 403)
    told(api_client().get(PATH), 403)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"scopes": []}, "/scopes"),
        ({"scopes": "events:read"}, "/scopes"),
        ({"scopes": ["all"]}, "/scopes/0"),
        ({"name": ""}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"name": None}, "/name"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "soon"}, "/expires_at"),
    ],
)
def test_wrong_keys(cast: Cast, administrator: Client, fields: dict[str, Any], pointer: str) -> None:
    problem = told(post(administrator, PATH, {"name": "x", "scopes": ["events:read"]} | fields), 400)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert not ApiKey.objects.exists()


def test_secrets_are_kept_as_a_quick_hash_only(cast: Cast, administrator: Client) -> None:
    """SHA-256 of 256 random bits: a slow hash would cost 100 ms on every request and add nothing."""
    secret = post(administrator, PATH, {"name": "x", "scopes": ["events:read"]}).json()["secret"]
    key = ApiKey.objects.get()
    assert len(key.hash) == 64
    assert secret.startswith(key.prefix)
    assert secret not in {str(value) for value in vars(key).values()}
