"""Attachments and formats over HTTP: what goes in as multipart/mixed comes back as that."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from analytics.models import Attachment
from analytics.xapi.multipart import end_of_parts, media_type, part_head, split_request
from tests.analytics.api.xapi.test_statements import PATH, about, ids, post, statement, stored

MIXED = 'multipart/mixed; boundary="xyz"'
PICTURE = b"\x89PNG\r\n\x1a\n\0\xff"


def attachment(content: bytes, **more: Any) -> dict[str, Any]:
    return {
        "usageType": "https://example.com/picture",
        "display": {"en": "Picture"},
        "contentType": "image/png",
        "length": len(content),
        "sha2": hashlib.sha256(content).hexdigest(),
    } | more


def mixed(statements: Any, *contents: bytes) -> bytes:
    body = part_head("xyz", {"Content-Type": "application/json"}) + json.dumps(statements).encode() + b"\r\n"
    for content in contents:
        hashed = hashlib.sha256(content).hexdigest()
        headers = {"Content-Type": "image/png", "Content-Transfer-Encoding": "binary", "X-Experience-API-Hash": hashed}
        body += part_head("xyz", headers) + content + b"\r\n"
    return body + end_of_parts("xyz")


def test_there_and_back(tool):
    client = tool()
    one, other = statement(attachments=[attachment(PICTURE)]), statement(attachments=[attachment(PICTURE)])
    assert client.post(PATH, mixed([one, other], PICTURE), MIXED).status_code == 200
    assert Attachment.objects.count() == 1
    response = client.get(PATH, {"attachments": "true"})
    kind, parameters = media_type(response["Content-Type"])
    assert kind == "multipart/mixed"
    text, parts = split_request(b"".join(response), parameters["boundary"], 9)
    assert [found["id"] for found in json.loads(bytes(text))["statements"]] == [other["id"], one["id"]]
    assert [bytes(part.content) for part in parts.values()] == [PICTURE]
    alone = client.get(PATH, {"attachments": "true", "statementId": one["id"]})
    text, parts = split_request(b"".join(alone), media_type(alone["Content-Type"])[1]["boundary"], 9)
    assert json.loads(bytes(text))["id"] == one["id"]
    assert len(parts) == 1
    assert client.get(PATH)["Content-Type"] == "application/json"


def test_a_link_will_do(tool):
    client = tool()
    linked = statement(attachments=[attachment(PICTURE, fileUrl="https://example.com/p.png")])
    stored(client, linked)
    response = client.get(PATH, {"attachments": "true"})
    assert b"image/png\r\n" not in b"".join(response)


def test_what_is_missing_and_what_is_too_much(tool):
    client = tool()
    one = statement(attachments=[attachment(PICTURE)])
    for body, kind, said in [
        (json.dumps([one]), "application/json", "$[0].attachments[0].sha2"),
        (mixed(one), MIXED, "$.attachments[0].sha2"),
        (mixed(one, PICTURE, b"more"), MIXED, "No statement has an attachment"),
        (mixed(statement(), PICTURE), MIXED, "No statement has an attachment"),
        (mixed(one, PICTURE), "multipart/form-data; boundary=xyz", "Content-Type"),
        (mixed(one, PICTURE), "multipart/mixed", "boundary"),
    ]:
        response = client.post(PATH, body, kind)
        assert response.status_code == 400
        assert said in response.json()["detail"]
    assert ids(client) == []
    assert not Attachment.objects.exists()


def test_formats(tool):
    client = tool()
    english = {"name": {"en": "Quiz"}, "type": "https://example.com/types/quiz"}
    german = {"name": {"de": "Quiz auf Deutsch"}}
    iri = "https://example.com/activities/quiz"
    one = statement(object={"id": iri, "definition": english})
    stored(client, one, statement("bob", object={"id": iri, "definition": german}), about(one))
    asked = {"statementId": one["id"]}
    assert client.get(PATH, asked).json()["object"]["definition"] == english
    assert client.get(PATH, asked | {"format": "ids"}).json()["object"] == {"id": iri}
    found = client.get(PATH, asked | {"format": "canonical"}, headers={"Accept-Language": "de-CH, de;q=0.9"})
    assert found.json()["object"]["definition"] == english | german
    assert len(ids(client, format="canonical")) == len(ids(client, format="ids")) == 3


def test_signed_statements_are_checked(tool):
    client = tool()
    signature = attachment(b"a.b.c", usageType="http://adlnet.gov/expapi/attachments/signature")
    response = client.post(PATH, mixed(statement(attachments=[signature]), b"a.b.c"), MIXED)
    assert response.status_code == 400
    assert response.json()["detail"].startswith("$.attachments[0].contentType")


def test_an_old_version_is_answered_in_that_version(tool):
    client = tool(version="1.0.3")
    one = statement()
    assert post(client, one).status_code == 200
    response = client.get(PATH, {"statementId": one["id"]})
    assert response.json()["version"] == "1.0.0"
    assert response["X-Experience-API-Version"] == "1.0.3"
