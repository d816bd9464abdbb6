"""Uploads: a file comes in pieces, and lies where the worker finds it.

A piece is written behind what has come, and then counted by the row, which is locked meanwhile: a process that dies
between the two leaves bytes that do not count, and the sender goes on at the offset that the row tells.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import time
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.errors import InvalidInput, NeuralinkError
from analytics.models import ApiKey, Import, Member, Upload

SPARE_BYTES = 256 * 2**20
"""What must stay free on the disk beside the uploads."""
SHA256 = re.compile(r"[0-9a-f]{64}")


def begin_upload(
    by: Member | ApiKey, file_name: str, n_bytes: int, *, sha256: str = "", resume_key: str = ""
) -> tuple[Upload, bool]:
    """The upload, and whether it is new: one that the same sender began with the same `resume_key` goes on.

    Raises:
        InvalidInput: the file is empty, or larger than NEURALINK_UPLOAD_BYTES, than what the quota or the disk leave.
    """
    if resume_key:
        again = Upload.objects.of(by).unfinished().filter(resume_key=resume_key, n_bytes=n_bytes).first()
        if again is not None:
            return again, False
    _check_size(n_bytes)
    _check_sha256(sha256)
    with transaction.atomic():
        # Locks the sender: two uploads that begin at once must not both find room in the quota.
        type(by)._default_manager.select_for_update(no_key=True).get(pk=by.pk)
        _check_quota(by, n_bytes)
        folder = _folders() / uuid.uuid4().hex
        folder.mkdir(parents=True)
        path = folder / _harmless(file_name)
        path.touch()
        return Upload.objects.create(
            organisation_id=by.organisation_id,
            by_member=by if isinstance(by, Member) else None,
            by_key=by if isinstance(by, ApiKey) else None,
            file_name=file_name[:500].replace("\0", "") or path.name,
            path=str(path),
            n_bytes=n_bytes,
            sha256=sha256.lower(),
            resume_key=resume_key,
            touched_at=timezone.now(),
        ), True


def append(upload: Upload, offset: int, chunk: bytes, sha256: str = "") -> Upload:
    """Write a piece that begins at byte `offset`; the upload as it stands then.

    Raises:
        NeuralinkError: the piece begins elsewhere than where the upload ends, or the whole has another SHA-256.
        InvalidInput: it reaches beyond the end of the file, or came damaged.
    """
    if sha256 and hashlib.sha256(chunk).hexdigest() != sha256.lower():
        raise InvalidInput(_("The piece at byte %s came damaged: its SHA-256 is another. Send it again.") % offset)
    with transaction.atomic():
        upload = Upload.objects.select_for_update(no_key=True).get(pk=upload.pk)
        if offset != upload.n_received:
            raise NeuralinkError(
                _("The upload goes on at byte %(there)s, and the piece begins at byte %(offset)s.")
                % {"there": upload.n_received, "offset": offset}
            )
        if offset + len(chunk) > upload.n_bytes:
            raise InvalidInput(_("The piece ends beyond the %s bytes that were announced.") % upload.n_bytes)
        _write(upload, offset, chunk)
        upload.n_received, upload.touched_at = offset + len(chunk), timezone.now()
        upload.save(update_fields=["n_received", "touched_at"])
    if upload.is_complete:
        _check_whole(upload)
    return upload


def keep_upload(by: Member | ApiKey, file: UploadedFile[Any]) -> Upload:
    """Keep a file that came whole, in one form.

    Raises:
        InvalidInput: as for `begin_upload`.
    """
    upload, _is_new = begin_upload(by, file.name or "upload", file.size or 0)
    with open(upload.path, "wb") as kept:
        shutil.copyfileobj(file, kept, 2**20)
    upload.n_received = upload.n_bytes
    upload.save(update_fields=["n_received"])
    _check_whole(upload)
    return upload


def delete_upload(upload: Upload) -> None:
    """Delete row and file.

    Raises:
        NeuralinkError: an import reads it.
    """
    with transaction.atomic():
        Upload.objects.select_for_update().filter(pk=upload.pk).first()
        if Import.objects.unfinished().filter(upload=upload).exists():
            raise NeuralinkError(_("%s is being imported. Cancel the import first.") % upload.file_name)
        Upload.objects.filter(pk=upload.pk).delete()
    shutil.rmtree(Path(upload.path).parent, ignore_errors=True)


def expires_at(upload: Upload) -> datetime:
    return upload.touched_at + timedelta(hours=settings.NEURALINK_UPLOAD_HOURS)


def forget_old_uploads() -> None:
    """Delete uploads that nobody touched for long, and folders that no row knows of any more."""
    kept_seconds = settings.NEURALINK_UPLOAD_HOURS * 3600
    old = Upload.objects.filter(touched_at__lt=timezone.now() - timedelta(seconds=kept_seconds))
    reading = Import.objects.unfinished().filter(upload__isnull=False).values("upload")
    for upload in old.exclude(pk__in=reading)[:100]:
        delete_upload(upload)
    known = {Path(path).parent for path in Upload.objects.values_list("path", flat=True)}
    known |= {Path(path).parent for path in Import.objects.unfinished().values_list("path", flat=True)}
    for folder in _folders().glob("*"):
        if folder not in known and folder.stat().st_mtime < time.time() - kept_seconds:
            shutil.rmtree(folder, ignore_errors=True)


def _folders() -> Path:
    return Path(settings.MEDIA_ROOT) / "imports"


def _check_size(n_bytes: int) -> None:
    if n_bytes < 1:
        raise InvalidInput(_("The file is empty."), "file")
    if n_bytes > settings.NEURALINK_UPLOAD_BYTES:
        raise InvalidInput(
            _("The file has %(n)s bytes; at most %(most)s may be uploaded. Import it with the command instead.")
            % {"n": f"{n_bytes:,}", "most": f"{settings.NEURALINK_UPLOAD_BYTES:,}"},
            "file",
        )


def _check_sha256(sha256: str) -> None:
    if sha256 and not SHA256.fullmatch(sha256.lower()):
        raise InvalidInput(_("A SHA-256 has 64 hexadecimal digits; %r has not.") % sha256[:80], "sha256")


def _check_quota(by: Member | ApiKey, n_bytes: int) -> None:
    kept = Upload.objects.of(by).aggregate(n=Sum("n_bytes"))["n"] or 0
    if kept + n_bytes > settings.NEURALINK_UPLOAD_QUOTA_BYTES:
        raise InvalidInput(
            _("Your uploads hold %(kept)s of %(most)s bytes; %(n)s more do not fit. Delete uploads you do not need.")
            % {"kept": f"{kept:,}", "most": f"{settings.NEURALINK_UPLOAD_QUOTA_BYTES:,}", "n": f"{n_bytes:,}"},
            "file",
        )
    _folders().mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(_folders()).free < n_bytes + SPARE_BYTES:
        raise InvalidInput(_("The disk of the data folder is full; free some space and upload again."), "file")


def _write(upload: Upload, offset: int, chunk: bytes) -> None:
    try:
        with open(upload.path, "r+b") as file:
            file.truncate(offset)
            file.seek(offset)
            file.write(chunk)
    except FileNotFoundError as error:
        raise NeuralinkError(_("The upload was deleted. Begin it again.")) from error
    except OSError as error:
        raise NeuralinkError(_("The piece could not be written: %s. Try again later.") % error.strerror) from error


def _check_whole(upload: Upload) -> None:
    """Compare with the SHA-256 that was announced; without one, note it: it tells when the same file comes again."""
    with open(upload.path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if not upload.sha256:
        upload.sha256 = found
        upload.save(update_fields=["sha256"])
    elif found != upload.sha256:
        Upload.objects.filter(pk=upload.pk).update(n_received=0)
        raise NeuralinkError(
            _("The file came damaged: its SHA-256 is %(found)s, and %(told)s was announced. Send it again from byte 0.")
            % {"found": found, "told": upload.sha256}
        )


def _harmless(name: str) -> str:
    plain = re.sub(r"[^\w.\- ()]", "_", Path(name).name).strip(". ")
    return plain[-100:] or "upload"
