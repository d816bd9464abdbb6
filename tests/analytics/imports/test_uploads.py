"""Uploads are kept where the worker finds them, under harmless names."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from analytics.errors import InvalidInput
from analytics.imports import uploads
from analytics.imports.uploads import keep_upload
from analytics.models import Import, JobState, Organisation


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


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
def test_names(media: Path, name: str, kept_as: str) -> None:
    first, second = (keep_upload(SimpleUploadedFile(name, b"learner\n")) for _ in range(2))
    assert first.name == second.name == kept_as
    assert first != second
    assert media in first.parents
    assert first.read_bytes() == b"learner\n"


def test_too_large(settings: Any) -> None:
    settings.NEURALINK_UPLOAD_BYTES = 3
    with pytest.raises(InvalidInput, match="has 4 bytes; at most 3"):
        keep_upload(SimpleUploadedFile("events.csv", b"1234"))


def test_old_uploads_are_forgotten(db: None) -> None:
    organisation = Organisation.objects.create(slug="up", name="Up")
    old, waiting, fresh = (keep_upload(SimpleUploadedFile("events.csv", b"1234")) for _ in range(3))
    Import.objects.create(organisation=organisation, path=str(old), state=JobState.SUCCEEDED)
    Import.objects.create(organisation=organisation, path=str(waiting))
    for path in (old, waiting):
        os.utime(path.parent, (0, 0))
    uploads.forget_old_uploads()
    assert [path.exists() for path in (old, waiting, fresh)] == [False, True, True]


def test_a_full_disk(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads.shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(InvalidInput, match="disk of the data folder is full"):
        keep_upload(SimpleUploadedFile("events.csv", b"1234"))
    assert not list((media / "imports").iterdir())
