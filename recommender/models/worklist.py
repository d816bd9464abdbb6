"""What people do about risks: the organisation's policy, cases on the worklist, interventions, mails."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from analytics.public import Enrolment, Job, Member, Organisation


class LearnerView(models.TextChoices):
    NOTHING = "nothing", _("nothing")
    HINTS = "hints", _("supportive hints, no figures")
    FULL = "full", _("the whole estimate, strengths first")


class OutcomePolicy(models.Model):
    """How an organisation deals with risks. One without a row has the defaults."""

    organisation = models.OneToOneField(Organisation, on_delete=models.CASCADE, related_name="outcome_policy")
    at_risk_share = models.FloatField(default=0.5, help_text=_("risk from which somebody is on the worklist, 0 to 1"))
    learner_sees = models.CharField(max_length=8, choices=LearnerView.choices, default=LearnerView.HINTS)
    rest_days = models.PositiveSmallIntegerField(
        default=14, help_text=_("days for which somebody who was done with stays off the worklist")
    )
    sends_digest = models.BooleanField(default=True, help_text=_("mail instructors their worklist once a week"))
    digest_weekday = models.PositiveSmallIntegerField(default=0, help_text=_("0 is Monday"))
    digest_hour = models.PositiveSmallIntegerField(default=7, help_text=_("hour of the organisation's time zone"))

    def __str__(self) -> str:
        return f"{self.organisation_id}: from {self.at_risk_share:.0%}"

    @classmethod
    def of(cls, organisation: Organisation) -> OutcomePolicy:
        """The organisation's row, or an unsaved one with the defaults."""
        return cls.objects.filter(organisation=organisation).first() or cls(organisation=organisation)


class Case(models.Model):
    """Where an enrolment stands on the worklist. One without a row is new there."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="cases")
    enrolment = models.OneToOneField(Enrolment, on_delete=models.CASCADE, related_name="case")
    assigned_to = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="cases")
    snoozed_until = models.DateField(null=True, blank=True, help_text=_("off the worklist before this day"))
    done_on = models.DateField(null=True, blank=True)
    changed_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"case of {self.enrolment_id}"


class Mail(Job):
    """One e-mail, from being written to being handed to the mail server; the row is its log."""

    task_name = "recommender.tasks.send_mail"
    queue = "aggregate"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="mails")
    message_id = models.UUIDField(
        default=uuid.uuid4, unique=True, editable=False, help_text=_("the same at every attempt to send it")
    )
    address = models.EmailField()
    reply_to = models.EmailField(blank=True)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    sent_at = models.DateTimeField(null=True, blank=True)
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, null=True, blank=True, related_name="mails", help_text=_("of a digest: whose")
    )
    week_on = models.DateField(null=True, blank=True, help_text=_("of a digest: the week's Monday"))

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "week_on"], name="digest_once", condition=Q(week_on__isnull=False)
            )
        ]
        indexes = [
            models.Index(fields=["organisation", "-id"]),
            models.Index(fields=["state"], condition=Q(state__in=["queued", "running"]), name="mail_open"),
        ]

    def __str__(self) -> str:
        return f"mail #{self.pk} to {self.address}"


class InterventionKind(models.TextChoices):
    MESSAGE = "message", _("Message")
    CALL = "call", _("Call")
    MEETING = "meeting", _("Meeting")
    SUPPORT = "support", _("Extra support")
    NOTE = "note", _("Note")


CONTACTING_KINDS = (
    InterventionKind.MESSAGE,
    InterventionKind.CALL,
    InterventionKind.MEETING,
    InterventionKind.SUPPORT,
)
"""Kinds that reach the learner. A note helps colleagues and is compared with nothing."""


class Intervention(models.Model):
    """What somebody did for one enrolment, and how it stood that day. Only ever added to."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="interventions")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="interventions")
    kind = models.CharField(max_length=8, choices=InterventionKind.choices)
    note = models.TextField(blank=True)
    by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="interventions")
    at = models.DateTimeField(auto_now_add=True)
    on = models.DateField(help_text=_("day of the organisation's clock"))
    course_day = models.IntegerField(null=True, blank=True, help_text=_("of the latest risk before it"))
    risk_share = models.FloatField(null=True, blank=True, help_text=_("the latest risk before it"))
    mail = models.OneToOneField(Mail, on_delete=models.SET_NULL, null=True, blank=True, related_name="intervention")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["organisation", "-id"]), models.Index(fields=["enrolment", "-id"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} for {self.enrolment_id}"


class MessageTemplate(models.Model):
    """A text of the organisation's own; one with the key of a shipped text takes its place."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="message_templates")
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    subject = models.CharField(max_length=200)
    body = models.TextField(max_length=5000)

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["organisation", "key"], name="message_template_once")]

    def __str__(self) -> str:
        return self.name
