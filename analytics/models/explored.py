"""Answers of Explore that took long, kept for whoever asks next."""

from __future__ import annotations

from django.db import models

from analytics.models.organisation import Organisation


class ExploredAnswer(models.Model):
    """The counted cells of one question, small ones hidden already; nothing in it names a learner."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    """Hash of the question and of what the asker may see."""
    version = models.CharField(max_length=64)
    """Of the day tables that were counted: any other means that something changed since."""
    counted_at = models.DateTimeField()
    rows = models.JSONField()
    """As `aggregates.explore.cells.Rows`, dates in ISO's form."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "key"], name="explored_answer_once")]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.key[:8]}"
