"""Organisations and the people who log in to them."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Organisation(models.Model):
    """The wall: every other row belongs to one organisation and is never shown to another."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, default="UTC", help_text=_("IANA name, for example Europe/Madrid"))
    is_synthetic = models.BooleanField(default=False, help_text=_("made-up data; every page says so"))
    as_of = models.DateTimeField(
        null=True,
        blank=True,
        help_text=_("For archives: the instant that pages and rules take for now. Empty: the real clock."),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def now(self) -> datetime:
        """The organisation's clock: real time, or the instant at which its archive stands still."""
        return self.as_of or timezone.now()


class Role(models.TextChoices):
    ADMINISTRATOR = "administrator", _("Data administrator")
    MODEL_OWNER = "model_owner", _("Model owner")
    INSTRUCTOR = "instructor", _("Instructor")
    LEARNER = "learner", _("Learner")


class Member(models.Model):
    """A login with a role in one organisation; one login may be a member of several."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="members")
    login = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)
    learner = models.ForeignKey(
        "analytics.Learner",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="members",
        help_text=_("for the role learner: whose own page this is"),
    )
    courses = models.ManyToManyField(
        "analytics.Activity",
        blank=True,
        related_name="instructors",
        help_text=_("for the role instructor: the courses that they see"),
    )
    time_zone = models.CharField(max_length=64, blank=True, help_text=_("empty: the organisation's"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["organisation", "login"], name="member_once")]

    def __str__(self) -> str:
        return f"{self.login} ({self.get_role_display()})"

    @property
    def sees_everything(self) -> bool:
        """True for the roles that see all courses and learners of their organisation."""
        return self.role in {Role.ADMINISTRATOR, Role.MODEL_OWNER}
