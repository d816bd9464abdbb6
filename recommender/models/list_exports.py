"""Files with the lists of all learners, for those who show them elsewhere."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from analytics.public import Job, Organisation
from recommender.models.runs import RECOMMENDED_CHOICES, TargetKind


class ListFormat(models.TextChoices):
    CSV = "csv", _("CSV")
    PARQUET = "parquet", _("Parquet")


class ListExport(Job):
    """The job that writes one file: a row for each learner and rank."""

    task_name = "recommender.tasks.export_lists"
    queue = "train"  # it may take minutes, and day tables must not wait for it

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="list_exports")
    kind = models.CharField(max_length=8, choices=RECOMMENDED_CHOICES, default=TargetKind.ANY)
    format = models.CharField(max_length=8, choices=ListFormat.choices, default=ListFormat.CSV)
    n_each = models.PositiveSmallIntegerField(
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("activities for each learner"),
    )
    is_nightly = models.BooleanField(default=False, help_text=_("started by the clock"))
    file = models.TextField(
        blank=True, help_text=_("below the data folder; empty until it is whole, and when it is gone")
    )
    n_learners = models.IntegerField(default=0)
    n_rows = models.IntegerField(default=0)
    n_bytes = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organisation", "-id"], name="list_export_latest"),
            models.Index(fields=["state"], condition=Q(state__in=["queued", "running"]), name="list_export_open"),
        ]

    def __str__(self) -> str:
        return f"lists of {self.organisation_id} #{self.pk}"
