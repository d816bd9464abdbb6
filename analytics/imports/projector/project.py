"""The projector: makes events of an organisation's statements, from where it ended the last time.

One at a time per organisation. A batch is one transaction: its events, the fates of its statements and the place
behind them. Whoever is killed leaves whole batches, and the next one goes on exactly there.
"""

from __future__ import annotations

import json
import logging
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from analytics.aggregates.rollups import request_refresh
from analytics.errors import JobCancelled, LeaseLost
from analytics.imports import load
from analytics.imports.partitions import ensure_months
from analytics.imports.projector import fates
from analytics.imports.projector.meaning import Meaning, bounded, meaning_of
from analytics.imports.projector.people import learners_of
from analytics.imports.projector.writing import Sheet, import_of_day
from analytics.jobs import Lease, commit_without_waiting
from analytics.lrs.consistency import consistent_through
from analytics.models import (
    Credential,
    Fate,
    Import,
    Organisation,
    Projection,
    ProjectionPlace,
    Statement,
    StatementFate,
    StatementLink,
    VerbMeaning,
)
from analytics.xapi.agents import identity_key

logger = logging.getLogger(__name__)
PROJECTOR_LOCK = 7_103
FAILED = "failed"
"""Code of a statement that the program could not take; the worker's log says why."""
LOOKS, PAUSE_SECONDS = 20, 0.05
"""Statements that are there but may yet have earlier neighbours are waited for: so often, so long."""
Group = tuple[int | None, int | None]
"""(import, credential): a file's statements belong to its import, others to the day of their credential."""


def project(lease: Lease) -> int:
    """Project all that the organisation's store holds beyond its place; how many statements that were.

    Whoever finds another process at it leaves it the work: that one looks once more after it has let go.

    Raises:
        LeaseLost, JobCancelled: the batches before stay.
    """
    organisation = cast("Projection", lease.job).organisation
    n_statements, n_before = 0, -1
    while n_statements > n_before and has_work(organisation.pk):
        n_before = n_statements
        with alone(organisation.pk) as is_alone:
            if not is_alone:
                break
            n_statements += _apply_meanings(organisation, lease)
            for batch in _new_batches(organisation.pk):
                project_surely(organisation, batch, lease)
                n_statements += len(batch)
                lease.report(0.0, _("%d statements") % n_statements, n_statements=n_statements)
    return n_statements


def has_work(organisation_id: int) -> bool:
    meanings = VerbMeaning.objects.filter(organisation=organisation_id, is_applied=False)
    return _beyond(organisation_id).exists() or meanings.exists()


@contextmanager
def alone(organisation_id: int) -> Iterator[bool]:
    """Whether nobody else projects the organisation; a lock of the session, so that it ends with the process."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [PROJECTOR_LOCK, organisation_id])
        (is_alone,) = cursor.fetchone()
        try:
            yield bool(is_alone)
        finally:
            if is_alone:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [PROJECTOR_LOCK, organisation_id])


def _new_batches(organisation_id: int) -> Iterator[list[Statement]]:
    """Batches of statements beyond the place, which whoever takes one must move on."""
    looks = 0
    while looks < LOOKS:
        through = consistent_through(organisation_id)
        beyond = _beyond(organisation_id)
        batch = list(beyond.filter(stored_at__lt=through)[: settings.NEURALINK_PROJECTED_AT_ONCE])
        if batch:
            looks = 0
            yield batch
        elif not beyond.exists():
            return
        else:
            looks += 1
            time.sleep(PAUSE_SECONDS)


def _beyond(organisation_id: int) -> QuerySet[Statement]:
    """Statements that are not projected yet, in the order of the store."""
    found = Statement.objects.filter(organisation=organisation_id).order_by("stored_at", "id")
    place = ProjectionPlace.objects.filter(organisation=organisation_id).first()
    if place is None:
        return found
    after = Q(stored_at__gt=place.stored_at) | Q(stored_at=place.stored_at, id__gt=place.statement_id)
    # The first condition says nothing new; it is what the index on the order can begin with.
    return found.filter(stored_at__gte=place.stored_at).filter(after)


@dataclass
class _Line:
    """One statement of a batch on its way."""

    statement: Statement
    meaning: Meaning
    fate: StatementFate


def project_surely(organisation: Organisation, statements: Sequence[Statement], lease: Lease) -> None:
    """Project a batch, in ever smaller ones if it fails: one statement must not hold up all that come after it."""
    try:
        project_batch(organisation, statements, lease)
    except (LeaseLost, JobCancelled, OperationalError, InterfaceError):
        raise
    except Exception:
        if len(statements) == 1:
            logger.exception("Statement %s cannot become an event", statements[0].uuid)
            _give_up(organisation, statements[0], lease)
            return
        half = len(statements) // 2
        project_surely(organisation, statements[:half], lease)
        project_surely(organisation, statements[half:], lease)


def _give_up(organisation: Organisation, statement: Statement, lease: Lease) -> None:
    fate = StatementFate(
        organisation=organisation,
        statement=statement,
        fate=Fate.REJECTED,
        code=FAILED,
        verb=bounded(statement.verb),
        occurred_at=statement.occurred_at,
    )
    with transaction.atomic():
        lease.confirm()
        fates.keep(organisation.pk, [fate], statement.stored_at)
        _move_place(organisation, statement)


def _move_place(organisation: Organisation, last: Statement) -> None:
    place = {"stored_at": last.stored_at, "statement_id": last.pk}
    ProjectionPlace.objects.update_or_create(organisation=organisation, defaults=place)


def project_batch(organisation: Organisation, statements: Sequence[Statement], lease: Lease) -> None:
    """Project new statements, in the order of the store, and move the place behind them."""
    lines = _lines(organisation.pk, statements)
    sheets = _sheets(organisation, lines)
    last = statements[-1]
    with transaction.atomic():
        commit_without_waiting()
        lease.confirm()
        _write(organisation, lines, sheets, last.stored_at)
        fates.void(organisation.pk, [line.meaning.voids for line in lines if line.meaning.voids], last.stored_at)
        _move_place(organisation, last)
        request_refresh(organisation.pk)


def project_again(organisation: Organisation, statements: Sequence[Statement], lease: Lease) -> None:
    """Project statements whose verb got another meaning: their events go, and others come."""
    lines = _lines(organisation.pk, statements)
    sheets = _sheets(organisation, lines)
    with transaction.atomic():
        lease.confirm()
        fates.forget(organisation.pk, [statement.pk for statement in statements])
        _write(organisation, lines, sheets, statements[-1].stored_at)
        request_refresh(organisation.pk)


def _lines(organisation_id: int, statements: Sequence[Statement]) -> list[_Line]:
    """What each says, before anything is written."""
    meanings = {
        (row.verb, row.activity_type): row.meaning for row in VerbMeaning.objects.filter(organisation=organisation_id)
    }
    links = StatementLink.objects.filter(organisation=organisation_id, is_voiding=True)
    voided = set(links.filter(target__in=[one.uuid for one in statements]).values_list("target", flat=True))
    lines = []
    for statement in statements:
        document = json.loads(statement.document)
        meaning = meaning_of(document, meanings)
        is_voided = statement.uuid in voided and meaning.fate != Fate.VOIDING
        fate = StatementFate(
            organisation_id=organisation_id,
            statement=statement,
            fate=Fate.VOIDED if is_voided else meaning.fate,
            verb=bounded(document["verb"]["id"]),
            activity_type=meaning.activity_type,
            occurred_at=statement.occurred_at,
        )
        lines.append(_Line(statement, meaning, fate))
    return lines


def _sheets(organisation: Organisation, lines: Sequence[_Line]) -> dict[Group, tuple[list[_Line], Sheet]]:
    """The events among the lines by the import that they belong to, cleaned, with their months made."""
    events = [line for line in lines if line.fate.fate == Fate.EVENT]
    actors = {_key(line): line.meaning.actor or {} for line in events}
    learners = learners_of(organisation.pk, actors)
    groups: defaultdict[Group, list[_Line]] = defaultdict(list)
    for line in events:
        groups[line.statement.from_import_id, line.statement.credential_id].append(line)
    sheets = {}
    for group, members in groups.items():
        rows = [
            {**(one.meaning.row or {}), "learner": learners[str(identity_key(one.meaning.actor or {}))]}
            for one in members
        ]
        sheets[group] = members, Sheet.of(organisation, rows)
        ensure_months(load.days_of(sheets[group][1].cleaned.rows))
    return sheets


def _key(line: _Line) -> str:
    return str(identity_key(line.meaning.actor or {}))


def _write(
    organisation: Organisation,
    lines: Sequence[_Line],
    sheets: dict[Group, tuple[list[_Line], Sheet]],
    stored_at: datetime,
) -> None:
    for (import_id, credential_id), (members, sheet) in sheets.items():
        if import_id is not None:
            import_ = Import.objects.get(pk=import_id)
        else:
            credential = Credential.objects.filter(pk=credential_id).first() if credential_id else None
            import_ = import_of_day(organisation, credential)
        written = sheet.write(import_, is_counted=import_id is None)
        for place, line in enumerate(members):
            line.fate.fate, line.fate.code = written.fates[place], written.codes.get(place, "")
            line.fate.event_id = written.event_ids.get(place)
            line.fate.occurred_at = written.instants.get(place, line.fate.occurred_at)
            line.fate.from_import = import_
    fates.keep(organisation.pk, [line.fate for line in lines], stored_at)


def _apply_meanings(organisation: Organisation, lease: Lease) -> int:
    """Bring statements that were projected before in line with what verbs have come to mean since."""
    n_statements = 0
    for meaning in VerbMeaning.objects.filter(organisation=organisation, is_applied=False):
        concerned = StatementFate.objects.filter(organisation=organisation, verb=meaning.verb)
        concerned = concerned.exclude(code__in=[FAILED, fates.ROLLED_BACK])
        if meaning.activity_type:
            concerned = concerned.filter(activity_type=meaning.activity_type)
        last = 0
        while batch := list(
            Statement.objects.filter(fate__in=concerned, pk__gt=last).order_by("pk")[
                : settings.NEURALINK_PROJECTED_AT_ONCE
            ]
        ):
            project_again(organisation, batch, lease)
            n_statements, last = n_statements + len(batch), batch[-1].pk
            lease.report(0.0, _("%d statements again") % n_statements)
        # Unless it was changed meanwhile: then it is applied by the job that the change asked for.
        VerbMeaning.objects.filter(pk=meaning.pk, created_at=meaning.created_at).update(is_applied=True)
    return n_statements
