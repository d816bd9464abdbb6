"""What was recommended to whom, and what they said to it."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from analytics.public import Activity, Learner, Organisation
from recommender.models.runs import Version


class Impression(models.Model):
    """One answer that was shown: the list in its order, and where it came from."""

    is_derived = True  # goes with learner or enrolment when the import that brought them is rolled back

    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="impressions")
    # Both are found by the indexes with the instant: one of their own would only make each answer dearer.
    learner = models.ForeignKey(Learner, on_delete=models.CASCADE, related_name="impressions", db_index=False)
    version = models.ForeignKey(
        Version, on_delete=models.SET_NULL, null=True, blank=True, related_name="impressions", db_index=False
    )
    source = models.CharField(max_length=40, help_text=_("the version's algorithm, or the fallback's name"))
    channel = models.CharField(max_length=8, help_text=_("page, api or command"))
    activity_ids = ArrayField(models.BigIntegerField(), help_text=_("best first"))
    n_met = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("activities that the learner had met; empty: not known")
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["learner", "-at"]),
            models.Index(fields=["version", "-at"]),
            # What wears out is looked at in each answer: of those asked about by API all day, only what pages showed.
            models.Index(fields=["learner", "-at"], condition=Q(channel="page"), name="impression_on_pages"),
        ]

    def __str__(self) -> str:
        return str(self.token)


class FeedbackAction(models.TextChoices):
    CLICK = "click", _("opened it")
    START = "start", _("started it")
    COMPLETE = "complete", _("completed it")
    DISMISS = "dismiss", _("dismissed it")
    NOT_NOW = "not_now", _("not now")
    LESS_LIKE_THIS = "less_like_this", _("less like this")
    WRONG = "wrong", _("this is wrong")


REFUSING_ACTIONS = (FeedbackAction.DISMISS, FeedbackAction.LESS_LIKE_THIS, FeedbackAction.WRONG)


class Feedback(models.Model):
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="feedback")
    impression = models.ForeignKey(Impression, on_delete=models.CASCADE, related_name="feedback")
    learner = models.ForeignKey(Learner, on_delete=models.CASCADE, related_name="feedback")
    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="+")
    action = models.CharField(max_length=16, choices=FeedbackAction.choices)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "feedback"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["impression", "activity", "action"], name="feedback_once"),
        ]
        indexes = [models.Index(fields=["learner", "activity"])]

    def __str__(self) -> str:
        return f"{self.action} {self.activity_id}"
