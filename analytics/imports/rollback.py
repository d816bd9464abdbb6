"""Take the events of an import out again."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.aggregates.rollups import request_refresh
from analytics.errors import NeuralinkError
from analytics.imports.projector import fates
from analytics.models import EventKey, Import

DAYS = """
INSERT INTO analytics_dirtyday (organisation_id, "on")
SELECT DISTINCT %(organisation)s, (occurred_at AT TIME ZONE 'UTC')::date
FROM analytics_event WHERE organisation_id = %(organisation)s AND from_import_id = ANY(%(imports)s)
"""
EVENTS = "DELETE FROM analytics_event WHERE organisation_id = %(organisation)s AND from_import_id = ANY(%(imports)s)"


def roll_back(import_: Import) -> int:
    """Delete the events that a finished import brought, and have the day tables refreshed; how many events.

    Imports of the same source stand or fall together, because one may have gone on where another ended. Learners,
    activities and enrolments stay: other imports may lean on them by now. Afterwards the source can be imported anew.

    Raises:
        NeuralinkError: it was rolled back before, was a dry run, or still runs.
    """
    with transaction.atomic():
        same = _same_source(import_)
        for each in same:
            _check(each)
        imports = [each.pk for each in same]
        values: dict[str, Any] = {"organisation": import_.organisation_id, "imports": imports}
        with connection.cursor() as cursor:
            cursor.execute(DAYS, values)
            cursor.execute(EVENTS, values)
            n_events = int(cursor.rowcount)
        EventKey.objects.filter(from_import__in=imports).delete()
        fates.roll_back(import_.organisation_id, imports)
        Import.objects.filter(pk__in=imports).update(rolled_back_at=timezone.now())
        request_refresh(import_.organisation_id)
    import_.refresh_from_db()
    return n_events


def _same_source(import_: Import) -> list[Import]:
    rows = Import.objects.select_for_update().filter(organisation=import_.organisation_id).order_by("pk")
    if import_.fingerprint and not import_.is_dry_run and import_.rolled_back_at is None:
        return list(rows.filter(fingerprint=import_.fingerprint, is_dry_run=False, rolled_back_at__isnull=True))
    return list(rows.filter(pk=import_.pk))


def _check(import_: Import) -> None:
    if import_.rolled_back_at is not None:
        raise NeuralinkError(_("%(name)s was rolled back before.") % {"name": import_})
    if import_.is_dry_run:
        raise NeuralinkError(_("%(name)s was a dry run, so there is nothing to roll back.") % {"name": import_})
    if not import_.is_finished:
        raise NeuralinkError(_("%(name)s still runs; cancel it or wait, then roll it back.") % {"name": import_})
