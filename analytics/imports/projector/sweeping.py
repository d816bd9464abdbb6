"""Statements that nobody was woken for: their sender's process died before it could say that they are there."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from analytics.lrs.waking import request_projection
from analytics.models import JobState, Projection

REMEMBERED = timedelta(days=1)
"""How long a projection that ended well is kept to be seen."""
LEFT = """
SELECT organisation.id FROM analytics_organisation organisation
LEFT JOIN analytics_projectionplace place ON place.organisation_id = organisation.id
WHERE (
    EXISTS (
        SELECT FROM analytics_statement statement
        WHERE statement.organisation_id = organisation.id
          AND (stored_at, statement.id)
              > (coalesce(place.stored_at, '-infinity'), coalesce(place.statement_id, 0))
    ) OR EXISTS (SELECT FROM analytics_verbmeaning WHERE organisation_id = organisation.id AND NOT is_applied)
) AND NOT EXISTS (
    SELECT FROM analytics_projection
    WHERE organisation_id = organisation.id AND state IN ('queued', 'running')
)
"""


def request_missing() -> None:
    """Wake the projector for organisations that have something left and no job at it."""
    with connection.cursor() as cursor:
        cursor.execute(LEFT)
        left = [organisation_id for (organisation_id,) in cursor.fetchall()]
    for organisation_id in left:
        request_projection(organisation_id)


def forget_old_projections() -> None:
    """Delete the rows of projections that ended well long ago: live statements make many of them."""
    Projection.objects.filter(state=JobState.SUCCEEDED, finished_at__lt=timezone.now() - REMEMBERED).delete()
