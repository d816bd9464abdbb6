"""Job rows: the truth about long work. A broker's message only wakes a worker (DESIGN 4)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class JobState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


class JobQuerySet(models.QuerySet[Any]):
    def unfinished(self) -> Self:
        return self.filter(state__in=UNFINISHED)

    def claimable(self) -> Self:
        """Jobs that nobody works on: queued, or running under a lease that ran out."""
        return self.filter(Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_expires_at__lt=timezone.now()))

    def to_wake(self) -> Self:
        """Claimable jobs whose message seems lost.

        A queued job is sent again only after a while: it may just wait behind a long one, and a message
        every few seconds would pile up. A lost lease is sent again at once.
        """
        now = timezone.now()
        patience = timedelta(seconds=settings.NEURALINK_LEASE_SECONDS)
        return self.filter(
            Q(state=JobState.QUEUED, woken_at__isnull=True)
            | Q(state=JobState.QUEUED, woken_at__lt=now - patience)
            | Q(state=JobState.RUNNING, lease_expires_at__lt=now)
            & (Q(woken_at__isnull=True) | Q(woken_at__lt=F("lease_expires_at")) | Q(woken_at__lt=now - patience))
        )

    def end_abandoned(self) -> int:
        """End jobs whose worker died and whose cancellation was asked for: nobody may claim them any more."""
        now = timezone.now()
        return self.filter(state=JobState.RUNNING, lease_expires_at__lt=now, cancel_requested_at__isnull=False).update(
            state=JobState.CANCELLED, finished_at=now, lease_expires_at=None
        )

    def claim(self, pk: int) -> Any | None:
        """Take the job for this process, or None if it is finished, cancelled or held by a live worker.

        One UPDATE decides, so two workers woken for the same job cannot both win.
        """
        now = timezone.now()
        token = uuid.uuid4()
        claimed = (
            self.claimable()
            .filter(pk=pk, cancel_requested_at__isnull=True)
            .update(
                state=JobState.RUNNING,
                lease_token=token,
                lease_expires_at=now + timedelta(seconds=settings.NEURALINK_LEASE_SECONDS),
                heartbeat_at=now,
                started_at=Coalesce("started_at", now),
                attempt=F("attempt") + 1,
            )
        )
        return self.get(pk=pk) if claimed else None


class Job(models.Model):
    """State, lease, heartbeat, progress and attempt of one piece of long work."""

    task_name: ClassVar[str]
    """Celery name of the task that works on such a row, given its id."""
    queue: ClassVar[str]
    max_attempts: ClassVar[int] = 5

    state = models.CharField(max_length=12, choices=JobState.choices, default=JobState.QUEUED)
    requested_by = models.ForeignKey(
        "analytics.Member", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    woken_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    progress_share = models.FloatField(default=0.0, help_text=_("0 to 1"))
    progress_text = models.TextField(blank=True)
    error = models.TextField(blank=True, help_text=_("one sentence: what failed and what to do"))

    objects = JobQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def is_finished(self) -> bool:
        return self.state not in UNFINISHED

    @property
    def duration_seconds(self) -> float | None:
        if self.started_at is None:
            return None
        return ((self.finished_at or timezone.now()) - self.started_at).total_seconds()

    def request_cancel(self) -> bool:
        """Ask for the job to stop; a queued one ends at once. False if it had already finished."""
        now = timezone.now()
        rows = type(self)._default_manager.filter(pk=self.pk)
        ended = rows.filter(state=JobState.QUEUED).update(
            state=JobState.CANCELLED, cancel_requested_at=now, finished_at=now
        )
        asked = ended or rows.filter(state=JobState.RUNNING).update(cancel_requested_at=now)
        self.refresh_from_db()
        return bool(asked)
