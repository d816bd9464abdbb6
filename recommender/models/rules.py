"""When an organisation's models are trained anew without anybody asking."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from analytics.public import Activity, Organisation
from recommender.models.runs import TargetKind


class RetrainRule(models.Model):
    """One per scope: what is trained, when, and whether its version goes into use by itself."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="retrain_rules")
    kind = models.CharField(max_length=8, choices=TargetKind.choices, default=TargetKind.ANY)
    course = models.ForeignKey(
        Activity, on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text=_("only its activities")
    )
    algorithm = models.CharField(max_length=32)
    config = models.JSONField(default=dict, blank=True, help_text=_("hyper-parameters that differ from the default"))
    every_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(366)],
        help_text=_("days after the last run; empty: the calendar starts nothing"),
    )
    new_events_share = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0.01), MaxValueValidator(10.0)],
        help_text=_("new events as a share of those the last run knew, 0.1 is ten per cent; empty: they start nothing"),
    )
    quiet_from_hour = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(23)], help_text=_("in the organisation's zone")
    )
    quiet_to_hour = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(23)],
        help_text=_("nothing starts between the two"),
    )
    budget_seconds = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(10)],
        help_text=_("of both fits; empty: the limit"),
    )
    promotes = models.BooleanField(
        default=True,
        help_text=_(
            "a version that passes the gate goes into use; otherwise it is stored until an administrator or model "
            "owner puts it into use"
        ),
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["kind", "course_id", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "kind", "course"], name="retrain_rule_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.algorithm} for {self.get_kind_display()}"

    def is_quiet_at(self, hour: int) -> bool:
        """Hours may pass midnight: from 22 to 6 is quiet at 23 and at 5."""
        start, end = self.quiet_from_hour, self.quiet_to_hour
        if start is None or end is None or start == end:
            return False
        return start <= hour < end if start < end else hour >= start or hour < end
