"""What the recommender stores about one learner, for the file that the learner takes away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from analytics.public import Activity, Learner, add_stored
from recommender.models import Feedback, Impression, LearnerView, Mail, OutcomePolicy, Risk

PIECE = 500


def recommendations(learner: Learner) -> Iterator[dict[str, Any]]:
    """Each list that was shown, its activities by their ids; those that are gone since are left out."""
    shown = Impression.objects.filter(learner=learner).order_by("at")
    lists = shown.values("at", "channel", "source", "activity_ids").iterator(chunk_size=PIECE)
    while piece := list(islice(lists, PIECE)):
        found = {pk for row in piece for pk in row["activity_ids"]}
        ids = dict(Activity.objects.filter(pk__in=found).values_list("pk", "external_id"))
        for row in piece:
            yield row | {"activity_ids": [ids[pk] for pk in row["activity_ids"] if pk in ids]}


def feedback(learner: Learner) -> Iterable[Any]:
    given = Feedback.objects.filter(learner=learner).order_by("at")
    return given.values("at", "action", "activity__external_id", "activity__name")


def messages(learner: Learner) -> Iterable[Any]:
    """Mails to the learner. What the staff note among themselves is not the learner's to read."""
    mails = Mail.objects.filter(organisation=learner.organisation_id, intervention__enrolment__learner=learner)
    return mails.order_by("pk").values("created_at", "sent_at", "address", "subject", "body")


def risks(learner: Learner) -> Iterable[Any]:
    """Only where the organisation shows learners their whole estimate: a file must not tell what its pages keep."""
    if OutcomePolicy.of(learner.organisation).learner_sees != LearnerView.FULL:
        return ()
    told = Risk.objects.filter(enrolment__learner=learner).order_by("on", "pk")
    names = ("on", "is_known", "risk_share", "grade_share", "confidence")
    found: Iterable[Any] = told.values("enrolment__course__external_id", *names)
    return found


def register() -> None:
    for rows in (recommendations, feedback, messages, risks):
        add_stored(rows.__name__, rows)
