"""Take an import out again: its events, and what only it told of."""

from __future__ import annotations

from typing import Any, cast

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.aggregates import rollups
from analytics.errors import NeuralinkError
from analytics.foreign_keys import unchecked
from analytics.imports import clock
from analytics.imports.projector import fates
from analytics.jobs import Lease, wake
from analytics.models import Activity, Enrolment, Event, EventKey, Import, Learner, Member, RollBack

DAYS = """
INSERT INTO analytics_dirtyday (organisation_id, "on", lost_activities)
SELECT %(organisation)s, day, array_agg(activity_id) FROM (
    SELECT DISTINCT (occurred_at AT TIME ZONE 'UTC')::date AS day, activity_id
    FROM analytics_event WHERE organisation_id = %(organisation)s AND from_import_id = ANY(%(imports)s)
) gone
GROUP BY day
"""
EVENTS = "DELETE FROM analytics_event WHERE organisation_id = %(organisation)s AND from_import_id = ANY(%(imports)s)"


CHUNK_ROWS = 2000


def request_roll_back(import_: Import, by: Member | None = None) -> RollBack:
    """Have a worker take the import out; the job that does so already, if there is one.

    Raises:
        NeuralinkError: it was rolled back before, was a dry run, or still runs.
    """
    with transaction.atomic():
        locked = Import.objects.select_for_update(no_key=True).get(pk=import_.pk)
        waiting = RollBack.objects.unfinished().filter(from_import=locked).first()
        if waiting is not None:
            return cast("RollBack", waiting)
        _check(locked)
        job = RollBack.objects.create(
            organisation_id=locked.organisation_id, from_import=locked, requested_by=by, woken_at=timezone.now()
        )
        wake(job)
    return job


def work_on(lease: Lease) -> None:
    """Do the roll-back of the lease, whole or not at all.

    Raises:
        NeuralinkError: as for `roll_back`.
        LeaseLost: another process works on it; nothing was taken out.
        JobCancelled: somebody asked for that; nothing was taken out.
    """
    job = cast("RollBack", lease.job)
    lease.report(0.0, _("Taking out what %s brought") % job.from_import)
    with transaction.atomic():
        gone = _take_out(job.from_import)
        lease.confirm(**{f"n_{name}": n for name, n in gone.items()})


def roll_back(import_: Import) -> int:
    """Take a finished import out at once; how many events that were.

    Imports of the same source stand or fall together, because one may have gone on where another ended. Afterwards
    the source can be imported anew.

    Raises:
        NeuralinkError: it was rolled back before, was a dry run, or still runs.
    """
    with transaction.atomic():
        gone = _take_out(import_)
    import_.refresh_from_db()
    return gone["events"]


def _take_out(import_: Import) -> dict[str, int]:
    """What of each went: events, and enrolments, learners and activities of which nothing else tells."""
    rollups.alone_with(import_.organisation_id)
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
    clock.start_again(import_.organisation_id)
    n_enrolments = _delete(unused(Enrolment, import_.organisation_id).exclude(Exists(EVENTS_IN_COURSE)))
    n_learners = _delete(unused(Learner, import_.organisation_id))
    n_activities = 0
    while n_leaves := _delete(unused(Activity, import_.organisation_id)):  # the parts before what holds them
        n_activities += n_leaves
    rollups.request_refresh(import_.organisation_id)
    return {"events": n_events, "enrolments": n_enrolments, "learners": n_learners, "activities": n_activities}


EVENTS_IN_COURSE = Event.objects.filter(
    Q(activity=OuterRef("course")) | Q(activity__course=OuterRef("course")),
    organisation=OuterRef("organisation"),
    learner=OuterRef("learner"),
)


def unused(model: type[Any], organisation_id: int) -> QuerySet[Any]:
    """The rows that only an import told of that was rolled back, and that nothing names but what is derived from them.

    Models say by `is_derived` that their rows go with what they name.
    """
    rows: QuerySet[Any] = model.objects.filter(organisation=organisation_id, from_import__rolled_back_at__isnull=False)
    for relation in model._meta.get_fields(include_hidden=True):
        if relation.concrete or not relation.auto_created or getattr(relation.related_model, "is_derived", False):
            continue
        names = relation.related_model._base_manager.filter(**{relation.field.name: OuterRef("pk")})
        rows = rows.exclude(Exists(names))
    return rows


def _delete(rows: QuerySet[Any]) -> int:
    """Delete rows that nothing names, and what is derived from them, some at a time; how many.

    They are locked, looked at again, and deleted with the foreign keys unchecked: events have no index by activity,
    and each activity would have been looked for among all of them (a second each on 10 M events).
    """
    locked = list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    ids = list(rows.filter(pk__in=locked).values_list("pk", flat=True))
    with unchecked():
        for start in range(0, len(ids), CHUNK_ROWS):
            rows.model.objects.filter(pk__in=ids[start : start + CHUNK_ROWS]).delete()
    return len(ids)


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
