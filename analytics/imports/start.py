"""Start an import: look at the source and the options, make the job's row, wake a worker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.errors import InvalidInput
from analytics.imports.formats import format_named
from analytics.jobs import wake
from analytics.models import Import, Kind, Member, Organisation


def start_import(
    organisation: Organisation,
    format: str,
    path: Path | str,
    *,
    source_name: str = "",
    options: Mapping[str, Any] | None = None,
    requested_by: Member | None = None,
    is_dry_run: bool = False,
) -> Import:
    """Make the queued import and wake a worker for it.

    Raises:
        InvalidInput: there is no such format or option, or the source cannot be of that format.
    """
    with transaction.atomic():
        import_ = create_import(
            organisation,
            format,
            path,
            source_name=source_name,
            options=options,
            requested_by=requested_by,
            is_dry_run=is_dry_run,
        )
        wake(import_)
    return import_


def create_import(
    organisation: Organisation,
    format: str,
    path: Path | str,
    *,
    source_name: str = "",
    options: Mapping[str, Any] | None = None,
    requested_by: Member | None = None,
    is_dry_run: bool = False,
) -> Import:
    """Make the queued import without waking anybody; whoever calls this works on it (the command does)."""
    source = Path(path).resolve()
    given = {name: value for name, value in (options or {}).items() if value not in (None, "", {})}
    kind = format_named(format)
    kind.check_options(given)
    _check_common(given)
    kind(source, given).check()
    return Import.objects.create(
        organisation=organisation,
        format=format,
        source_name=source_name or source.name,
        path=str(source),
        options=given,
        requested_by=requested_by,
        is_dry_run=is_dry_run,
        # Not yet lost: the sweeper waits a while before it wakes somebody for it.
        woken_at=timezone.now(),
    )


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
