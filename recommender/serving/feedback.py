"""What learners say to what was recommended, and what follows from it."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.public import Activity, InvalidInput, Learner, Organisation
from recommender.models import REFUSING_ACTIONS, Feedback, FeedbackAction, Impression

WORN_OUT_DAYS = 30
"""After so long what wore out may be shown again."""
_WORN_OUT = """
    SELECT shown.activity_id
    FROM recommender_impression impression, unnest(impression.activity_ids) AS shown(activity_id)
    WHERE impression.learner_id = %(learner)s AND impression.channel = 'page'
      AND impression.at > now() - make_interval(days => %(days)s)
    GROUP BY shown.activity_id
    HAVING count(DISTINCT date_trunc('hour', impression.at)) >= %(limit)s
"""
NOT_NOW_DAYS = 7
"""So long an activity stays away after "not now"."""


def give_feedback(
    organisation: Organisation, token: uuid.UUID | str, activity_external_id: str, action: str
) -> Feedback:
    """Keep what a learner said to one activity of one answer; saying it twice changes nothing.

    Raises:
        InvalidInput: `pointer` is `token` (no such answer in this organisation), `activity` (not in that answer) or
            `action` (no such action).
    """
    if action not in FeedbackAction.values:
        raise InvalidInput(
            _("action must be one of %(actions)s; got %(got)r.")
            % {"actions": ", ".join(FeedbackAction.values), "got": action},
            "action",
        )
    impression = _impression(organisation, token)
    activity = Activity.objects.filter(
        organisation=organisation, external_id=activity_external_id, pk__in=impression.activity_ids
    ).first()
    if activity is None:
        raise InvalidInput(
            _("%(activity)s was not recommended in this answer.") % {"activity": activity_external_id}, "activity"
        )
    feedback, _is_new = Feedback.objects.get_or_create(
        impression=impression,
        activity=activity,
        action=action,
        defaults={"organisation": organisation, "learner_id": impression.learner_id},
    )
    return feedback


def refused_by(learner: Learner) -> set[int]:
    """Ids of activities that the learner does not want: ever, or not this week."""
    recently = timezone.now() - timedelta(days=NOT_NOW_DAYS)
    refusing = Q(action__in=REFUSING_ACTIONS) | Q(action=FeedbackAction.NOT_NOW, at__gt=recently)
    return set(Feedback.objects.filter(refusing, learner=learner).values_list("activity_id", flat=True))


def worn_out_for(learner: Learner) -> list[int]:
    """Ids of activities that stood in the learner's latest lists too often without any answer to them.

    What was clicked or begun is no refusal: it leaves by being met. Only lists that the learner saw are counted,
    a reload within the hour as one; one query on the index of impressions.
    """
    limit = settings.NEURALINK_SHOWN_TIMES
    if not limit:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_WORN_OUT, {"learner": learner.pk, "limit": limit, "days": WORN_OUT_DAYS})
        return [row[0] for row in cursor.fetchall()]


def _impression(organisation: Organisation, token: uuid.UUID | str) -> Impression:
    try:
        wanted = uuid.UUID(str(token))
    except ValueError:
        wanted = uuid.UUID(int=0)
    found = Impression.objects.filter(organisation=organisation, token=wanted).first()
    if found is None:
        raise InvalidInput(_("No answer of this organisation has the token %(token)s.") % {"token": token}, "token")
    return found
