"""One person who came in as two learners: everything of the one becomes the other's."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, OperationalError, connection, models, transaction
from django.utils.translation import gettext as _
from psycopg2 import errors

from analytics.aggregates.rollups import request_refresh
from analytics.errors import InvalidInput, NeuralinkError
from analytics.imports.projector.project import PROJECTOR_LOCK
from analytics.models import CourseTotal, Learner, LearnerDay, LearnerTotal

WAIT = "5s"
COMPUTED = (CourseTotal, LearnerDay, LearnerTotal)
"""Tables that are counted anew from events."""
DAYS = """
INSERT INTO analytics_dirtyday (organisation_id, "on", lost_activities)
SELECT organisation_id, (occurred_at AT TIME ZONE 'UTC')::date, array_agg(DISTINCT activity_id)
FROM analytics_event WHERE learner_id = %s GROUP BY 1, 2
"""


def merge(learner: Learner, other: Learner) -> None:
    """Give everything of `other` to `learner`, and delete `other`.

    Where both have a row that there can be one of only (an enrolment in the same run), the learner's own stays.

    Raises:
        InvalidInput: they are the same, or of two organisations.
        NeuralinkError: many statements are just becoming events, which a merge must not meet.
    """
    if learner.pk == other.pk:
        raise InvalidInput(_("Name two different learners."), "other")
    if learner.organisation_id != other.organisation_id:
        raise InvalidInput(_("The two learners are not of the same organisation."), "other")
    with transaction.atomic():
        _keep_projector_away(learner.organisation_id)
        with connection.cursor() as cursor:
            cursor.execute(DAYS, [other.pk])
        for model in COMPUTED:
            model._default_manager.filter(learner=other).delete()
        for relation in Learner._meta.related_objects:
            _move(relation, learner, other)
        if not learner.name and other.name:
            Learner.objects.filter(pk=learner.pk).update(name=other.name)
        other.delete()
        request_refresh(learner.organisation_id)


def _keep_projector_away(organisation_id: int) -> None:
    """It would go on giving events to a learner whom it found before."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [WAIT])
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [PROJECTOR_LOCK, organisation_id])
            cursor.execute("SELECT set_config('lock_timeout', '0', true)")
    except OperationalError as error:
        if not isinstance(error.__cause__, errors.LockNotAvailable):
            raise
        raise NeuralinkError(_("Statements are just becoming events. Try again in a minute.")) from None


def _move(relation: Any, learner: Learner, other: Learner) -> None:
    """Point the rows of one table at the learner: all at once, or one by one where some cannot be two."""
    model: type[models.Model] = relation.related_model
    rows = model._base_manager.filter(**{relation.field.name: other})
    try:
        with transaction.atomic():
            rows.update(**{relation.field.name: learner})
    except IntegrityError:
        for pk in list(rows.values_list("pk", flat=True)):
            _move_row(model, relation.field.name, pk, learner)


def _move_row(model: type[models.Model], field: str, pk: Any, learner: Learner) -> None:
    try:
        with transaction.atomic():
            model._base_manager.filter(pk=pk).update(**{field: learner})
    except IntegrityError:
        model._base_manager.filter(pk=pk).delete()
