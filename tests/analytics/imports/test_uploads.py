"""Uploads come in pieces that may break off anywhere, and are kept where the worker finds them."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from analytics.errors import InvalidInput, NeuralinkError
from analytics.imports import uploads
from analytics.imports.uploads import append, begin_upload, delete_upload, keep_upload
from analytics.models import Import, JobState, Member, Upload
from tests.cast import Cast

CONTENT = b"learner,activity\n" + bytes(range(256)) * 4
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def by(cast: Cast) -> Member:
    return cast.north.members["administrator"]


@pytest.mark.parametrize(
    ("name", "kept_as"),
    [
        ("events.csv", "events.csv"),
        ("../../etc/passwd", "passwd"),
        ("März 2024 (1).csv", "März 2024 (1).csv"),
        ("a;b|c$.csv", "a_b_c_.csv"),
        ("x" * 300 + ".csv", "x" * 96 + ".csv"),
    ],
)
def test_names(by: Member, media: Path, name: str, kept_as: str) -> None:
    first, second = (keep_upload(by, SimpleUploadedFile(name, b"learner\n")) for _ in range(2))
    assert Path(first.path).name == Path(second.path).name == kept_as
    assert first.path != second.path
    assert media in Path(first.path).parents
    assert Path(first.path).read_bytes() == b"learner\n"
    assert first.is_complete


@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cuts=st.lists(st.integers(0, len(CONTENT)), max_size=6), lost=st.data())
def test_pieces_of_any_size_and_lost_answers_make_the_file(by: Member, cuts: list[int], lost: st.DataObject) -> None:
    upload, _ = begin_upload(by, "a.csv", len(CONTENT), sha256=SHA256)
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(CONTENT)], strict=True):
        upload = append(upload, start, CONTENT[start:end])
        if end > start and lost.draw(st.booleans()):  # the answer got lost, and the piece is sent again
            with pytest.raises(NeuralinkError, match=f"goes on at byte {end}"):
                append(upload, start, CONTENT[start:end])
        # Written, but its transaction died: what lies behind the offset does not count.
        with open(upload.path, "ab") as file:
            file.write(b"remains")
    assert upload.is_complete
    assert Path(upload.path).read_bytes().removesuffix(b"remains") == CONTENT
    assert Upload.objects.complete().filter(pk=upload.pk).exists()


def test_the_same_file_goes_on_where_it_stopped(by: Member, cast: Cast) -> None:
    first, is_new = begin_upload(by, "a.csv", 10, resume_key="a|10|1")
    assert is_new
    append(first, 0, b"1234")
    again, is_new = begin_upload(by, "a.csv", 10, resume_key="a|10|1")
    assert (again.pk, again.n_received, is_new) == (first.pk, 4, False)
    assert begin_upload(by, "a.csv", 11, resume_key="a|10|1")[1], "another size is another file"
    assert begin_upload(cast.south.members["administrator"], "a.csv", 10, resume_key="a|10|1")[1]


def test_pieces_that_do_not_fit(by: Member) -> None:
    upload, _ = begin_upload(by, "a.csv", 4)
    with pytest.raises(NeuralinkError, match="goes on at byte 0, and the piece begins at byte 2"):
        append(upload, 2, b"34")
    with pytest.raises(InvalidInput, match="beyond the 4 bytes"):
        append(upload, 0, b"12345")
    with pytest.raises(InvalidInput, match="came damaged"):
        append(upload, 0, b"1234", hashlib.sha256(b"1235").hexdigest())
    assert append(upload, 0, b"1234", hashlib.sha256(b"1234").hexdigest()).sha256


def test_a_whole_that_came_damaged_begins_again(by: Member) -> None:
    upload, _ = begin_upload(by, "a.csv", 4, sha256=hashlib.sha256(b"1234").hexdigest())
    with pytest.raises(NeuralinkError, match="Send it again from byte 0"):
        append(upload, 0, b"1235")
    upload.refresh_from_db()
    assert append(upload, 0, b"1234").is_complete


def test_limits(by: Member, settings: Any) -> None:
    settings.NEURALINK_UPLOAD_BYTES = 3
    with pytest.raises(InvalidInput, match="has 4 bytes; at most 3"):
        keep_upload(by, SimpleUploadedFile("events.csv", b"1234"))
    with pytest.raises(InvalidInput, match="empty"):
        begin_upload(by, "a.csv", 0)
    settings.NEURALINK_UPLOAD_BYTES, settings.NEURALINK_UPLOAD_QUOTA_BYTES = 100, 10
    kept = begin_upload(by, "a.csv", 8)[0]
    with pytest.raises(InvalidInput, match="hold 8 of 10 bytes; 3 more do not fit"):
        begin_upload(by, "b.csv", 3)
    delete_upload(kept)
    assert begin_upload(by, "b.csv", 3)


def test_old_uploads_are_forgotten(by: Member, media: Path) -> None:
    done, waiting, broken_off, fresh = (begin_upload(by, "a.csv", 4)[0] for _ in range(4))
    Import.objects.create(organisation=by.organisation, upload=done, state=JobState.SUCCEEDED)
    Import.objects.create(organisation=by.organisation, upload=waiting, path=waiting.path)
    stray = media / "imports" / "stray"
    stray.mkdir()
    os.utime(stray, (0, 0))
    long_ago = timezone.now() - timedelta(days=30)
    Upload.objects.filter(pk__in=[done.pk, waiting.pk, broken_off.pk]).update(touched_at=long_ago)
    uploads.forget_old_uploads()
    assert set(Upload.objects.all()) == {waiting, fresh}
    there = [Path(upload.path).exists() for upload in (done, waiting, broken_off, fresh)]
    assert there == [False, True, False, True]
    assert not stray.exists()


def test_what_is_being_imported_stays(by: Member) -> None:
    upload = begin_upload(by, "a.csv", 4)[0]
    Import.objects.create(organisation=by.organisation, upload=upload, state=JobState.RUNNING)
    with pytest.raises(NeuralinkError, match="is being imported"):
        delete_upload(upload)


def test_a_full_disk(by: Member, media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads.shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(InvalidInput, match="disk of the data folder is full"):
        keep_upload(by, SimpleUploadedFile("events.csv", b"1234"))
    assert not list((media / "imports").iterdir())
