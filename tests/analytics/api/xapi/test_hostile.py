"""Whoever means harm gets a clear answer, and leaves nothing behind."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.test import Client

from analytics.models import Attachment, Statement
from tests.analytics.api.xapi.test_attachments import MIXED, attachment, mixed
from tests.analytics.api.xapi.test_statements import PATH, ids, post, statement, stored


class Endless(io.RawIOBase):
    """A body of any length that takes no memory of its own."""

    def __init__(self, n_bytes: int) -> None:
        self.left = n_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        n_bytes = min(len(buffer), self.left)
        buffer[:n_bytes] = b"[" * n_bytes
        self.left -= n_bytes
        return n_bytes


def send(client: Client, body: Endless, **headers: Any) -> Any:
    return client.generic("POST", PATH, **{"wsgi.input": io.BufferedReader(body)} | headers)


def nothing_stored() -> bool:
    return not Statement.objects.exists() and not Attachment.objects.exists()


@pytest.mark.parametrize("kind", ["application/json", MIXED])
@pytest.mark.parametrize("is_announced", [True, False])
def test_a_body_of_100_megabytes(tool, kind, is_announced, settings):
    """It is refused by its length, or as soon as it is longer than what is taken: no more than that is ever read."""
    body = Endless(100_000_000)
    unannounced = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    headers = {"CONTENT_LENGTH": "100000000"} if is_announced else unannounced
    response = send(tool(), body, CONTENT_TYPE=kind, **headers)
    assert response.status_code == 413
    assert "longer than" in response.json()["detail"]
    assert 100_000_000 - body.left <= (0 if is_announced else settings.NEURALINK_STATEMENTS_BYTES + 100_000)
    assert nothing_stored()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'{"actor":' * 100_000, "nested too deeply"),
        (b'[{"x":' + b"[" * 99 + b"]" * 99 + b"}]", "nested too deeply"),
        (b'{"id": "a", "id": "b"}', "given twice"),
        (b'{"actor": "\xff\xfe"}', "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not valid JSON"),
        (b'{"result": NaN}', "NaN"),
        (b'{"actor": {"mbox": "mailto:a\\u0000@b.example"}}', "U+0000"),
        (b'{"actor": "\\ud800"}', "surrogate"),
        (b" ", "not valid JSON"),
        (b"7", "must be an object"),
        (b'[[{"a": 1}]]', "$[0]"),
        (b"1" * 5000, "digits"),
    ],
)
def test_json_that_is_none(tool, body, said):
    response = post(tool(), body)
    assert response.status_code == 400
    assert said in response.json()["detail"]
    assert nothing_stored()


def test_as_many_statements_as_are_taken_and_one_more(tool, settings):
    settings.NEURALINK_STATEMENTS_AT_ONCE = 3
    client = tool()
    stored(client, statement(), statement(), statement())
    response = post(client, [statement() for _ in range(4)])
    assert response.status_code == 413
    assert "at most 3" in response.json()["detail"]
    assert len(ids(client)) == 3


def test_many_parts(tool, settings):
    settings.NEURALINK_STATEMENTS_AT_ONCE = 100
    response = tool().post(PATH, b"--xyz\r\n\r\n\r\n" * 50_000 + b"--xyz--", MIXED)
    assert response.status_code == 400
    assert "more than 101 parts" in response.json()["detail"]


def test_a_wrong_hash_stores_nothing(tool):
    body = mixed(statement(attachments=[attachment(b"right")]), b"right").replace(b"\r\n\r\nright", b"\r\n\r\nwrong")
    response = tool().post(PATH, body, MIXED)
    assert response.status_code == 400
    assert "has the hash" in response.json()["detail"]
    assert nothing_stored()


@pytest.mark.parametrize("timestamp", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "2090-01-01T00:00:00+14:00"])
def test_clocks_that_are_wrong_are_taken_as_they_are(tool, timestamp):
    client = tool()
    [one] = stored(client, statement(timestamp=timestamp))
    found = client.get(PATH, {"statementId": one["id"]}).json()
    assert found["stored"][:2] == "20"
    assert ids(client, since="2090-01-01T00:00:00Z") == []


def test_long_names_and_odd_characters_are_found_again(tool):
    client = tool()
    names = ["x" * 5000, 'tab\tquote"back\\slash{brace},comma', "ünïcödé 😀", "\n", "NULL", "\\N"]
    actors = [{"account": {"homePage": "https://lms.example", "name": name}} for name in names]
    made = stored(client, *(statement(actor=actor) for actor in actors))
    for one in made:
        assert ids(client, agent=json.dumps(one["actor"])) == [one["id"]]
        assert client.get(PATH, {"statementId": one["id"]}).json()["actor"] == one["actor"]


def test_long_iris(tool):
    client = tool()
    iri = "https://example.com/" + "y" * 20_000
    about = {"id": iri, "definition": {"name": {"en": "z" * 9000}}}
    [one] = stored(client, statement() | {"verb": {"id": iri}, "object": about})
    assert ids(client, verb=iri, activity=iri) == [one["id"]]
    assert post(client, one).status_code == 200
    assert client.get(PATH, {"statementId": one["id"], "format": "canonical"}).status_code == 200


def test_a_long_chain_of_references_ends_somewhere(tool, settings):
    settings.NEURALINK_STATEMENT_LINKS = 3
    client = tool()
    chain = [statement()]
    for _ in range(5):
        chain.append(statement("tutor") | {"object": {"objectType": "StatementRef", "id": chain[-1]["id"]}})
    stored(client, *chain)
    assert ids(client, agent=json.dumps(chain[0]["actor"]), ascending="true") == [one["id"] for one in chain[:4]]
