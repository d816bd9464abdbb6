"""What became of what was shown: sums per day, so that no page counts impressions; and versions side by side."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from analytics.public import Activity, Member, Organisation
from recommender.models.runs import RECOMMENDED_CHOICES, TargetKind, Version


class OnlineDay(models.Model):
    """Activities that a version first showed to learners on a day, and what those did with them afterwards.

    An activity that one learner is shown ten times counts once, on the first day. With the channel empty it counts
    once over page and API together; what operators asked for by command is in no such sum. That sum also stands by
    segment: by how much the learner had met when the activity was first shown.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="online_days")
    channel = models.CharField(max_length=8, blank=True, help_text=_("page, api or command; empty: page and API"))
    segment = models.CharField(max_length=8, blank=True, help_text=_("new, light or heavy; empty: all learners"))
    on = models.DateField(help_text=_("UTC"))
    n_lists = models.PositiveIntegerField(default=0, help_text=_("answers"))
    n_shown = models.PositiveIntegerField(default=0, help_text=_("activities shown to a learner for the first time"))
    n_clicked = models.PositiveIntegerField(default=0)
    n_started = models.PositiveIntegerField(default=0, help_text=_("within the days after"))
    n_completed = models.PositiveIntegerField(default=0, help_text=_("within the days after"))

    class Meta:
        ordering = ["-on", "channel", "segment"]
        constraints = [models.UniqueConstraint(fields=["version", "channel", "segment", "on"], name="online_day_once")]

    def __str__(self) -> str:
        return f"{self.version_id} {self.channel}{self.segment} {self.on}"


class OnlineMeasure(models.TextChoices):
    CLICKED = "clicked", _("opened something")
    STARTED = "started", _("began something")
    COMPLETED = "completed", _("completed something")


class Experiment(models.Model):
    """Two versions side by side: each learner is answered by one of them, always the same."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="experiments")
    kind = models.CharField(max_length=8, choices=RECOMMENDED_CHOICES, default=TargetKind.ANY)
    course = models.ForeignKey(Activity, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    control = models.ForeignKey(
        Version, on_delete=models.CASCADE, related_name="+", help_text=_("the version in use when it began")
    )
    challenger = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="+")
    share = models.FloatField(
        default=0.5,
        validators=[MinValueValidator(0.01), MaxValueValidator(0.99)],
        help_text=_("of the learners that the challenger answers, 0.5 is half"),
    )
    measure = models.CharField(max_length=10, choices=OnlineMeasure.choices, default=OnlineMeasure.COMPLETED)
    window_days = models.PositiveSmallIntegerField(
        default=14,
        validators=[MinValueValidator(1), MaxValueValidator(60)],
        help_text=_("days that each learner has from their first list on"),
    )
    salt = models.CharField(max_length=32, help_text=_("with the learner it says who answers"))
    started_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    started_at = models.DateTimeField(auto_now_add=True)
    stopped_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    stopped_at = models.DateTimeField(null=True, blank=True)
    why_stopped = models.TextField(blank=True)
    figures = models.JSONField(
        default=dict, blank=True, help_text=_("learners and hits of both sides, as last counted")
    )
    evidence = models.FloatField(default=0.0, help_text=_("the strongest so far; from 20 on the test knows"))
    decided_at = models.DateTimeField(null=True, blank=True, help_text=_("when the test first knew"))
    winner = models.ForeignKey(Version, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    verdict = models.TextField(blank=True)
    counted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "kind", "course"],
                condition=Q(stopped_at__isnull=True),
                name="experiment_one_running",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.control} / {self.challenger}"

    @property
    def is_running(self) -> bool:
        return self.stopped_at is None
