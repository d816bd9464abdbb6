"""Erasing one learner everywhere. What remains is sums of day tables, in which nobody can be told apart.

Named steps, each committed by itself and harmless when repeated; the learner's own row goes last, so that a crash
leaves a job that can go on. Keys of events stay: they are ids of rows, and without them a second import of the same
file would bring everything back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from analytics.aggregates import rollups
from analytics.errors import InvalidInput
from analytics.jobs import Lease, wake
from analytics.models import Document, Erasure, Learner, LearnerIdentity, Member, Role, Statement
from analytics.models.masking import pseudonym_code
from analytics.retention.kinds import delete_statements, in_batches
from analytics.xapi.agents import bounded_key

EVENTS = """
    DELETE FROM analytics_event WHERE organisation_id = %(organisation)s AND learner_id = %(learner)s
    RETURNING (occurred_at AT TIME ZONE 'UTC')::date, activity_id
"""
VERDICTS = """
    DELETE FROM analytics_rowverdict WHERE organisation_id = %(organisation)s
    AND EXISTS (SELECT 1 FROM jsonb_each_text(content) AS cell WHERE cell.value = ANY(%(words)s))
"""
Step = Callable[[Learner], int]


def request_erasure(member: Member, external_id: str) -> Erasure:
    """Have a worker erase the learner.

    Raises:
        InvalidInput: there is no such learner here, or they are being erased already.
    """
    learner = Learner.objects.filter(organisation=member.organisation, external_id=external_id).first()
    if learner is None:
        raise InvalidInput(_("There is no learner with the id “%s” here.") % external_id, "learner")
    if Erasure.objects.unfinished().filter(learner=learner).exists():
        raise InvalidInput(_("“%s” is being erased already.") % external_id, "learner")
    made: Erasure = Erasure.objects.create(
        organisation=member.organisation,
        learner=learner,
        code=pseudonym_code(learner.organisation_id, learner.pk),
        requested_by=member,
    )
    wake(made)
    return made


def erase_events(learner: Learner) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(EVENTS, {"organisation": learner.organisation_id, "learner": learner.pk})
        gone = cursor.fetchall()
        rollups.mark_dirty(learner.organisation_id, [day for day, _ in gone], [activity for _, activity in gone])
    rollups.refresh(learner.organisation_id)
    return len(gone)


def erase_statements(learner: Learner) -> int:
    """All in which the learner is named in any part, and documents kept about them."""
    identities = LearnerIdentity.objects.filter(learner=learner).values_list("key", flat=True)
    keys = [*identities, *(bounded_key(key) for key in identities)]
    organisation = learner.organisation_id
    named = Statement.objects.filter(organisation=organisation).filter(
        Q(actor__in=keys) | Q(agents__overlap=keys) | Q(other_agents__overlap=keys)
    )
    n_statements = sum(delete_statements(named)) if keys else 0
    return n_statements + sum(in_batches(Document.objects.filter(organisation=organisation, agent__in=keys)))


def erase_verdicts(learner: Learner) -> int:
    """Rows of imports that hold the learner's id, name or an address."""
    addresses = {str(value) for value in learner.attributes.values() if "@" in str(value)}
    words = {learner.external_id, learner.name} | addresses
    with connection.cursor() as cursor:
        cursor.execute(VERDICTS, {"organisation": learner.organisation_id, "words": sorted(words - {""})})
        return int(cursor.rowcount)


def erase_logins(learner: Learner) -> int:
    """Memberships of the learner, and logins that are nothing else."""
    n_erased = 0
    for member in Member.objects.filter(learner=learner, role=Role.LEARNER).select_related("login"):
        login, is_only_here = member.login, not member.login.memberships.exclude(pk=member.pk).exists()
        member.changes.all().delete()
        member.delete()
        if is_only_here and not login.is_superuser:
            login.delete()
        n_erased += 1
    return n_erased


STEPS: dict[str, Step] = {
    "events": erase_events,
    "statements": erase_statements,
    "verdicts": erase_verdicts,
    "logins": erase_logins,
}
NOTES: list[Callable[[Learner], list[Any]]] = []
"""What other apps note about models that learnt from the learner."""


def add_step(name: str, step: Step, note: Callable[[Learner], list[Any]]) -> None:
    STEPS[name] = step
    NOTES.append(note)


def erase(lease: Lease) -> None:
    job = cast("Erasure", lease.job)
    learner = job.learner
    if learner is None:
        return  # an attempt before this one came to the end
    counts: dict[str, int] = dict(job.counts)
    versions = sorted({version for note in NOTES for version in note(learner)})
    lease.report(0, versions=versions)
    for number, (name, step) in enumerate(STEPS.items()):
        counts[name] = counts.get(name, 0) + step(learner)
        lease.report(number / len(STEPS), name, counts=counts)
    with transaction.atomic():
        lease.confirm()
        learner.delete()
