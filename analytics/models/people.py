"""Learners and their enrolments."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import DEFAULT_DB_ALIAS, models
from django.utils.translation import gettext_lazy as _

from analytics.models.catalogue import Activity
from analytics.models.masking import masks_learners, pseudonym, pseudonym_code
from analytics.models.organisation import Member, Organisation, Role


class LearnerQuerySet(models.QuerySet["Learner"]):
    def visible_to(self, member: Member) -> LearnerQuerySet:
        """Of the member's organisation; instructors see their courses' learners, learners only themselves."""
        mine = self.filter(organisation_id=member.organisation_id)
        if member.sees_everything:
            return mine
        if member.role == Role.INSTRUCTOR:
            taught = Enrolment.objects.filter(course__in=member.courses.values("id"))
            return mine.filter(id__in=taught.values("learner_id"))
        return mine.filter(members=member)


class Learner(models.Model):
    """A person who learns. `attributes` holds what the source tells of them; it is never a model's feature."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="learners")
    external_id = models.TextField(help_text=_("the source's id; unique in the organisation"))
    name = models.TextField(blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    from_import = models.ForeignKey(
        "analytics.Import",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("the only import that told of it; empty where several did, or none"),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = LearnerQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["organisation", "external_id"], name="learner_once")]

    def __str__(self) -> str:
        return self.shown_name

    @classmethod
    def partly(cls, organisation: Organisation, pk: int, external_id: str, name: str) -> Learner:
        """A stored learner; the other columns are read when asked for."""
        columns = {"id": pk, "organisation_id": organisation.pk, "external_id": external_id, "name": name}
        learner = cls.from_db(DEFAULT_DB_ALIAS, list(columns), list(columns.values()))
        learner.organisation = organisation
        return learner

    @property
    def shown_name(self) -> str:
        """The name, or else the id; a pseudonym while learners are masked."""
        return pseudonym(self.organisation_id, self.pk) if masks_learners() else self.name or self.external_id

    @property
    def shown_id(self) -> str:
        return pseudonym_code(self.organisation_id, self.pk) if masks_learners() else self.external_id


class Outcome(models.TextChoices):
    ACTIVE = "active", _("Still learning")
    COMPLETED = "completed", _("Completed")
    DISTINCTION = "distinction", _("Completed with distinction")
    FAILED = "failed", _("Failed")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Enrolment(models.Model):
    """A learner in one run of a course."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="enrolments")
    learner = models.ForeignKey(Learner, on_delete=models.CASCADE, related_name="enrolments")
    course = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="enrolments")
    course_run = models.TextField(blank=True, help_text=_("which run of the course, where it runs several times"))
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, default=Outcome.ACTIVE)
    grade_share = models.FloatField(null=True, blank=True, help_text=_("0 to 1"))
    attempt = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text=_("which attempt at this course, 1 for the first; empty where nobody told")
    )
    from_import = models.ForeignKey(
        "analytics.Import",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("the only import that told of it; empty where several did, or none"),
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["learner", "course", "course_run"], name="enrolment_once"),
        ]
        indexes = [
            models.Index(fields=["course", "learner"]),
            models.Index(fields=["organisation", "outcome"]),
            # The latest run of each learner in a course, with what is asked of it: read in order, without the rows.
            models.Index(
                "organisation",
                "learner",
                "course",
                models.F("started_at").desc(nulls_last=True),
                models.F("id").desc(),
                include=["course_run", "outcome"],
                name="enrolment_latest",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.learner} in {self.course}"

    def known_at(self, now: datetime) -> Self:
        """Without outcome and grade where these come after `now` in an archive, whose clock may be set back.

        An outcome without a day of its own comes when the course closes. Where the clock runs, what is told is known.
        Reads the organisation and the course.
        """
        ends_at = self.ended_at or self.course.closes_at
        if self.organisation.as_of is not None and ends_at is not None and ends_at > now:
            self.outcome, self.grade_share = Outcome.ACTIVE, None
        return self
