"""What can be learnt with: a tree of activities, courses at or near its top."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from analytics.models.organisation import Member, Organisation, Role


class Kind(models.TextChoices):
    COURSE = "course", _("Course")
    MODULE = "module", _("Module")
    VIDEO = "video", _("Video")
    READING = "reading", _("Reading")
    QUIZ = "quiz", _("Quiz")
    ASSIGNMENT = "assignment", _("Assignment")
    FORUM = "forum", _("Forum")
    OTHER = "other", _("Other")


class ActivityQuerySet(models.QuerySet["Activity"]):
    def courses(self) -> ActivityQuerySet:
        return self.filter(kind=Kind.COURSE)

    def open_at(self, instant: datetime) -> ActivityQuerySet:
        """Activities whose own opening and closing dates admit `instant` (aware UTC)."""
        return self.filter(
            Q(opens_at__isnull=True) | Q(opens_at__lte=instant),
            Q(closes_at__isnull=True) | Q(closes_at__gt=instant),
        )

    def visible_to(self, member: Member) -> ActivityQuerySet:
        """Of the member's organisation; instructors see their courses, learners those they are enrolled in."""
        mine = self.filter(organisation_id=member.organisation_id)
        if member.sees_everything:
            return mine
        if member.role == Role.INSTRUCTOR:
            courses = member.courses.values("id")
        else:
            # Through `members`: comparing with a member's missing learner would find what nobody is enrolled in.
            courses = Activity.objects.filter(enrolments__learner__members=member).values("id")
        return mine.filter(Q(id__in=courses) | Q(course_id__in=courses))


class Activity(models.Model):
    """Anything learnt with. `course` repeats the nearest course above, so that no query walks the tree."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="activities")
    external_id = models.TextField(help_text=_("the source's id; unique in the organisation"))
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.OTHER)
    name = models.TextField()
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="children")
    course = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="parts")
    position = models.IntegerField(default=0, help_text=_("place among its siblings, from 0"))
    tags = ArrayField(models.TextField(), default=list, blank=True, help_text=_("topics, most general first"))
    opens_at = models.DateTimeField(null=True, blank=True)
    closes_at = models.DateTimeField(null=True, blank=True)
    from_import = models.ForeignKey(
        "analytics.Import",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("the only import that told of it; empty where several did, or none"),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "activities"
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["organisation", "external_id"], name="activity_once")]
        indexes = [
            models.Index(fields=["organisation", "kind"]),
            models.Index(fields=["course", "position"]),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def web_address(self) -> str:
        """Its own page, where its id is the address of one, as with xAPI; else nothing."""
        try:
            parts = urlsplit(self.external_id)
        except ValueError:
            return ""
        return self.external_id if parts.scheme in {"http", "https"} and parts.hostname else ""


class Prerequisite(models.Model):
    """What should be learnt with before an activity."""

    is_derived = True

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="prerequisites")
    needed = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="needed_for")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["activity", "needed"], name="prerequisite_once")]

    def __str__(self) -> str:
        return f"{self.activity_id} needs {self.needed_id}"
