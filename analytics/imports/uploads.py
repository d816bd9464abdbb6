"""Keep an uploaded file where the worker finds it."""

from __future__ import annotations

import re
import shutil
import uuid
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from analytics.errors import InvalidInput

SPARE_BYTES = 256 * 2**20
"""What must stay free on the disk beside the upload."""


def keep_upload(file: UploadedFile) -> Path:
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


def _harmless(name: str) -> str:
    plain = re.sub(r"[^\w.\- ()]", "_", Path(name).name).strip(". ")
    return plain[-100:] or "upload"
