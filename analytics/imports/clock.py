"""The clock of an organisation that holds nothing but an archive of the past: it stands at the archive's end."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.imports import load
from analytics.models import Import, Organisation

ARCHIVE_AGE = timedelta(days=365)


def stop(import_: Import) -> str:
    """Let the organisation live when the archive ended, if it holds nothing else; a sentence of it."""
    others = _standing(import_.organisation_id).exclude(pk=import_.pk)
    as_of = None if others.exists() else load.ended_at(import_.organisation_id)
    if as_of is None or as_of > timezone.now() - ARCHIVE_AGE:
        return ""
    if not Organisation.objects.filter(pk=import_.organisation_id, as_of__isnull=True).update(as_of=as_of):
        return ""
    return " " + _("The data ended long ago, so the organisation's clock now stands at %(at)s.") % {
        "at": f"{as_of:%Y-%m-%d %H:%M} UTC"
    }


def start_again(organisation_id: int) -> None:
    """Let an organisation that holds nothing any more live today."""
    if not _standing(organisation_id).exists():
        Organisation.objects.filter(pk=organisation_id).update(as_of=None)


def _standing(organisation_id: int) -> QuerySet[Import]:
    """Imports of which something is there."""
    return Import.objects.filter(
        organisation=organisation_id, n_accepted__gt=0, is_dry_run=False, rolled_back_at__isnull=True
    )
