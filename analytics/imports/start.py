"""Start an import: look at the source and the options, make the job's row, wake a worker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.errors import InvalidInput, NeuralinkError
from analytics.imports import mapping
from analytics.imports.formats import format_named
from analytics.imports.rejected import mended
from analytics.imports.uploads import delete_upload, keep_upload
from analytics.jobs import wake
from analytics.models import ApiKey, Import, Kind, Member, Organisation, Upload


def create_import(
    organisation: Organisation,
    format: str,
    path: Path | str,
    *,
    source_name: str = "",
    options: Mapping[str, Any] | None = None,
    requested_by: Member | None = None,
    is_dry_run: bool = False,
    upload: Upload | None = None,
    mends: Import | None = None,
    wakes_worker: bool = False,
) -> Import:
    """Make the queued import; without `wakes_worker` whoever calls this works on it (the command does).

    Raises:
        InvalidInput: there is no such format or option, or the source cannot be of that format.
        NeuralinkError: the upload is being imported already.
    """
    source = Path(path).resolve()
    given = {name: value for name, value in (options or {}).items() if value not in (None, "", {}, [])}
    kind = format_named(format)
    kind.check_options(given)
    _check_common(given)
    kind(source, given).check()
    with transaction.atomic():
        if upload is not None:
            _take(upload, is_dry_run)
        import_ = Import.objects.create(
            organisation=organisation,
            format=format,
            source_name=source_name or source.name,
            path=str(source),
            options=given,
            requested_by=requested_by,
            is_dry_run=is_dry_run,
            upload=upload,
            mends=mends,
            # Not yet lost: the sweeper waits a while before it wakes somebody for it.
            woken_at=timezone.now(),
        )
        if wakes_worker:
            wake(import_)
    return import_


def import_upload(
    upload: Upload,
    format: str,
    options: Mapping[str, Any],
    *,
    requested_by: Member | None = None,
    is_dry_run: bool = False,
    mends: Import | None = None,
) -> Import:
    """Have a worker import a complete upload; the choices are remembered for it, and for files with its columns.

    Raises:
        InvalidInput: as for `create_import`.
        NeuralinkError: the upload is not complete, or is being imported already.
    """
    if not upload.is_complete:
        raise NeuralinkError(
            _("Of %(name)s only %(there)s of %(all)s bytes have come. Go on with the upload first.")
            % {"name": upload.file_name, "there": f"{upload.n_received:,}", "all": f"{upload.n_bytes:,}"}
        )
    columns = mapping.columns_of(upload, options)
    import_ = create_import(
        upload.organisation,
        format,
        upload.path,
        source_name=upload.file_name,
        options=options,
        requested_by=requested_by,
        is_dry_run=is_dry_run,
        upload=upload,
        mends=mends or mended(upload.organisation, columns),
        wakes_worker=True,
    )
    mapping.remember(upload, columns, format, import_.options)
    return import_


def import_file(by: Member | ApiKey, file: UploadedFile[Any], format: str, **choices: Any) -> Import:
    """Import a file that came whole in one request; one that is refused is not kept.

    Raises:
        NeuralinkError: as for `import_upload`.
    """
    upload = keep_upload(by, file)
    try:
        return import_upload(upload, format, **choices)
    except NeuralinkError:
        delete_upload(upload)
        raise


def _take(upload: Upload, is_dry_run: bool) -> None:
    """Refuse to read one upload twice at a time: its row is locked, so of two who ask at once one is refused."""
    Upload.objects.select_for_update(no_key=True).filter(pk=upload.pk).first()
    same = Import.objects.unfinished().filter(organisation=upload.organisation_id, is_dry_run=is_dry_run)
    running = same.filter(Q(upload=upload) | Q(upload__sha256=upload.sha256, upload__n_bytes=upload.n_bytes)).first()
    if running is not None:
        raise NeuralinkError(
            _("This file is being imported already, as %(import)s. Wait for it, or cancel it first.")
            % {"import": running}
        )
    Upload.objects.filter(pk=upload.pk).update(touched_at=timezone.now())


def _check_common(options: Mapping[str, Any]) -> None:
    if "time_zone" in options:
        try:
            ZoneInfo(options["time_zone"])
        except (KeyError, ValueError, TypeError, OSError) as error:
            raise InvalidInput(
                _("There is no time zone %(zone)r. Give an IANA name, for example Europe/Madrid.")
                % {"zone": options["time_zone"]},
                "time_zone",
            ) from error
    if "default_kind" in options and options["default_kind"] not in Kind.values:
        raise InvalidInput(
            _("There is no kind %(kind)r of activity. The kinds are: %(kinds)s.")
            % {"kind": options["default_kind"], "kinds": ", ".join(Kind.values)},
            "default_kind",
        )
