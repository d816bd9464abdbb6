"""Letting go of what is older than the policy says: looked at first, then every night or on request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from analytics.jobs import Lease, wake
from analytics.models import Cleanup, Member, Organisation, RetentionPolicy
from analytics.retention.kinds import KINDS, Kept

NIGHT = range(1, 5)
"""Hours of the organisation's zone in which a clean-up begins by itself."""
REST = timedelta(hours=20)


@dataclass(frozen=True)
class Preview:
    """What would go now."""

    kept: Kept
    before: datetime
    n_rows: int


def cutoff(organisation: Organisation, days: int) -> datetime:
    """The beginning of the UTC day that is the first to stay, by the organisation's clock."""
    today = organisation.now().astimezone(UTC).date()
    return datetime.combine(today - timedelta(days=days), time(), UTC)


def due(policy: RetentionPolicy) -> list[tuple[Kept, datetime]]:
    """Every kind that goes by age at all, with the instant before which it goes."""
    chosen = [(kept, getattr(policy, kept.field)) for kept in KINDS.values()]
    return [(kept, cutoff(policy.organisation, days)) for kept, days in chosen if days is not None]


def preview(policy: RetentionPolicy) -> list[Preview]:
    return [Preview(kept, before, kept.older(policy.organisation_id, before).count()) for kept, before in due(policy)]


@transaction.atomic
def request_cleanup(organisation: Organisation, by: Member | None = None) -> Cleanup:
    """The clean-up that waits or runs already, or a new one."""
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    waiting: Cleanup | None = Cleanup.objects.unfinished().filter(organisation=organisation).first()
    if waiting is not None:
        return waiting
    made = Cleanup.objects.create(organisation=organisation, requested_by=by)
    wake(made)
    return made


def clean_up(lease: Lease) -> None:
    """Kind after kind; each step is committed, and after a crash the rest goes next time."""
    job = cast("Cleanup", lease.job)
    policy = RetentionPolicy.objects.select_related("organisation").get(organisation=job.organisation_id)
    counts: dict[str, int] = dict(job.counts)
    kinds = due(policy)
    for number, (kept, before) in enumerate(kinds):
        for n_deleted in kept.delete(job.organisation_id, before):
            counts[kept.name] = counts.get(kept.name, 0) + n_deleted
            lease.report(number / len(kinds), str(kept.label), counts=counts)


def start_due() -> int:
    """Queue the clean-ups of organisations where it is night and none has been begun since yesterday."""
    now, n_started = timezone.now(), 0
    for policy in RetentionPolicy.objects.select_related("organisation"):
        is_night = now.astimezone(ZoneInfo(policy.organisation.time_zone)).hour in NIGHT
        recent = Cleanup.objects.filter(organisation=policy.organisation, created_at__gt=now - REST)
        if is_night and due(policy) and not recent.exists():
            request_cleanup(policy.organisation)
            n_started += 1
    return n_started
