"""Every error below /api/ is a problem (RFC 9457) that says what is wrong and where."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.test.utils import override_settings

from analytics.models import Scope
from analytics.rest.problems import pointer_to
from tests.asking import post, told
from tests.cast import Cast

KeyClient = Callable[..., Client]


def test_an_unknown_address(api_client: KeyClient) -> None:
    assert "docs" in told(api_client().get("/api/v1/nothing/"), 404)["detail"]


def test_a_forgotten_slash_is_told_and_never_redirected(api_client: KeyClient) -> None:
    problem = told(api_client().post("/api/v1/keys"), 404)
    assert "slash" in problem["detail"]


def test_anonymous_callers_are_told_how_to_come_in(client: Client, cast: Cast) -> None:
    response = client.get("/api/v1/learners/")
    told(response, 401)
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Bearer", "Bearer nlk_wrong", "Bearer a b", "bearer \xff", "Bearer nlk_\x00"])
def test_wrong_keys(client: Client, cast: Cast, header: str) -> None:
    told(client.get("/api/v1/learners/", headers={"Authorization": header}), 401)


def test_a_method_that_is_not_answered(api_client: KeyClient) -> None:
    assert "DELETE" in told(api_client().delete("/api/v1/learners/"), 405)["detail"]


def test_no_address_answers_options(api_client: KeyClient) -> None:
    response = api_client().options("/api/v1/learners/")
    told(response, 405)
    assert response["Allow"] == "GET, HEAD"


def test_refusals_say_what_is_lacking(api_client: KeyClient, client_of: Callable[..., Client]) -> None:
    assert "events:read" in told(api_client("events:write").get("/api/v1/events/"), 403)["detail"]
    assert "Instructor" in told(client_of("instructor").get("/api/v1/runs/"), 403)["detail"]
    assert "sign in" in told(api_client().get("/api/v1/keys/"), 403)["detail"]


def test_places_beyond_every_row(api_client: KeyClient) -> None:
    for values in (["9" * 30], ["-5"]):
        after = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
        assert api_client().get(f"/api/v1/learners/?after={after}").status_code in {200, 400}
    for at in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-01-01", "9e99"):
        after = base64.urlsafe_b64encode(json.dumps([at, "1"]).encode()).decode()
        assert api_client().get(f"/api/v1/events/?after={after}").status_code in {200, 400}, at
        assert api_client().get("/api/v1/events/", {"since": at, "until": at}).status_code in {200, 400}, at


def test_a_body_of_another_type(client_of: Callable[..., Client]) -> None:
    told(client_of("administrator").post("/api/v1/keys/", "name=x", content_type="text/plain"), 415)


def test_an_answer_of_another_type(api_client: KeyClient) -> None:
    told(api_client().get("/api/v1/learners/", headers={"Accept": "text/csv"}), 406)


MALFORMED = {
    "cut off": b'{"name": ',
    "not utf-8": b'{"name": "\xff"}',
    "half a surrogate": b'{"name": "\\ud800", "scopes": ["events:read"]}',
    "NaN": b'{"name": NaN}',
    "deep": b"[" * 200_000,
    "a number too long to read": b'{"name": ' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_json(client_of: Callable[..., Client], body: bytes) -> None:
    told(post(client_of("administrator"), "/api/v1/keys/", body), 400)


@pytest.mark.parametrize("body", [[], "text", 7, None, True, [{"name": "x"}]])
def test_json_that_is_no_object(client_of: Callable[..., Client], body: Any) -> None:
    told(post(client_of("administrator"), "/api/v1/keys/", body), 400)


def test_each_wrong_field_is_pointed_at(client_of: Callable[..., Client]) -> None:
    body = {"name": "a\0b", "scopes": ["events:read", "everything"], "nmae": "x/y~z"}
    errors = told(post(client_of("administrator"), "/api/v1/keys/", body), 400)["errors"]
    assert errors == [{"pointer": "/nmae", "detail": "There is no such field here. Known: name, scopes, expires_at."}]
    del body["nmae"]
    errors = told(post(client_of("administrator"), "/api/v1/keys/", body), 400)["errors"]
    assert {error["pointer"] for error in errors} == {"/name", "/scopes/1"}


def test_pointers_are_escaped() -> None:
    assert pointer_to(("a/b", "~c", "0")) == "/a~1b/~0c/0"


def test_a_body_that_is_too_large(client_of: Callable[..., Client]) -> None:
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100):
        assert "100" in told(post(client_of("administrator"), "/api/v1/keys/", {"name": "x" * 200}), 413)["detail"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("?serach=x", "serach"),
        ("?limit=0", "limit"),
        ("?limit=501", "limit"),
        ("?limit=many", "limit"),
        ("?limit=" + "9" * 5000, "limit"),
        ("?limit=1&limit=2", "limit"),
        ("?search=%00", "search"),
        ("?after=x", "after"),
        ("?after=W10=", "after"),
        ("?after=WyIxIiwgIjIiXQ==", "after"),
        ("?after=WyJ4Il0=", "after"),
        ("?after=W251bGxd", "after"),
        ("?format=xml", "format"),
        ("?after=" + base64.b64encode(b'["99999999999999999999999999"]' * 2).decode(), "after"),
    ],
)
def test_wrong_parameters_are_named(api_client: KeyClient, query: str, parameter: str) -> None:
    problem = told(api_client("learners:read").get(f"/api/v1/learners/{query}"), 400)
    assert [error["parameter"] for error in problem["errors"]] == [parameter]


def test_unknown_parameters_are_told_the_known_ones(api_client: KeyClient) -> None:
    problem = told(api_client("learners:read").get("/api/v1/learners/?page=2"), 400)
    assert "limit, after, search, external_id" in problem["errors"][0]["detail"]


def test_a_post_takes_no_parameters(client_of: Callable[..., Client]) -> None:
    told(post(client_of("administrator"), "/api/v1/keys/?dry_run=1", {"name": "x", "scopes": ["events:read"]}), 400)


def test_an_unforeseen_error_is_logged_and_not_shown(
    api_client: KeyClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = api_client("learners:read")
    monkeypatch.setattr("analytics.rest.pagination.KeysetPagination.paginate_queryset", _fail(RuntimeError("secret")))
    response = client.get("/api/v1/learners/")
    assert "secret" not in str(told(response, 500))
    assert "secret" in caplog.text


def test_a_database_that_is_away(api_client: KeyClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client = api_client("learners:read")
    monkeypatch.setattr(
        "analytics.rest.pagination.KeysetPagination.paginate_queryset", _fail(OperationalError("host=10.0.0.1"))
    )
    response = client.get("/api/v1/learners/")
    assert "10.0.0.1" not in str(told(response, 503))
    assert int(response["Retry-After"]) > 0


def test_a_database_that_is_away_before_the_view(
    client_of: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of("administrator")
    client.raise_request_exception = False
    monkeypatch.setattr("analytics.access.member_of", _fail(OperationalError("gone")))
    told(client.get("/api/v1/learners/"), 503)


def test_errors_of_pages_stay_pages(client: Client, db: None) -> None:
    response = client.get("/no-such-page/")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


def test_hosts_that_are_not_ours(client: Client) -> None:
    told(client.get("/api/v1/learners/", headers={"Host": "evil.example"}), 400)


def test_sessions_need_their_csrf_token(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.north.members["administrator"].login)
    assert "CSRF" in told(post(client, "/api/v1/keys/", {"name": "x", "scopes": [Scope.EVENTS_READ]}), 403)["detail"]


def _fail(error: Exception) -> Callable[..., None]:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise error

    return fail
