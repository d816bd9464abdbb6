"""What is predicted of an enrolment, and the job that predicts it for all that run."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from analytics.public import Enrolment, Job, Member, Organisation, Role
from recommender.models.runs import Version


class Confidence(models.TextChoices):
    LOW = "low", _("low")
    MEDIUM = "medium", _("medium")
    HIGH = "high", _("high")


class RiskQuerySet(models.QuerySet["Risk"]):
    def visible_to(self, member: Member) -> RiskQuerySet:
        """Risks of the member's organisation; instructors see their courses, learners nothing here.

        What learners may see of their own is a setting of the organisation, decided where it is shown.
        """
        mine = self.filter(organisation_id=member.organisation_id)
        if member.sees_everything:
            return mine
        if member.role == Role.INSTRUCTOR:
            return mine.filter(enrolment__course__in=member.courses.values("id"))
        return mine.none()

    def current(self) -> RiskQuerySet:
        """The newest of each enrolment."""
        newest = self.order_by("enrolment_id", "-on").distinct("enrolment_id").values("id")
        return self.model._default_manager.filter(id__in=newest)


class Risk(models.Model):
    """How likely one enrolment is not to be finished (failed or withdrawn), as seen on one day; the past is kept."""

    is_derived = True  # goes with learner or enrolment when the import that brought them is rolled back

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="risks", db_index=False)
    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="risks", db_index=False)
    version = models.ForeignKey(Version, on_delete=models.SET_NULL, null=True, blank=True, related_name="risks")
    on = models.DateField(help_text=_("the last day that the prediction knows"))
    course_day = models.IntegerField(help_text=_("that day, counted from the course's first, which is 0"))
    is_known = models.BooleanField(help_text=_("false: not enough data yet"))
    risk_share = models.FloatField(null=True, blank=True, help_text=_("probability of not finishing, 0 to 1"))
    grade_share = models.FloatField(null=True, blank=True, help_text=_("expected grade, 0 to 1"))
    confidence = models.CharField(max_length=8, choices=Confidence.choices, blank=True)
    factors = models.JSONField(
        default=list, help_text=_("what raises the risk, strongest first: feature, value, peers_value, effect")
    )
    strengths = models.JSONField(default=list, help_text=_("what lowers it, strongest first, in the same form"))
    calculated_at = models.DateTimeField()

    objects = RiskQuerySet.as_manager()

    class Meta:
        ordering = ["-on", "-risk_share"]
        constraints = [models.UniqueConstraint(fields=["enrolment", "on"], name="risk_once_a_day")]
        indexes = [models.Index(fields=["organisation", "-on"])]

    def __str__(self) -> str:
        return f"{self.enrolment_id} {self.on}: {'?' if self.risk_share is None else f'{self.risk_share:.2f}'}"


class RiskRefresh(Job):
    """The job that predicts for every running enrolment of an organisation."""

    task_name = "recommender.tasks.refresh_risks"
    queue = "aggregate"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="risk_refreshes")
    on = models.DateField(null=True, blank=True, help_text=_("the day predicted for: the organisation's today"))
    n_enrolments = models.IntegerField(default=0)
    n_known = models.IntegerField(default=0, help_text=_("of them with enough data"))

    class Meta:
        verbose_name_plural = "risk refreshes"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organisation", "-id"]),
            models.Index(fields=["state"], condition=Q(state__in=["queued", "running"]), name="risk_refresh_open"),
        ]

    def __str__(self) -> str:
        return f"calculation of risks #{self.pk}"
