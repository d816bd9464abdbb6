"""What an organisation pins, boosts or blocks in its learners' lists, for whom, until when, and who said so."""

from __future__ import annotations

from datetime import datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analytics.public import Activity, Kind, Learner, Member, Organisation

FACTORS = (0.1, 10.0)


class Effect(models.TextChoices):
    PIN = "pin", _("pin to the top")
    BOOST = "boost", _("boost")
    BLOCK = "block", _("block")


class ListRuleQuerySet(models.QuerySet["ListRule"]):
    def in_force(self, at: datetime | None = None) -> ListRuleQuerySet:
        """Neither ended nor expired; those that begin later are among them, for they need no further act."""
        now = at or timezone.now()
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now), ended_at__isnull=True)


class ListRule(models.Model):
    """Never changed and never deleted: a rule ends, and another begins, so that who, when and why stay."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="list_rules")
    effect = models.CharField(max_length=8, choices=Effect.choices)
    activity = models.ForeignKey(
        Activity,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("the activity, with all that is in it"),
    )
    activity_kind = models.CharField(
        max_length=16, choices=Kind.choices, blank=True, help_text=_("in place of an activity: all of a kind")
    )
    factor = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(FACTORS[0]), MaxValueValidator(FACTORS[1])],
        help_text=_("of a boost: what the strength is multiplied with; below 1 it lowers"),
    )
    course = models.ForeignKey(
        Activity,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("only for learners of this course; empty: for everybody"),
    )
    course_run = models.TextField(blank=True, help_text=_("only for this run of the course"))
    learner = models.ForeignKey(
        Learner, on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text=_("only for this learner")
    )
    starts_at = models.DateTimeField(null=True, blank=True, help_text=_("empty: at once"))
    ends_at = models.DateTimeField(null=True, blank=True, help_text=_("empty: until somebody ends it"))
    why = models.TextField()
    by = models.ForeignKey(
        Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", help_text=_("empty: a key")
    )
    at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    ended_why = models.TextField(blank=True)

    objects = ListRuleQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["organisation", "-id"], name="list_rule_latest")]
        constraints = [
            models.CheckConstraint(
                name="list_rule_names_one",
                condition=Q(activity__isnull=False, activity_kind="") | Q(activity__isnull=True) & ~Q(activity_kind=""),
            ),
            models.CheckConstraint(
                name="list_rule_factor_of_boosts",
                condition=Q(effect="boost", factor__isnull=False) | ~Q(effect="boost") & Q(factor__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_effect_display()}: {self.target}"

    @property
    def target(self) -> str:
        return str(self.activity) if self.activity is not None else str(self.get_activity_kind_display())

    @property
    def state(self) -> str:
        """`ended`, `expired`, `waiting` or `active`."""
        now = timezone.now()
        if self.ended_at is not None:
            return "ended"
        if self.ends_at is not None and self.ends_at <= now:
            return "expired"
        return "waiting" if self.starts_at is not None and self.starts_at > now else "active"
