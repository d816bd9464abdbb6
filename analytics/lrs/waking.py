"""Have a worker make events of what was stored."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from analytics.jobs import wake
from analytics.models import JobState, Projection


def request_projection(organisation_id: int) -> None:
    """Wake the projector, unless a job for the organisation is queued already.

    One that runs does not count: it may be past its last look. Nobody waits here: of two that ask at once, one makes
    the row and the other finds that out.
    """
    queued = Projection.objects.filter(organisation=organisation_id, state=JobState.QUEUED)
    if queued.exists():
        return
    try:
        with transaction.atomic():
            wake(Projection.objects.create(organisation_id=organisation_id))
    except IntegrityError:
        return
