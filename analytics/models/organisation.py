"""Organisations and the people who log in to them."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analytics.models.masking import masks_learners


class Organisation(models.Model):
    """The wall: every other row belongs to one organisation and is never shown to another."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, default="UTC", help_text=_("IANA name, for example Europe/Madrid"))
    language = models.CharField(
        max_length=16,
        blank=True,
        choices=settings.LANGUAGES,
        help_text=_("for members who chose none; empty: that of their browser"),
    )
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


class Theme(models.TextChoices):
    SYSTEM = "", _("As the system")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class Density(models.TextChoices):
    COMFORTABLE = "", _("Comfortable")
    COMPACT = "compact", _("Compact")


class MemberQuerySet(models.QuerySet["Member"]):
    def active(self) -> MemberQuerySet:
        """Those who may come in."""
        return self.filter(deactivated_at=None)


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
    language = models.CharField(
        max_length=16, blank=True, choices=settings.LANGUAGES, help_text=_("empty: the organisation's")
    )
    theme = models.CharField(max_length=8, blank=True, choices=Theme.choices, default=Theme.SYSTEM)
    density = models.CharField(max_length=8, blank=True, choices=Density.choices, default=Density.COMFORTABLE)
    deactivated_at = models.DateTimeField(null=True, blank=True, help_text=_("empty: may come in"))
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MemberQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["organisation", "login"], name="member_once")]

    def __str__(self) -> str:
        return f"{self.login} ({self.get_role_display()})"

    @property
    def shown_login(self) -> str:
        """The name of the login; while learners are masked, the pseudonym of whose own page it is."""
        is_masked = masks_learners() and self.learner is not None
        return str(self.learner) if is_masked else self.login.get_username()

    @property
    def shown_email(self) -> str:
        """The address of the login; nothing while people are masked, because most addresses are names."""
        return "" if masks_learners() else self.login.email

    @property
    def sees_everything(self) -> bool:
        """True for the roles that see all courses and learners of their organisation."""
        return self.role in {Role.ADMINISTRATOR, Role.MODEL_OWNER}


class MemberAction(models.TextChoices):
    INVITED = "invited", _("added")
    LINKED = "linked", _("given a new link")
    ROLE = "role", _("role changed")
    COURSES = "courses", _("courses changed")
    DEACTIVATED = "deactivated", _("deactivated")
    ACTIVATED = "activated", _("activated again")


class MemberChange(models.Model):
    """Who did what to whose membership; only ever added to."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="member_changes")
    member = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="changes")
    name = models.CharField(max_length=150, help_text=_("the login's name at that time"))
    action = models.CharField(max_length=16, choices=MemberAction.choices)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} {self.action}"
