"""States and profiles: kept as they came, merged, guarded, and nobody else's."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client

from analytics.models import Credential, Document, Organisation
from tests.analytics.api.xapi.conftest import Tool, basic

ANA = {"account": {"homePage": "https://lms.example.org", "name": "ana"}}
COURSE = "https://lms.example.org/course"
SHELVES = {
    "/xapi/activities/state": {"activityId": COURSE, "agent": json.dumps(ANA)},
    "/xapi/activities/profile": {"activityId": COURSE},
    "/xapi/agents/profile": {"agent": json.dumps(ANA)},
}
JSON = "application/json"


def address(path: str, document_id: str | None = "bookmark", **parameters: str) -> str:
    id_name = "stateId" if path.endswith("state") else "profileId"
    named = SHELVES[path] | ({} if document_id is None else {id_name: document_id}) | parameters
    return f"{path}?{urlencode(named)}"


def put(client: Client, to: str, body: Any, content_type: str = JSON, **headers: str) -> int:
    content = body if isinstance(body, bytes) else json.dumps(body)
    return client.put(to, content, content_type, headers=headers).status_code


def post(client: Client, to: str, body: Any, content_type: str = JSON, **headers: str) -> int:
    content = body if isinstance(body, bytes) else json.dumps(body)
    return client.post(to, content, content_type, headers=headers).status_code


@pytest.fixture(params=SHELVES)
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_bytes_come_back_as_they_went(tool: Tool, path: str) -> None:
    client, content = tool(), bytes(range(256))
    assert put(client, address(path), content, "image/png") == 204
    response = client.get(address(path))
    assert (response.status_code, response.content, response["Content-Type"]) == (200, content, "image/png")
    assert response["ETag"] == f'"{hashlib.sha1(content, usedforsecurity=False).hexdigest()}"'
    assert response["Last-Modified"].endswith("GMT")
    head = client.head(address(path))
    assert (head.content, head["Content-Length"], head["ETag"]) == (b"", "256", response["ETag"])


def test_what_is_not_there(tool: Tool, path: str) -> None:
    client = tool()
    assert client.get(address(path)).status_code == 404
    assert client.delete(address(path)).status_code == 204
    assert client.get(address(path, None)).json() == []


def test_lists_of_ids(tool: Tool, path: str) -> None:
    client = tool()
    for name in ("b", "a"):
        put(client, address(path, name), {})
    assert client.get(address(path, None)).json() == ["a", "b"]
    at = Document.objects.get(document_id="a").updated_at.isoformat()
    assert client.get(address(path, None, since=at)).json() == []
    assert client.get(address(path, None, since="2020-01-01T00:00:00Z")).json() == ["a", "b"]
    assert client.get(address(path, None, since="yesterday")).status_code == 400


def test_overwriting_wants_the_etag(tool: Tool, path: str) -> None:
    client = tool()
    assert put(client, address(path), {"a": 1}, **{"If-None-Match": "*"}) == 204
    assert put(client, address(path), {"a": 2}, **{"If-None-Match": "*"}) == 412
    assert put(client, address(path), {"a": 2}) == 409
    assert put(client, address(path), {"a": 2}, **{"If-Match": '"1234"'}) == 412
    etag = client.get(address(path))["ETag"]
    assert client.get(address(path)).json() == {"a": 1}
    assert put(client, address(path), {"a": 2}, **{"If-Match": f'"1234", W/{etag}'}) == 204
    assert post(client, address(path), {"b": 3}, **{"If-Match": etag}) == 412
    assert client.delete(address(path), headers={"If-Match": etag}).status_code == 412
    assert client.get(address(path)).json() == {"a": 2}
    assert client.delete(address(path), headers={"If-Match": "*"}).status_code == 204
    assert put(client, address(path), {"a": 2}, **{"If-Match": "*"}) == 412


def test_the_older_version_overwrites_states_blindly(tool: Tool, path: str) -> None:
    client = tool(version="1.0.3")
    is_state = path.endswith("state")
    assert put(client, address(path), {"a": 1}) == (204 if is_state else 400)
    assert put(client, address(path), {"a": 1}, **{"If-None-Match": "*"}) == (412 if is_state else 204)
    assert put(client, address(path), {"a": 2}) == (204 if is_state else 409)


def test_merging_is_one_level_deep(tool: Tool, path: str) -> None:
    client = tool()
    assert post(client, address(path), {"a": {"x": 1}, "b": 1}) == 204
    assert post(client, address(path), {"a": {"y": 2}, "c": "é"}, "application/json; charset=utf-8") == 204
    assert client.get(address(path)).json() == {"a": {"y": 2}, "b": 1, "c": "é"}


@pytest.mark.parametrize(
    ("there", "sent"),
    [
        ((b"{}", JSON), (b"{}", "text/plain")),
        ((b"{}", "text/plain"), (b"{}", JSON)),
        ((b"[]", JSON), (b"{}", JSON)),
        ((b"{}", JSON), (b"[]", JSON)),
        ((b"{}", JSON), (b'{"a":', JSON)),
        ((b"{}", JSON), (b'{"a": 1, "a": 2}', JSON)),
        ((b"{}", JSON), (b"\xff", JSON)),
        ((b"{}", JSON), (b"[" * 100_000, JSON)),
    ],
)
def test_what_cannot_be_merged(tool: Tool, there: tuple[bytes, str], sent: tuple[bytes, str]) -> None:
    client, to = tool(), address("/xapi/activities/state")
    assert put(client, to, *there) == 204
    assert post(client, to, *sent) == 400
    assert client.get(to).content == there[0]


def test_registrations_are_shelves_of_their_own(tool: Tool) -> None:
    client, path = tool(), "/xapi/activities/state"
    one, other = "7ccd3322-e1a5-411a-a67d-6a735c76f119", "7ccd3322-e1a5-411a-a67d-6a735c76f120"
    put(client, address(path, "a", registration=one), 1)
    put(client, address(path, "a"), 2)
    put(client, address(path, "b", registration=other), 3)
    assert client.get(address(path, "a")).json() == 2
    assert client.get(address(path, "a", registration=one)).json() == 1
    assert client.get(address(path, None, registration=other)).json() == ["b"]
    assert client.get(address(path, None)).json() == ["a", "b"]
    client.delete(address(path, None, registration=one))
    assert client.get(address(path, "a", registration=one)).status_code == 404
    client.delete(address(path, None))
    assert not Document.objects.exists()


def test_the_same_agent_however_it_is_written(tool: Tool) -> None:
    client, path = tool(), "/xapi/agents/profile"
    put(client, address(path), {})
    named = json.dumps(ANA | {"name": "Ana", "objectType": "Agent"})
    assert client.get(address(path, agent=named)).status_code == 200


def test_nobody_elses_documents(tool: Tool, path: str) -> None:
    put(tool(), address(path), {})
    neighbour = tool(organisation="south")
    assert neighbour.get(address(path)).status_code == 404
    neighbour.delete(address(path, None))
    assert neighbour.get(address(path, None)).status_code == 200
    assert Document.objects.count() == 1


@pytest.mark.parametrize(("scope", "opens"), [("state", "state"), ("profile", "profile"), ("statements/read", "")])
def test_scopes(tool: Tool, scope: str, opens: str, path: str) -> None:
    is_open = bool(opens) and path.endswith(opens)
    assert tool(scope).get(address(path, None)).status_code == (200 if is_open else 403)


@pytest.mark.parametrize(
    "wrong",
    [
        {"activityId": "no iri"},
        {"activityId": ""},
        {"activityId": f"https://example.org/{'x' * 5000}"},
        {"agent": "not json"},
        {"agent": "{}"},
        {"agent": '{"objectType": "Group", "member": []}'},
        {"agent": '{"mbox": "mailto:a@example.org", "openid": "https://example.org"}'},
        {"registration": "1"},
        {"stateId": "x" * 501},
        {"stateid": "x"},
        {"StateId": "x"},
    ],
)
@pytest.mark.parametrize("method", ["get", "put", "post", "delete"])
def test_parameters_that_are_refused(tool: Tool, wrong: dict[str, str], method: str) -> None:
    response = getattr(tool(), method)(address("/xapi/activities/state", **wrong))
    assert response.status_code == 400
    assert response.json()["errors"][0]["parameter"] == next(iter(wrong))


@pytest.mark.parametrize("method", ["put", "post", "delete"])
def test_profiles_need_their_id(tool: Tool, method: str) -> None:
    for path in ("/xapi/activities/profile", "/xapi/agents/profile"):
        assert getattr(tool(), method)(address(path, None)).status_code == 400


def test_content_types_that_no_header_can_carry(tool: Tool) -> None:
    form = {**SHELVES["/xapi/activities/state"], "stateId": "a", "content": "x", "Content-Type": "text/html\r\nX: y"}
    client = tool(version="1.0.3")
    response = client.post("/xapi/activities/state?method=PUT", urlencode(form), "application/x-www-form-urlencoded")
    assert response.status_code == 400
    assert put(client, address("/xapi/activities/state"), b"<b>", "text/html") == 204
    assert "sandbox" in client.get(address("/xapi/activities/state"))["Content-Security-Policy"]


def test_limits(tool: Tool, path: str, settings: Any) -> None:
    settings.NEURALINK_DOCUMENT_BYTES = 20
    client = tool()
    assert put(client, address(path), b"x" * 21, "text/plain") == 413
    assert put(client, address(path), {"a": "12345"}) == 204
    assert post(client, address(path), {"b": "12345"}) == 413
    assert client.get(address(path)).json() == {"a": "12345"}
    settings.NEURALINK_DOCUMENTS_LISTED = 1
    put(client, address(path, "other"), {})
    assert len(client.get(address(path, None)).json()) == 1


@pytest.mark.django_db(transaction=True)
def test_of_eight_that_create_at_once_one_wins() -> None:
    organisation = Organisation.objects.create(slug="north", name="North")
    made, secret = Credential.objects.issue(organisation, "tool", ["state"])
    headers = {"Authorization": basic(made.key, secret), "X-Experience-API-Version": "2.0.0"}
    to = address("/xapi/activities/state")

    def create(number: int) -> int:
        try:
            return put(Client(headers=headers), to, {"n": number}, **{"If-None-Match": "*"})
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        answers = sorted(threads.map(create, range(8)))
    assert answers == [204] + [412] * 7
