"""Have a worker make events of what was stored."""

from __future__ import annotations

from django.db import IntegrityError, connection, transaction

from analytics.jobs import wake
from analytics.models import JobState, Projection

_QUEUED = "SELECT 1 FROM analytics_projection WHERE organisation_id = %s AND state = %s LIMIT 1"


def request_projection(organisation_id: int) -> None:
    """Wake the projector, unless a job for the organisation is queued already.

    One that runs does not count: it may be past its last look. Nobody waits here: of two that ask at once, one makes
    the row and the other finds that out.
    """
    with connection.cursor() as cursor:
        # As text: it is asked after every statement, and compiling it would be a tenth of the whole request.
        cursor.execute(_QUEUED, [organisation_id, JobState.QUEUED])
        if cursor.fetchone() is not None:
            return
    try:
        with transaction.atomic():
            wake(Projection.objects.create(organisation_id=organisation_id))
    except IntegrityError:
        return
