"""Searches for good hyper-parameters. What was tried are runs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from analytics.public import Activity, Job, Organisation
from recommender.models.runs import TargetKind


class Search(Job):
    """One search: what may be spent, and which parameters were best on data that no verdict is passed on."""

    task_name = "recommender.tasks.search"
    queue = "train"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="searches")
    algorithm = models.CharField(max_length=32)
    kind = models.CharField(max_length=8, choices=TargetKind.choices, default=TargetKind.ANY)
    course = models.ForeignKey(
        Activity, on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text=_("only its activities")
    )
    seed = models.IntegerField(default=0)
    budget_seconds = models.FloatField(help_text=_("no trial begins after so much time has gone into trials"))
    best_config = models.JSONField(null=True, blank=True, help_text=_("what differs from the defaults"))
    verdict = models.TextField(blank=True, help_text=_("what was tried and what came out, in a sentence"))

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organisation", "-id"]),
            models.Index(fields=["state"], condition=Q(state__in=["queued", "running"]), name="search_open"),
        ]

    def __str__(self) -> str:
        return f"{self.algorithm} search #{self.pk}"
