"""What the recommender keeps of learners: shown recommendations go by age, mails with the learner."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from analytics.public import Kept, Learner, add_erasing_step, add_kept, in_batches
from recommender.models import Impression, Mail, Version


def old_impressions(organisation_id: int, before: datetime) -> QuerySet[Impression]:
    return Impression.objects.filter(organisation=organisation_id, at__lt=before)


def erase_mails(learner: Learner) -> int:
    """Mails written to the learner: their text names them. What was done stays only as long as its enrolment."""
    mails = Mail.objects.filter(organisation=learner.organisation_id, intervention__enrolment__learner=learner)
    return sum(in_batches(mails))


def versions_that_learnt(learner: Learner) -> list[int]:
    """Numbers of the versions trained since the learner came in: a training anew leaves them out."""
    made = Version.objects.filter(organisation=learner.organisation_id, created_at__gte=learner.created_at)
    return list(made.values_list("number", flat=True))


def register() -> None:
    add_kept(
        Kept(
            "impressions",
            _("What was recommended to whom"),
            "impression_days",
            old_impressions,
            lambda organisation_id, before: in_batches(old_impressions(organisation_id, before)),
        )
    )
    add_erasing_step("mails", erase_mails, versions_that_learnt)
