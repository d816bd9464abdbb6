"""Keep an uploaded file where the worker finds it."""

from __future__ import annotations

import re
import shutil
import time
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from analytics.errors import InvalidInput
from analytics.models import Import

KEPT_SECONDS = 86_400
SPARE_BYTES = 256 * 2**20
"""What must stay free on the disk beside the upload."""


def keep_upload(file: UploadedFile[Any]) -> Path:
    """Write the upload to a folder of its own below the data folder, under its own (harmless) name.

    Raises:
        InvalidInput: it is larger than NEURALINK_UPLOAD_BYTES or than the disk's free space.
    """
    n_bytes = file.size or 0
    if n_bytes > settings.NEURALINK_UPLOAD_BYTES:
        raise InvalidInput(
            _("The file has %(n)s bytes; at most %(most)s may be uploaded. Import it with the command instead.")
            % {"n": f"{n_bytes:,}", "most": f"{settings.NEURALINK_UPLOAD_BYTES:,}"},
            "file",
        )
    folder = Path(settings.MEDIA_ROOT) / "imports" / uuid.uuid4().hex
    folder.mkdir(parents=True)
    if shutil.disk_usage(folder).free < n_bytes + SPARE_BYTES:
        folder.rmdir()
        raise InvalidInput(_("The disk of the data folder is full; free some space and upload again."), "file")
    path = folder / _harmless(file.name or "upload")
    with open(path, "xb") as kept:
        for chunk in file.chunks():
            kept.write(chunk)
    return path


def forget_old_uploads() -> None:
    """Delete uploads of which the import ended long ago: their rows are in, or their verdicts tell of them."""
    folders = Path(settings.MEDIA_ROOT) / "imports"
    latest = time.time() - KEPT_SECONDS
    for folder in folders.glob("*"):
        if folder.stat().st_mtime < latest and not Import.objects.unfinished().filter(path__startswith=folder).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _harmless(name: str) -> str:
    plain = re.sub(r"[^\w.\- ()]", "_", Path(name).name).strip(". ")
    return plain[-100:] or "upload"
