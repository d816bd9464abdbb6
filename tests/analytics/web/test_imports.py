"""Imports by page: upload, progress, ledger, verdicts, cancel, roll back."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from analytics.imports.uploads import begin_upload
from analytics.models import Event, Import, JobState, RollBack, RowVerdict, Upload, Verdict
from analytics.tasks import roll_back
from analytics.web.import_words import pace
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


def upload(client: Client, text: str | bytes, name: str = "rows.csv") -> Any:
    content = text if isinstance(text, bytes) else text.encode()
    return client.post(reverse("import_new"), {"file": SimpleUploadedFile(name, content)})


def page_of(client: Client, text: str | bytes) -> tuple[str, dict[str, Any]]:
    """The address of the uploaded file's page, and what its form would send as it stands."""
    url = upload(client, text)["Location"]
    return url, sent(client.get(url))


def sent(response: Any) -> dict[str, Any]:
    """What the form on the page would send as it stands."""
    form = response.context["form"]
    fields = {field.html_name: field.value() or "" for field in form}
    return fields | {"shown_format": fields["format"], "shown_columns": response.context["columns_hash"]}


def latest(cast: Cast) -> Import:
    return Import.objects.filter(organisation=cast.north.organisation).latest("pk")


@pytest.mark.django_db(transaction=False)
def test_an_upload_is_looked_at_and_imported(
    cast: Cast, administrator: Client, woken: list[Message], django_capture_on_commit_callbacks: Any
) -> None:
    text = ROWS.format(at=cast.north.events[0].occurred_at.isoformat())
    url, fields = page_of(administrator, text)
    assert (fields["format"], fields["column_0"], fields["column_1"]) == ("csv", "learner", "activity")
    with django_capture_on_commit_callbacks(execute=True):
        response = administrator.post(url, fields | {"import": ""})
    import_ = latest(cast)
    assert response["Location"] == reverse("import_page", args=[import_.pk])
    assert (import_.state, import_.source_name, import_.is_dry_run) == (JobState.QUEUED, "rows.csv", False)
    names = ("learner", "activity", "verb", "at", "value", "unit")
    assert import_.options == {"columns": {name: {"learner": "who"}.get(name, name) for name in names}}
    assert import_.requested_by == cast.north.members["administrator"]
    assert Path(import_.path).read_text() == text
    assert woken == [Message("analytics.tasks.run_import", (import_.pk,), "import")]
    assert b"being imported already" in administrator.post(url, fields | {"import": ""}).content


def test_what_was_chosen_is_remembered_for_the_columns(cast: Cast, administrator: Client) -> None:
    text = "a,b,c,d\nx,y,viewed,2026-10-01T10:00:00Z\n"
    url, fields = page_of(administrator, text)
    assert fields["column_0"] == ""
    chosen = fields | {f"column_{n}": name for n, name in enumerate(("learner", "activity", "verb", "at"))}
    assert administrator.post(url, chosen | {"dry_run": "", "time_zone": "Asia/Tokyo"}).status_code == 302
    assert latest(cast).is_dry_run
    again = administrator.get(upload(administrator, "d,c,b,a\n2026-10-02T10:00:00Z,viewed,y,x\n")["Location"])
    assert b"as for the last such file" in again.content
    assert [sent(again)[f"column_{n}"] for n in range(4)] == ["at", "verb", "activity", "learner"]
    assert sent(again)["time_zone"] == "Asia/Tokyo"


def test_a_wrong_choice_that_is_remembered_can_be_left(cast: Cast, administrator: Client) -> None:
    text = "learner,activity,verb,at,who\nx,y,viewed,2026-10-01T10:00:00Z,z\n"
    url, fields = page_of(administrator, text)
    administrator.post(url, fields | {"column_0": "", "column_4": "learner", "dry_run": ""})
    again = administrator.get(upload(administrator, text.replace("x,y", "x,w"))["Location"])
    assert [sent(again)[f"column_{n}"] for n in (0, 4)] == ["", "learner"]
    anew = administrator.post(again.wsgi_request.path, sent(again) | {"suggest": ""})
    assert [sent(anew)[f"column_{n}"] for n in (0, 4)] == ["learner", ""]
    assert b"as for the last such file" not in anew.content


def test_another_look_keeps_what_is_chosen(cast: Cast, administrator: Client) -> None:
    url, fields = page_of(administrator, ROWS.format(at="2026-10-01T10:00:00Z"))
    looked = administrator.post(url, fields | {"column_4": "", "default_kind": "video"})
    assert (sent(looked)["column_4"], sent(looked)["default_kind"]) == ("", "video")
    assert b"error" not in looked.content
    other = administrator.post(url, fields | {"delimiter": ";"})
    assert [column.name for column in other.context["look"].columns] == ["who,activity,verb,at,value,unit"]
    assert latest(cast) == cast.north.from_import, "a look starts nothing"


def test_steps_of_cleaning_are_left_out(cast: Cast, administrator: Client) -> None:
    url, fields = page_of(administrator, ROWS.format(at="2026-10-01T10:00:00Z"))
    fields["steps_on"].remove("numbers")
    looked = administrator.post(url, fields)
    assert "only numbers with a decimal point are read" in looked.content.decode()
    administrator.post(url, sent(looked) | {"import": ""})
    import_ = latest(cast)
    assert import_.options["steps_off"] == ["numbers"]
    Import.objects.filter(pk=import_.pk).update(counts_by_step={"trim@1": 7})
    page = administrator.get(reverse("import_page", args=[import_.pk]))
    assert [(step["code"], step["n"], step["is_off"]) for step in page.context["steps"]] == [
        ("trim@1", 7, False),
        ("numbers", 0, True),
    ]


def test_open_dates_are_asked(cast: Cast, administrator: Client) -> None:
    url, fields = page_of(administrator, "learner,activity,verb,at\na,b,viewed,03/04/2025\n")
    page = administrator.get(url).content.decode()
    assert "Which comes first, day or month?" in page
    assert "03/04/2025" in page
    refused = administrator.post(url, fields | {"import": ""})
    assert "Say what comes first" in refused.context["form"].errors["date_order"][0]
    assert administrator.post(url, fields | {"import": "", "date_order": "dmy"}).status_code == 302
    assert latest(cast).options["date_order"] == "dmy"


def test_columns_that_do_not_do(cast: Cast, administrator: Client) -> None:
    url, fields = page_of(administrator, ROWS.format(at="2026-10-01T10:00:00Z"))
    refused = administrator.post(url, fields | {"import": "", "column_1": "learner"}).content.decode()
    assert "Two columns of the file are mapped to: learner." in refused
    assert "No column of the file is mapped to: activity." in refused
    assert "These are no times" in administrator.post(url, fields | {"column_3": "", "column_2": "at"}).content.decode()


def test_a_file_that_cannot_be_read_is_told_in_words(cast: Cast, administrator: Client) -> None:
    url, _fields = page_of(administrator, ROWS)
    Path(Upload.objects.get().path).write_bytes(b"PK\x03\x04 no archive at all")
    response = administrator.get(url)
    assert 'role="alert"' in response.content.decode()
    assert administrator.post(url, {"format": "csv", "import": ""}).status_code == 200
    assert latest(cast) == cast.north.from_import


def test_an_empty_file_and_no_file(administrator: Client, settings: Settings) -> None:
    assert "empty" in upload(administrator, "").content.decode()
    assert administrator.post(reverse("import_new")).context["form"].errors["file"]
    settings.NEURALINK_UPLOAD_BYTES = 3
    assert "at most 3 may be uploaded" in upload(administrator, ROWS).content.decode()


def test_a_dry_run_is_imported_for_good_with_one_click(cast: Cast, administrator: Client) -> None:
    url, fields = page_of(administrator, ROWS.format(at="2026-10-01T10:00:00Z"))
    administrator.post(url, fields | {"dry_run": ""})
    tried = latest(cast)
    Import.objects.filter(pk=tried.pk).update(state=JobState.SUCCEEDED)
    assert b"Import for good" in administrator.get(reverse("import_page", args=[tried.pk])).content
    administrator.post(reverse("import_again", args=[tried.pk]))
    made = latest(cast)
    assert (made.is_dry_run, made.options, made.upload) == (False, tried.options, tried.upload)
    Import.objects.filter(pk=tried.pk).update(upload=None)
    gone = administrator.post(reverse("import_again", args=[tried.pk]), follow=True)
    assert b"no longer on the server" in gone.content


def test_uploads_are_listed_and_deleted(cast: Cast, administrator: Client) -> None:
    upload(administrator, ROWS)
    begin_upload(cast.north.members["administrator"], "half.csv", 10)
    page = administrator.get(reverse("import_new")).content.decode()
    assert "choose the file again to go on" in page
    for each in Upload.objects.all():
        administrator.post(reverse("upload_delete", args=[each.pk]))
    assert not Upload.objects.exists()


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


def test_a_running_import_tells_its_pace(cast: Cast, administrator: Client) -> None:
    import_ = Import.objects.create(
        organisation=cast.north.organisation, format="csv", source_name="a.csv", state=JobState.RUNNING,
        progress_share=0.25, n_read=500, started_at=timezone.now() - timedelta(seconds=10),
    )  # fmt: skip
    shown = pace(import_)
    assert shown is not None
    assert shown.rows_per_second == pytest.approx(50, abs=2)
    assert shown.remaining_seconds == pytest.approx(30, abs=2)
    page = administrator.get(reverse("import_progress", args=[import_.pk])).content.decode()
    assert re.search(r"about 3\d s left", page), "the clock goes on while the page is made"
    Import.objects.filter(pk=import_.pk).update(progress_share=0.01)
    import_.refresh_from_db()
    assert (early := pace(import_)) is not None
    assert early.remaining_seconds is None


def test_the_list_counts_what_is_there(cast: Cast, administrator: Client) -> None:
    organisation = cast.north.organisation
    Import.objects.filter(organisation=organisation).update(n_accepted=1000)
    for of_what in ({"is_dry_run": True}, {"rolled_back_at": timezone.now()}):
        Import.objects.create(
            organisation=organisation,
            format="csv",
            source_name="a.csv",
            state=JobState.SUCCEEDED,
            n_accepted=7,
            **of_what,
        )
    n = Import.objects.filter(organisation=organisation, n_accepted=1000).count()
    answer = administrator.get(reverse("import_list")).context["answer"]
    assert f"{1000 * n:,} rows" in answer
    assert answer.startswith(f"{n} import")
    Import.objects.filter(n_accepted=1000).update(rolled_back_at=timezone.now())
    assert administrator.get(reverse("import_list")).context["answer"] == "Nothing has been imported yet."


def rejecting(cast: Cast) -> Import:
    import_ = Import.objects.create(
        organisation=cast.north.organisation, format="csv", source_name="a.csv", state=JobState.SUCCEEDED,
        checkpoint={"columns": {"a.csv": ["value", "learner"]}},
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
    assert response.context["codes"] == [
        ("at_unreadable", "Time: not to be read", 2),
        ("learner_missing", "Learner: missing", 1),
    ]
    repaired = administrator.get(url, {"verdict": "repaired"})
    assert [row.sentence for row in repaired.context["page"]] == ["Reason 4."]
    merged = administrator.get(url, {"verdict": "merged"})
    assert b"counted only" in merged.content


def test_rejected_rows_as_csv(cast: Cast, administrator: Client) -> None:
    import_ = rejecting(cast)
    response: Any = administrator.get(reverse("import_rejected", args=[import_.pk]))
    rows = list(csv.DictReader(io.StringIO(response.getvalue().decode())))
    assert list(rows[0]) == ["value", "learner", "unreadable_line", f"rejected_by_import_{import_.pk}"]
    assert [row["learner"] for row in rows] == ["'=cmd()", "'@x", ""]
    assert [row["value"] for row in rows] == ["-3.5", "", ""]
    assert rows[2]["unreadable_line"] == "'+broken"
    assert rows[0][f"rejected_by_import_{import_.pk}"] == "a.csv:1: Reason 1."


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
    assert "is being taken out" in response.content.decode()
    assert "hx-get" in response.content.decode()
    administrator.post(url)  # a second click changes nothing
    job = RollBack.objects.get(from_import=cast.north.from_import)
    roll_back(job.pk)
    assert not Event.objects.filter(organisation=cast.north.organisation).exists()
    assert Event.objects.filter(organisation=cast.south.organisation).exists()
    progress = administrator.get(reverse("import_progress", args=[job.from_import_id]), {"shown": "succeeded queued"})
    assert progress["HX-Refresh"] == "true"
    assert "events," in progress.content.decode()
    assert "rolled back before" in administrator.post(url, follow=True).content.decode()
    page = administrator.get(reverse("import_page", args=[job.from_import_id]))
    assert page.context["answer"].startswith("Rolled back: none of the ")
    assert ">Rolled back</span>" in page.content.decode()


def test_the_model_owner_looks_and_does_not_touch(cast: Cast, client_of: Callable[..., Client]) -> None:
    content = client_of("model_owner").get(reverse("import_page", args=[rejecting(cast).pk])).content.decode()
    assert "Roll back" not in content
    assert "Import a file" not in client_of("model_owner").get(reverse("import_list")).content.decode()
