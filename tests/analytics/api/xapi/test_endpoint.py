"""What holds for every address below /xapi/: credentials, versions, parameters, HEAD, CORS, the alternate syntax."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse, JsonResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from analytics.api.xapi.ask import FORM, Ask
from analytics.api.xapi.endpoint import Endpoint
from analytics.models import Credential, XapiScope
from tests.analytics.api.xapi.conftest import Tool, basic
from tests.cast import Cast


class Echo(Endpoint):
    """Answers with what it was asked."""

    parameters = {"GET": {"name"}, "PUT": {"name"}}
    scopes = {"GET": (XapiScope.STATE,), "PUT": (XapiScope.STATE,)}

    def ask_get(self, ask: Ask) -> HttpResponse:
        return JsonResponse({"name": ask.parameters.get("name"), "key": ask.credential.key, "long": "x" * 500})

    def ask_put(self, ask: Ask) -> HttpResponse:
        said = {"content": ask.read(100).decode(), "type": ask.content_type, "match": ask.headers.get("If-Match")}
        return JsonResponse(said | {"name": ask.parameters.get("name")})


@pytest.fixture
def pair(cast: Cast) -> tuple[Credential, str]:
    return Credential.objects.issue(cast.north.organisation, "tool", ["state"])


def asked(method: str, pair: tuple[Credential, str], path: str = "/", **kwargs):
    version = kwargs.pop("version", pair[0].version)
    headers = {"Authorization": basic(pair[0].key, pair[1])} | kwargs.pop("headers", {})
    if version is not None:
        headers["X-Experience-API-Version"] = version
    request = getattr(RequestFactory(), method)(path, headers=headers, **kwargs)
    return Echo.as_view()(request)


def told(response, status: int) -> str:
    import json

    assert response.status_code == status, response.content
    problem = json.loads(response.content)
    assert problem["status"] == status
    return problem["detail"]


def test_a_credential_opens(pair):
    response = asked("get", pair)
    assert response.status_code == 200
    assert response["X-Experience-API-Version"] == "2.0.0"
    pair[0].refresh_from_db()
    assert pair[0].last_used_at is not None


def test_the_secret_is_not_kept(pair):
    credential, secret = pair
    assert secret not in str(Credential.objects.values().get(pk=credential.pk))


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic !", "Basic: abc", "Bearer x", basic("nobody", "x"), basic("", ""), "Basic " + "w6k="],
)
def test_without_a_valid_credential(db, header):
    request = RequestFactory().get("/", headers={"Authorization": header, "X-Experience-API-Version": "2.0.0"})
    response = Echo.as_view()(request)
    assert "credential" in told(response, 401) or "base64" in told(response, 401)
    assert response["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize("change", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now() - timedelta(days=1)}])
def test_a_credential_that_no_longer_holds(pair, change):
    Credential.objects.filter(pk=pair[0].pk).update(**change)
    told(asked("get", pair), 401)


def test_a_wrong_secret(pair):
    told(asked("get", (pair[0], pair[1][:-1])), 401)


def test_the_same_secret_under_two_keys_leaves_two_hashes(cast, monkeypatch):
    monkeypatch.setattr("analytics.models.credentials.secrets.token_urlsafe", lambda n: "same")
    made = [Credential.objects.issue(cast.north.organisation, "tool", ["all"])[0] for _ in range(2)]
    assert made[0].hash != made[1].hash


def test_a_scope_that_is_missing(cast):
    pair = Credential.objects.issue(cast.north.organisation, "tool", ["profile"])
    assert told(asked("get", pair), 403) == "This credential lacks the scope state or all."


@pytest.mark.parametrize("version", ["2.0", "2.0.0", "2.0.17"])
def test_versions_of_2(pair, version):
    assert asked("get", pair, version=version).status_code == 200


@pytest.mark.parametrize("version", [None, "", "1.0.3", "2.1.0", "2", "2.0.", "2.0.x", "2.00", "BAD"])
def test_versions_that_are_refused(pair, version):
    response = asked("get", pair, version=version)
    assert "X-Experience-API-Version" in told(response, 400)
    assert response["X-Experience-API-Version"] == "2.0.0"


def test_a_credential_of_the_older_version(cast):
    pair = Credential.objects.issue(cast.north.organisation, "tool", ["all"], version="1.0.3")
    assert asked("get", pair, version="1.0")["X-Experience-API-Version"] == "1.0.3"
    told(asked("get", pair, version="2.0.0"), 400)


@pytest.mark.parametrize("path", ["/?Name=x", "/?name=x&other=1", "/?name=x&name=y", "/?method=PUT"])
def test_parameters_that_are_refused(pair, path):
    assert "parameter" in told(asked("get", pair, path), 400)


def test_methods_that_are_not_answered(pair):
    response = asked("delete", pair)
    told(response, 405)
    assert response["Allow"] == "GET, PUT, HEAD, OPTIONS"


def test_head_has_the_length_and_no_content(pair):
    whole, head = asked("get", pair), asked("head", pair)
    assert head.status_code == 200
    assert head.content == b""
    assert head["Content-Length"] == str(len(whole.content))


def test_pages_of_other_sites_may_ask(pair):
    response = Echo.as_view()(RequestFactory().options("/"))
    assert response.status_code == 204
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in response["Access-Control-Allow-Headers"]
    assert "ETag" in asked("get", pair)["Access-Control-Expose-Headers"]


def test_a_body_that_is_too_long(pair):
    assert asked("put", pair, data=b"x" * 100).status_code == 200
    assert "100 bytes" in told(asked("put", pair, data=b"x" * 101), 413)


def test_a_chunked_body_is_read(pair):
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "wsgi.input": BytesIO(b"parts")}
    response = asked("put", pair, CONTENT_LENGTH="", **chunked)
    assert b'"parts"' in response.content


@pytest.fixture
def older(cast: Cast) -> tuple[Credential, str]:
    return Credential.objects.issue(cast.north.organisation, "tool", ["all"], version="1.0.3")


def alternate(pair, method, form, **kwargs):
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    return asked("post", pair, f"/?method={method}", data=body, content_type=FORM, **kwargs)


def test_the_alternate_syntax(older):
    assert b'"name": "ana"' in alternate(older, "GET", {"name": "ana"}).content
    form = {"name": "ana", "content": "{}", "If-Match": '"1"', "Content-Type": "text/plain"}
    response = alternate(older, "PUT", form)
    assert response.json() if hasattr(response, "json") else True
    assert b'"content": "{}", "type": "text/plain", "match": "\\"1\\"", "name": "ana"' in response.content


def test_the_alternate_syntax_carries_credential_and_version(older):
    form = {"Authorization": basic(older[0].key, older[1]), "X-Experience-API-Version": "1.0.3"}
    request = RequestFactory().post("/?method=GET", urlencode(form), content_type=FORM)
    assert Echo.as_view()(request).status_code == 200


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/?method=PUT", {"name": "ana"}),
        ("/?method=PUT&name=ana", {"content": "{}"}),
        ("/?method=PATCH", {"content": "{}"}),
        ("/?method=PUT", b'{"content": "{}"}'),
        ("/?method=PUT", b"content=%7B%7D&content=%7B%7D"),
        ("/?method=PUT", {"content": "{}", "X-Experience-API-Version": "0.8"}),
    ],
)
def test_the_alternate_syntax_refuses(older, path, form):
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    told(asked("post", older, path, data=body, content_type=FORM), 400)


def test_2_has_no_alternate_syntax(pair):
    assert "alternate" in told(alternate(pair, "GET", {"name": "ana"}), 400)


def test_about_is_for_everybody(client: Client):
    response = client.get("/xapi/about")
    assert response.json()["version"] == ["2.0.0", "1.0.3"]
    older = client.get("/xapi/about", headers={"X-Experience-API-Version": "1.0.1"})
    assert older.json()["version"] == ["1.0.3"]
    assert client.head("/xapi/about").content == b""
    assert client.get("/xapi/about?x=1").status_code == 400
    assert client.post("/xapi/about").status_code == 405


def test_authority(tool: Tool, settings):
    settings.NEURALINK_PUBLIC_URL = "https://learn.example.org"
    credential = tool().credential  # type: ignore[attr-defined]
    assert credential.authority["account"] == {"homePage": "https://learn.example.org", "name": credential.key}
