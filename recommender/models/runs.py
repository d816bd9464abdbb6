"""Runs (trainings) and the versions (trained models) that come out of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from analytics.public import Activity, Job, Member, Organisation


class TargetKind(models.TextChoices):
    COURSE = "course", _("courses")
    ANY = "any", _("any activity")
    OUTCOME = "outcome", _("who needs help")


RECOMMENDED = (TargetKind.ANY, TargetKind.COURSE)
"""What can be recommended; the other kind is predicted."""
RECOMMENDED_CHOICES = [(kind.value, kind.label) for kind in RECOMMENDED]


class Run(Job):
    """One training: what was asked, how it went, what was measured."""

    task_name = "recommender.tasks.train"
    queue = "train"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="runs")
    algorithm = models.CharField(max_length=32)
    config = models.JSONField(default=dict, blank=True, help_text=_("hyper-parameters that differ from the default"))
    kind = models.CharField(max_length=8, choices=TargetKind.choices, default=TargetKind.ANY)
    course = models.ForeignKey(
        Activity,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("only its activities"),
    )
    seed = models.IntegerField(default=0)
    search = models.ForeignKey(
        "recommender.Search",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="trials",
        help_text=_("the search whose trial this is"),
    )
    promotes = models.BooleanField(default=True, help_text=_("put the version into use if it is no worse"))
    data = models.JSONField(default=dict, blank=True, help_text=_("counts and window of what was learnt from"))
    metrics = models.JSONField(default=dict, blank=True)
    baseline_metrics = models.JSONField(
        default=dict, blank=True, help_text=_("popularity, or the logistic line, on the same split")
    )
    curve = models.JSONField(default=list, blank=True, help_text=_("one object a step: step, loss, validation"))
    protocol = models.CharField(max_length=32, blank=True)
    protocol_hash = models.CharField(max_length=64, blank=True)
    fit_seconds = models.FloatField(null=True, blank=True)
    peak_memory_bytes = models.BigIntegerField(null=True, blank=True)
    why = models.TextField(blank=True, help_text=_("what started it; empty: somebody asked"))
    budget_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("of both fits; empty: the server's limit")
    )
    guard = models.JSONField(default=list, blank=True, help_text=_("checks of the data before the training"))
    override = models.TextField(blank=True, help_text=_("why it trains although a check of the data would stop it"))
    findings = models.JSONField(default=list, blank=True, help_text=_("checks of the gate after the training"))
    passes = models.BooleanField(null=True, blank=True, help_text=_("the gate found nothing against its version"))
    verdict = models.TextField(blank=True, help_text=_("promoted or not, and why, with the figures"))
    log = models.JSONField(default=list, blank=True, help_text=_("one object a line: at, text"))

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organisation", "-id"]),
            models.Index(fields=["state"], condition=Q(state__in=["queued", "running"]), name="run_open"),
        ]

    def __str__(self) -> str:
        return f"{self.algorithm} #{self.pk}"

    @property
    def predicts_outcomes(self) -> bool:
        return self.kind == TargetKind.OUTCOME


class Version(models.Model):
    """A trained model in an immutable folder. Which one is in use is said by the latest promotion of its scope."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="versions")
    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="version")
    kind = models.CharField(max_length=8, choices=TargetKind.choices)
    course = models.ForeignKey(Activity, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    algorithm = models.CharField(max_length=32)
    number = models.PositiveIntegerField(help_text=_("1, 2, 3 ... in the organisation"))
    folder = models.TextField(help_text=_("below the data folder"))
    manifest_sha256 = models.CharField(max_length=64)
    n_bytes = models.BigIntegerField(default=0)
    metrics = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["organisation", "number"], name="version_number_once")]

    def __str__(self) -> str:
        return f"v{self.number} {self.algorithm}"


class PromotionAction(models.TextChoices):
    PROMOTE = "promote", _("put into use")
    ROLL_BACK = "roll_back", _("rolled back to")


class Promotion(models.Model):
    """Who put which version into use, when and why. Only ever added to; the latest of a scope is what serves."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="promotions")
    kind = models.CharField(max_length=8, choices=TargetKind.choices)
    course = models.ForeignKey(Activity, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="promotions")
    previous = models.ForeignKey(Version, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    action = models.CharField(max_length=10, choices=PromotionAction.choices)
    by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    why = models.TextField()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["organisation", "kind", "course", "-id"])]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.version}"
