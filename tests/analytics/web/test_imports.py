"""Imports by page: upload, progress, ledger, verdicts, cancel, roll back."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from analytics.models import Event, Import, JobState, RowVerdict, Verdict
from analytics.web.rejected_rows import harmless
from tests.cast import Cast
from tests.conftest import Message

HEADER = "who,activity,verb,at,value,unit\n"
ROWS = HEADER + "learner-01,algebra-1,viewed,{at},1,clicks\n,algebra-1,viewed,{at},1,clicks\n"


@pytest.fixture(autouse=True)
def uploads(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def administrator(client_of: Callable[..., Client]) -> Client:
    return client_of("administrator")


def upload(client: Client, text: str, **fields: Any) -> Any:
    return client.post(reverse("import_new"), {"file": SimpleUploadedFile("rows.csv", text.encode()), **fields})


@pytest.mark.django_db(transaction=False)
def test_upload_queues_an_import(
    cast: Cast,
    administrator: Client,
    woken: list[Message],
    django_capture_on_commit_callbacks: Any,
) -> None:
    text = ROWS.format(at=cast.north.events[0].occurred_at.isoformat())
    with django_capture_on_commit_callbacks(execute=True):
        response = upload(administrator, text, column_learner="who", delimiter=",")
    import_ = Import.objects.filter(organisation=cast.north.organisation).latest("pk")
    assert response["Location"] == reverse("import_page", args=[import_.pk])
    assert (import_.state, import_.source_name, import_.is_dry_run) == (JobState.QUEUED, "rows.csv", False)
    assert import_.options == {"columns": {"learner": "who"}, "delimiter": ","}
    assert import_.requested_by == cast.north.members["administrator"]
    assert Path(import_.path).read_text() == text
    assert woken == [Message("analytics.tasks.run_import", (import_.pk,), "import")]


def test_a_file_that_cannot_be_read_is_refused_in_words(cast: Cast, administrator: Client, uploads: Path) -> None:
    response = upload(administrator, HEADER)
    assert response.status_code == 200
    assert "has no column" in response.content.decode()
    assert "<details open" in response.content.decode()
    assert Import.objects.filter(organisation=cast.north.organisation).count() == 1
    assert not [path for path in uploads.rglob("*") if path.is_file()], "a refused file is not kept"


def test_an_empty_file_and_no_file(administrator: Client, settings: Settings) -> None:
    assert "empty" in upload(administrator, "").content.decode()
    assert administrator.post(reverse("import_new")).context["form"].errors["file"]
    settings.NEURALINK_UPLOAD_BYTES = 3
    assert "the largest that is taken" in upload(administrator, ROWS).content.decode()


def test_dry_run(cast: Cast, administrator: Client) -> None:
    upload(administrator, ROWS, column_learner="who", is_dry_run="on")
    assert Import.objects.latest("pk").is_dry_run


def test_progress_asks_again_until_it_is_done(cast: Cast, administrator: Client) -> None:
    import_ = Import.objects.create(
        organisation=cast.north.organisation, format="csv", source_name="a.csv", state=JobState.RUNNING,
        progress_share=0.25, progress_text="Loading", n_read=50,
    )  # fmt: skip
    url = reverse("import_progress", args=[import_.pk])
    running = administrator.get(url)
    assert f'hx-get="{url}?shown=running"' in running.content.decode()
    assert "HX-Refresh" not in running
    assert administrator.get(url, {"shown": "queued"})["HX-Refresh"] == "true", "the heading says queued"
    Import.objects.filter(pk=import_.pk).update(state=JobState.FAILED, error="The disk is full.")
    done = administrator.get(url)
    assert "hx-get" not in done.content.decode()
    assert "The disk is full." in done.content.decode()
    assert done["HX-Refresh"] == "true"


def rejecting(cast: Cast) -> Import:
    import_ = Import.objects.create(
        organisation=cast.north.organisation, format="csv", source_name="a.csv", state=JobState.SUCCEEDED,
        n_read=1005, n_accepted=1000, n_merged=2, n_repaired=1, n_rejected=3,
        counts_by_code={"learner_missing": 1, "at_unreadable": 2},
    )  # fmt: skip
    contents: list[tuple[Verdict, dict[str, Any]]] = [
        (Verdict.REJECTED, {"learner": "=cmd()", "value": "-3.5"}),
        (Verdict.REJECTED, {"learner": "@x", "value": None}),
        (Verdict.REJECTED, {"text": "+broken"}),
        (Verdict.REPAIRED, {"learner": "  a "}),
    ]
    for number, (verdict, content) in enumerate(contents, 1):
        RowVerdict.objects.create(
            organisation=cast.north.organisation, from_import=import_, file_name="a.csv", row_number=number,
            verdict=verdict, code="x", sentence=f"Reason {number}.", content=content,
        )  # fmt: skip
    return import_


def test_ledger_and_verdicts(cast: Cast, administrator: Client) -> None:
    import_ = rejecting(cast)
    url = reverse("import_page", args=[import_.pk])
    response = administrator.get(url)
    assert response.context["answer"] == "Of 1,005 rows, 1,000 were accepted, 2 merged and 3 rejected."
    assert "adds up" in response.content.decode()
    assert [row.row_number for row in response.context["page"]] == [1, 2, 3]
    assert response.context["codes"] == [("at_unreadable", 2), ("learner_missing", 1)]
    repaired = administrator.get(url, {"verdict": "repaired"})
    assert [row.sentence for row in repaired.context["page"]] == ["Reason 4."]
    merged = administrator.get(url, {"verdict": "merged"})
    assert b"counted only" in merged.content


def test_rejected_rows_as_csv(cast: Cast, administrator: Client) -> None:
    response: Any = administrator.get(reverse("import_rejected", args=[rejecting(cast).pk]))
    rows = list(csv.DictReader(io.StringIO(response.getvalue().decode())))
    assert [row["row"] for row in rows] == ["1", "2", "3"]
    assert [row["learner"] for row in rows] == ["'=cmd()", "'@x", ""]
    assert [row["value"] for row in rows] == ["-3.5", "", ""]
    assert rows[2]["text"] == "'+broken"
    assert rows[0]["reason"] == "Reason 1."


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "+1"),
        ("-2.5e3", "-2.5e3"),
        ("-2+3", "'-2+3"),
        ("@a", "'@a"),
        ("\tx", "'\tx"),
        (None, ""),
    ],
)
def test_no_cell_is_a_formula(cell: Any, text: str) -> None:
    assert harmless(cell) == text


def test_cancel(cast: Cast, administrator: Client) -> None:
    queued = Import.objects.create(organisation=cast.north.organisation, format="csv", source_name="a.csv")
    response = administrator.post(reverse("import_cancel", args=[queued.pk]), follow=True)
    queued.refresh_from_db()
    assert queued.state == JobState.CANCELLED
    assert "can be rolled back" in response.content.decode()
    again = administrator.post(reverse("import_cancel", args=[queued.pk]), follow=True)
    assert "had already finished" in again.content.decode()


def test_roll_back(cast: Cast, administrator: Client) -> None:
    assert cast.north.from_import is not None
    url = reverse("import_roll_back", args=[cast.north.from_import.pk])
    response = administrator.post(url, follow=True)
    assert "has been taken out again" in response.content.decode()
    assert not Event.objects.filter(organisation=cast.north.organisation).exists()
    assert Event.objects.filter(organisation=cast.south.organisation).exists()
    assert "rolled back" in administrator.post(url, follow=True).content.decode()


def test_the_model_owner_looks_and_does_not_touch(cast: Cast, client_of: Callable[..., Client]) -> None:
    content = client_of("model_owner").get(reverse("import_page", args=[rejecting(cast).pk])).content.decode()
    assert "Roll back" not in content
    assert "Import a file" not in client_of("model_owner").get(reverse("import_list")).content.decode()
