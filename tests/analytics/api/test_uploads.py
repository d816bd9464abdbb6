"""Uploads by API: announce, send in pieces, ask how far it is, look, import."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from analytics.models import ColumnMapping, Import, JobState, Upload
from tests.asking import told
from tests.cast import Cast

KeyClient = Callable[..., Client]
PATH = "/api/v1/uploads/"
PIECE = "application/offset+octet-stream"
CSV = "usuario,recurso,acción,fecha y hora\n" + "".join(
    f"s-{n},algebra-{n % 3},visto,2026-10-0{n + 1}T10:00:00Z\n" for n in range(5)
)
CONTENT = CSV.encode()


@pytest.fixture(autouse=True)
def uploads(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def announce(client: Client, **fields: Any) -> Any:
    body = {"file_name": "eventos.csv", "n_bytes": len(CONTENT)} | fields
    return client.post(PATH, body, "application/json")


def send(client: Client, url: str, offset: int, piece: bytes, **headers: str) -> Any:
    return client.patch(url, piece, PIECE, headers={"Upload-Offset": str(offset)} | headers)


def uploaded(client: Client, content: bytes = CONTENT) -> int:
    made = announce(client, n_bytes=len(content))
    assert send(client, made["Location"], 0, content).status_code == 200
    return int(made.json()["id"])


def test_from_announcement_to_import(cast: Cast, api_client: KeyClient) -> None:
    client = api_client("imports:write")
    made = announce(client, resume_key="mine")
    assert made.status_code == 201
    url = made["Location"]
    assert send(client, url, 0, CONTENT[:40]).json()["n_received"] == 40
    asked = client.head(url)
    assert (asked["Upload-Offset"], asked["Upload-Length"], asked.content) == ("40", str(len(CONTENT)), b"")
    again = announce(client, resume_key="mine")
    assert (again.status_code, again["Location"], again["Upload-Offset"]) == (200, url, "40")
    pk = made.json()["id"]
    assert told(client.get(f"{url}look/"), 404), "there is nothing to look at yet"
    early = client.post("/api/v1/imports/", {"upload": pk, "format": "csv"}, "application/json")
    assert "only 40 of" in told(early, 409)["detail"]
    checksum = base64.b64encode(hashlib.sha256(CONTENT[40:]).digest()).decode()
    done = send(client, url, 40, CONTENT[40:], **{"Upload-Checksum": f"sha256 {checksum}"}).json()
    assert (done["is_complete"], done["sha256"]) == (True, hashlib.sha256(CONTENT).hexdigest())

    look = client.get(f"{url}look/").json()
    assert (look["encoding"], look["delimiter"], len(look["rows"])) == ("utf-8", ",", 5)
    choice = look["suggestion"]
    assert choice["options"]["columns"] == {
        "learner": "usuario", "activity": "recurso", "verb": "acción", "at": "fecha y hora"
    }  # fmt: skip
    body = {"upload": pk, "format": choice["format"], "options": choice["options"], "is_dry_run": True}
    started = client.post("/api/v1/imports/", body, "application/json")
    assert started.status_code == 202, started.content
    assert (started.json()["upload"], started.json()["source_name"]) == (pk, "eventos.csv")
    assert "already" in told(client.post("/api/v1/imports/", body, "application/json"), 409)["detail"]
    assert client.get(f"{url}look/").json()["suggestion"]["is_remembered"]
    assert told(client.delete(url), 409)
    Import.objects.update(state=JobState.SUCCEEDED)
    assert client.delete(url).status_code == 204
    assert not Upload.objects.exists()


def test_pieces_that_are_refused(cast: Cast, api_client: KeyClient, settings: Any) -> None:
    client = api_client()
    url = announce(client)["Location"]
    assert "goes on at byte 0" in told(send(client, url, 7, b"abc"), 409)["detail"]
    told(client.patch(url, b"abc", PIECE), 400)
    told(send(client, url, 0, b"abc", **{"Upload-Offset": "-1"}), 400)
    told(send(client, url, 0, b"abc", **{"Upload-Offset": "9" * 30}), 400)
    for wrong in ("md5 abc", "sha256 abc", "sha256 " + base64.b64encode(b"x" * 32).decode()):
        told(send(client, url, 0, b"abc", **{"Upload-Checksum": wrong}), 400)
    told(client.patch(url, "{}", "application/json", headers={"Upload-Offset": "0"}), 415)
    told(send(client, url, 0, CONTENT + b"more"), 400)
    settings.NEURALINK_UPLOAD_CHUNK_BYTES = 10
    told(send(client, url, 0, b"x" * 11), 413)
    assert client.head(url)["Upload-Offset"] == "0"


@pytest.mark.parametrize(
    "fields",
    [{"n_bytes": 0}, {"n_bytes": 10**15}, {"n_bytes": "x"}, {"file_name": ""}, {"sha256": "abc"}, {"colour": "red"}],
)
def test_wrong_announcements(cast: Cast, api_client: KeyClient, fields: dict[str, Any]) -> None:
    told(announce(api_client(), **fields), 400)
    assert not Upload.objects.exists()


def test_nobody_reaches_the_uploads_of_others(
    cast: Cast, api_client: KeyClient, client_of: Callable[..., Client]
) -> None:
    pk = uploaded(api_client())
    for other in (api_client(organisation="south"), client_of("administrator", "south"), client_of("administrator")):
        told(other.get(f"{PATH}{pk}/"), 404)
        told(send(other, f"{PATH}{pk}/", 0, b"x"), 404)
        told(other.delete(f"{PATH}{pk}/"), 404)
        told(other.get(f"{PATH}{pk}/look/"), 404)
        told(other.post("/api/v1/imports/", {"upload": pk, "format": "csv"}, "application/json"), 404)
        assert other.get(PATH).json()["results"] == []
    for role in ("model_owner", "instructor", "learner"):
        told(client_of(role).get(PATH), 403)
    told(api_client("events:read").get(PATH), 403)


def test_a_look_with_corrections(cast: Cast, api_client: KeyClient) -> None:
    client = api_client()
    pk = uploaded(client, "learner;day\ncafé;03/04/2025\n".encode("cp1252"))
    look = client.get(f"{PATH}{pk}/look/", {"encoding": "cp1252"}).json()
    assert look["rows"] == [["café", "03/04/2025"]]
    assert look["columns"][1]["ambiguous_dates"]
    other = client.get(f"{PATH}{pk}/look/", {"delimiter": ","}).json()
    assert [column["name"] for column in other["columns"]] == ["learner;day"]
    told(client.get(f"{PATH}{pk}/look/", {"encoding": "klingon"}), 400)
    told(client.get(f"{PATH}{pk}/look/", {"format": "klingon"}), 400)
    assert not ColumnMapping.objects.exists(), "a look remembers nothing"
