"""Imports by API: a file goes in, and every row's fate comes out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from analytics.imports.run import run_import
from analytics.jobs import working_on
from analytics.models import Event, Import, JobState, RollBack
from analytics.tasks import roll_back
from tests.asking import all_pages, told
from tests.cast import Cast

KeyClient = Callable[..., Client]
PATH = "/api/v1/imports/"
CSV = """learner,activity,verb,at
learner-01,algebra-1,viewed,2026-10-01T10:00:00Z
learner-01,algebra-2,viewed,never
,algebra-2,viewed,2026-10-01T10:00:00Z
"""


@pytest.fixture(autouse=True)
def uploads(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def send(client: Client, content: str = CSV, **fields: Any) -> Any:
    file = SimpleUploadedFile("events.csv", content.encode(), "text/csv")
    return client.post(PATH, {"file": file, "format": "csv"} | fields)


def test_a_file_from_upload_to_verdicts(
    cast: Cast, api_client: KeyClient, woken: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    client = api_client("imports:write")
    with django_capture_on_commit_callbacks(execute=True):
        response = send(client)
    assert response.status_code == 202, response.content
    import_ = response.json()
    assert response["Location"] == f"{PATH}{import_['id']}/"
    assert (import_["state"], import_["source_name"]) == ("queued", "events.csv")
    assert [(message.task_name, message.args) for message in woken] == [
        ("analytics.tasks.run_import", (import_["id"],))
    ]
    with working_on(Import, import_["id"]) as lease:
        assert lease is not None
        run_import(lease)
    done = client.get(response["Location"]).json()
    assert done["state"] == "succeeded", done["error"]
    assert {name: done["ledger"][name] for name in ("read", "accepted", "merged", "rejected")} == {
        "read": 3,
        "accepted": 1,
        "merged": 0,
        "rejected": 2,
    }
    verdicts = all_pages(client, f"{response['Location']}verdicts/", limit=1)
    assert {verdict["row_number"]: verdict["verdict"] for verdict in verdicts} == {2: "rejected", 3: "rejected"}
    code = verdicts[0]["code"]
    assert code in done["ledger"]["by_code"]
    only = all_pages(client, f"{response['Location']}verdicts/", code=code, verdict="rejected")
    assert {verdict["code"] for verdict in only} == {code}
    n_events = Event.objects.count()
    rolled_back = client.post(f"{response['Location']}roll-back/")
    assert (rolled_back.status_code, rolled_back.json()["roll_back"]["state"]) == (202, "queued")
    roll_back(RollBack.objects.get().pk)
    done = client.get(response["Location"]).json()
    assert done["rolled_back_at"]
    assert (done["roll_back"]["state"], done["roll_back"]["n_events"]) == ("succeeded", 1)
    assert Event.objects.count() == n_events - 1
    told(client.post(f"{response['Location']}roll-back/"), 409)


def test_options_and_dry_run(cast: Cast, api_client: KeyClient) -> None:
    content = CSV.replace("learner,", "who,", 1)
    options = json.dumps({"columns": {"learner": "who"}})
    response = send(api_client(), content, options=options, is_dry_run="true")
    assert response.status_code == 202, response.content
    import_ = Import.objects.get(pk=response.json()["id"])
    assert import_.is_dry_run
    assert import_.options["columns"] == {"learner": "who"}


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"format": "xls"}, "/format"),
        ({"format": ""}, "/format"),
        ({"options": "{"}, "/options"),
        ({"options": "[]"}, "/options"),
        ({"is_dry_run": "perhaps"}, "/is_dry_run"),
        ({"formt": "csv"}, "/formt"),
        ({"file": "text"}, "/file"),
    ],
)
def test_wrong_forms(cast: Cast, api_client: KeyClient, fields: dict[str, str], pointer: str) -> None:
    problem = told(send(api_client(), **fields), 400)
    assert pointer in {error["pointer"] for error in problem["errors"]}
    assert Import.objects.count() == 2  # the cast's own


@pytest.mark.parametrize("fields", [{"options": '{"colour": "red"}'}, {"options": '{"time_zone": "Mars/Base"}'}])
def test_options_that_the_format_refuses(
    cast: Cast, api_client: KeyClient, uploads: Path, fields: dict[str, str]
) -> None:
    told(send(api_client(), **fields), 400)
    assert [path for path in uploads.rglob("*") if path.is_file()] == []


def test_an_empty_file_and_one_with_another_header(cast: Cast, api_client: KeyClient) -> None:
    told(send(api_client(), ""), 400)
    assert "learner" in told(send(api_client(), "a,b\n1,2\n"), 400)["detail"]


def test_an_upload_that_is_too_large(
    cast: Cast, api_client: KeyClient, client_of: Callable[..., Client], settings: Any
) -> None:
    settings.NEURALINK_UPLOAD_BYTES = 10
    told(send(api_client()), 413)
    told(send(client_of("administrator")), 413)


def test_either_a_file_or_an_upload(cast: Cast, api_client: KeyClient) -> None:
    told(api_client().post(PATH, {"format": "csv"}, "application/json"), 400)
    told(send(api_client(), upload="1"), 400)
    told(api_client().post(PATH, "a", "text/plain"), 415)


def test_only_data_administrators_send(cast: Cast, client_of: Callable[..., Client]) -> None:
    assert send(client_of("administrator")).status_code == 202
    assert Import.objects.first().requested_by == cast.north.members["administrator"]
    told(send(client_of("model_owner")), 403)
    assert client_of("model_owner").get(PATH).status_code == 200


def test_cancelling(cast: Cast, api_client: KeyClient) -> None:
    client = api_client()
    pk = send(client).json()["id"]
    response = client.post(f"{PATH}{pk}/cancel/")
    assert (response.status_code, response.json()["state"]) == (202, "cancelled")
    assert "nothing to cancel" in told(client.post(f"{PATH}{pk}/cancel/"), 409)["detail"]


def test_the_list_by_state(cast: Cast, api_client: KeyClient) -> None:
    client = api_client()
    pk = send(client).json()["id"]
    assert [row["id"] for row in all_pages(client, PATH, state=JobState.QUEUED)] == [pk]
    assert [row["id"] for row in all_pages(client, PATH, limit=1)] == [pk, cast.north.from_import.pk]
