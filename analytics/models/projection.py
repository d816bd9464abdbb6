"""What became of statements: events, or a reason why not; who their actors are; and what verbs mean here."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from analytics.models.events import Verb
from analytics.models.imports import Import
from analytics.models.jobs import Job
from analytics.models.organisation import Member, Organisation
from analytics.models.people import Learner
from analytics.models.statements import Statement


class Projection(Job):
    """The job that makes events of an organisation's statements, from where the last one ended."""

    task_name = "analytics.tasks.project_statements"
    queue = "aggregate"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    n_statements = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["state"], condition=models.Q(state__in=["queued", "running"]), name="projection_open")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"], condition=models.Q(state="queued"), name="projection_queued_once"
            )
        ]

    def __str__(self) -> str:
        return f"statements of {self.organisation_id} #{self.pk}"


class ProjectionPlace(models.Model):
    """How far an organisation's statements are projected: the last of them, in the order of the store."""

    organisation = models.OneToOneField(Organisation, on_delete=models.CASCADE, related_name="+")
    stored_at = models.DateTimeField()
    statement_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.organisation_id}: {self.stored_at}"


class Fate(models.TextChoices):
    EVENT = "event", _("Event")
    MERGED = "merged", _("Known event")
    UNMAPPED = "unmapped", _("Verb without a meaning")
    IGNORED = "ignored", _("Verb that makes no event")
    NO_LEARNER = "no_learner", _("Actor is a group")
    NO_ACTIVITY = "no_activity", _("Object is no activity")
    REJECTED = "rejected", _("Rejected")
    VOIDED = "voided", _("Voided")
    VOIDING = "voiding", _("Voids another")


class StatementFate(models.Model):
    """What became of one statement. `event_id` alone finds the event; its instant says in which month to look."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    statement = models.OneToOneField(Statement, on_delete=models.CASCADE, related_name="fate", primary_key=True)
    fate = models.CharField(max_length=12, choices=Fate.choices)
    code = models.CharField(max_length=40, blank=True, help_text=_("of a rejection"))
    verb = models.TextField(help_text=_("IRI"))
    activity_type = models.TextField(blank=True, help_text=_("IRI"))
    event_id = models.BigIntegerField(null=True)
    occurred_at = models.DateTimeField(help_text=_("when the event happened"))
    from_import = models.ForeignKey(Import, on_delete=models.CASCADE, null=True, related_name="+", db_index=False)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "verb", "activity_type"], name="fate_verb"),
            models.Index(fields=["event_id"], condition=models.Q(event_id__isnull=False), name="fate_event"),
            models.Index(fields=["from_import"], condition=models.Q(from_import__isnull=False), name="fate_import"),
        ]

    def __str__(self) -> str:
        return f"{self.statement_id}: {self.fate}"


class VerbCount(models.Model):
    """How many statements came with a verb on a type of activity, by what became of them."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    verb = models.TextField(help_text=_("IRI"))
    activity_type = models.TextField(blank=True, help_text=_("IRI"))
    fate = models.CharField(max_length=12, choices=Fate.choices)
    n_statements = models.BigIntegerField(default=0)
    last_at = models.DateTimeField(help_text=_("when the last of them was stored"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "verb", "activity_type", "fate"], name="verb_count_once")
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.fate}: {self.n_statements}"


class VerbMeaning(models.Model):
    """What a verb means in this organisation; it comes before the table of the common profiles."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    verb = models.TextField(help_text=_("IRI"))
    activity_type = models.TextField(blank=True, help_text=_("IRI; empty: of any type"))
    meaning = models.CharField(max_length=16, choices=Verb.choices, blank=True, help_text=_("empty: no event"))
    created_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now=True)
    is_applied = models.BooleanField(default=False, help_text=_("to the statements that were here before it"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "verb", "activity_type"], name="verb_meaning_once")
        ]

    def __str__(self) -> str:
        return f"{self.verb}: {self.meaning or '-'}"


class LearnerIdentity(models.Model):
    """An identity of a learner in xAPI; one learner may have several."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    learner = models.ForeignKey(Learner, on_delete=models.CASCADE, related_name="identities")
    key = models.TextField(help_text=_("see xapi.agents.identity_key"))
    agent = models.JSONField(help_text=_("mbox, mbox_sha1sum, openid or account, as first received"))
    sha1 = models.CharField(max_length=40, blank=True, help_text=_("of the mbox, given or computed"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "learner identities"
        constraints = [models.UniqueConstraint(fields=["organisation", "key"], name="identity_once")]
        indexes = [models.Index(fields=["organisation", "sha1"], condition=~models.Q(sha1=""), name="identity_sha1")]

    def __str__(self) -> str:
        return self.key
