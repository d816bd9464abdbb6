"""How long what is kept: the organisation's choice, the jobs that let go of it, and the erasing of one learner."""

from __future__ import annotations

from typing import Any

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from analytics.models.jobs import Job
from analytics.models.organisation import Organisation
from analytics.models.people import Learner

LEAST_DAYS = 30
"""Less would take from pages and trainings what they need of the last weeks."""


def days(label: Any) -> models.PositiveIntegerField[int | None, int | None]:
    return models.PositiveIntegerField(
        label, null=True, blank=True, validators=[MinValueValidator(LEAST_DAYS)], help_text=_("days; empty: for ever")
    )


class RetentionPolicy(models.Model):
    """Days after which raw data go. Day tables are never touched by it: they hold sums, not what somebody did when."""

    organisation = models.OneToOneField(Organisation, on_delete=models.CASCADE, related_name="retention_policy")
    event_days = days(_("Raw events"))
    statement_days = days(_("xAPI statements"))
    log_days = days(_("Rows of imports that were not simply accepted"))
    impression_days = days(_("What was recommended to whom"))
    events_from = models.DateField(
        null=True, blank=True, help_text=_("raw events of earlier days are gone; their day tables stay as they were")
    )

    def __str__(self) -> str:
        return f"retention of {self.organisation_id}"


class Cleanup(Job):
    """The job that lets go of what is older than the policy says."""

    task_name = "analytics.tasks.clean_up"
    queue = "aggregate"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="cleanups")
    counts = models.JSONField(default=dict, help_text=_("kind -> rows that went"))

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"clean-up of {self.organisation_id} #{self.pk}"


class Erasure(Job):
    """The job that erases one learner everywhere. It keeps no name: a code, counts, and the models that learnt."""

    task_name = "analytics.tasks.erase"
    queue = "aggregate"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="erasures")
    learner = models.ForeignKey(Learner, on_delete=models.SET_NULL, null=True, related_name="+")
    code = models.CharField(max_length=12, help_text=_("the learner's pseudonym"))
    counts = models.JSONField(default=dict, help_text=_("kind -> rows that went"))
    versions = models.JSONField(default=list, help_text=_("numbers of the versions that learnt from them too"))

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"erasure of {self.code} #{self.pk}"
