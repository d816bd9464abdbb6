"""What learners say to what was recommended, by the token of the answer.

What follows from it is read at the next question (`personal`, `history`): `dismiss`, `less_like_this` and `wrong` keep
the activity away for good, `not_now` for some days; `less_like_this` also lowers what is alike; `start` and `complete`
count as events that have not arrived; `click` keeps it from wearing out; `wrong` stands on the page of list rules, for
whoever looks after the models.
"""

from __future__ import annotations

import uuid

from django.utils.translation import gettext as _

from analytics.public import Activity, InvalidInput, Organisation
from recommender.models import Feedback, FeedbackAction, Impression
from recommender.serving.write_behind import settle


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


def _impression(organisation: Organisation, token: uuid.UUID | str) -> Impression:
    try:
        wanted = uuid.UUID(str(token))
    except ValueError:
        wanted = uuid.UUID(int=0)
    settle(wanted)
    found = Impression.objects.filter(organisation=organisation, token=wanted).first()
    if found is None:
        raise InvalidInput(_("No answer of this organisation has the token %(token)s.") % {"token": token}, "token")
    return found
