"""Statements of xAPI as they are kept: the JSON as text, and beside it what filters look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from analytics.models.credentials import Credential
from analytics.models.imports import Import
from analytics.models.organisation import Organisation

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

PENDING_KILOBYTES = 256
"""What GIN collects before it sorts it in. A reader scans it whole, so that PostgreSQL's 4 MB would cost 20 ms."""


def keys(help_text: StrOrPromise) -> ArrayField[list[str], list[str]]:
    return ArrayField(models.TextField(), default=list, help_text=help_text)


class KeyHash(models.Func):
    """A text as 8 bytes, so that an index of keys and instants is a quarter of the size; compare the text too."""

    template = "hashtextextended(%(expressions)s, 0)"
    output_field = models.BigIntegerField()


class Statement(models.Model):
    """One statement; a row is written once and never changed, so that writers never wait for each other.

    The order of a store is (stored_at, id); within a batch each statement is stored a microsecond after the one before.
    Keys are those of `analytics.xapi.mentions`. `document` lacks only `stored`, which is the column.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    uuid = models.UUIDField(help_text=_("the statement's id"))
    stored_at = models.DateTimeField()
    occurred_at = models.DateTimeField(help_text=_("the statement's timestamp"))
    verb = models.TextField(help_text=_("IRI"))
    registration = models.UUIDField(null=True, blank=True)
    refers_to = models.UUIDField(null=True, blank=True, help_text=_("the statement that is this one's object"))
    actor = models.TextField(blank=True, help_text=_("key of the actor; empty for an anonymous group"))
    agents = keys(_("object, and members of groups as actor or object"))
    other_agents = keys(_("found by related_agents only"))
    activities = keys(_("object"))
    other_activities = keys(_("found by related_activities only"))
    credential = models.ForeignKey(
        Credential, on_delete=models.RESTRICT, null=True, blank=True, related_name="+", db_index=False
    )
    from_import = models.ForeignKey(
        Import, on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    document = models.TextField(help_text=_("JSON"))

    class Meta:
        ordering = ["stored_at", "id"]
        constraints = [models.UniqueConstraint(fields=["organisation", "uuid"], name="statement_once")]
        indexes = [
            models.Index(fields=["organisation", "stored_at", "id"], name="statement_order"),
            models.Index(fields=["organisation", "verb", "stored_at"], name="statement_verb"),
            models.Index(fields=["credential", "stored_at"], name="statement_credential"),
            # What one agent did lately is asked most: in order, without looking at rows with other verbs.
            models.Index("organisation", KeyHash("actor"), "stored_at", KeyHash("verb"), name="statement_actor"),
            models.Index(
                fields=["organisation", "registration", "stored_at"],
                condition=models.Q(registration__isnull=False),
                name="statement_registration",
            ),
            models.Index(
                fields=["from_import"], condition=models.Q(from_import__isnull=False), name="statement_import"
            ),
            GinIndex(
                fields=["agents", "other_agents", "activities", "other_activities"],
                gin_pending_list_limit=PENDING_KILOBYTES,
                name="statement_mentions",
            ),
        ]

    def __str__(self) -> str:
        return str(self.uuid)


class StatementLink(models.Model):
    """That a statement leads to another through StatementRefs: directly, or through those that it refers to.

    The other one may not be here (yet). Links are only ever added.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    statement = models.ForeignKey(Statement, on_delete=models.CASCADE, related_name="links", db_index=False)
    target = models.UUIDField(help_text=_("id of the other statement"))
    n_steps = models.SmallIntegerField()
    is_voiding = models.BooleanField(default=False, help_text=_("the statement voids the other one"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["statement", "target"], name="statement_link_once")]
        indexes = [
            models.Index(fields=["organisation", "target"], name="statement_link_target"),
            models.Index(
                fields=["organisation", "target"], condition=models.Q(is_voiding=True), name="statement_link_voiding"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.statement_id} -> {self.target}"


class Attachment(models.Model):
    """The data of an attachment, known by its hash; any number of statements may have it."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    sha2 = models.CharField(max_length=128)
    content_type = models.TextField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "sha2"], name="attachment_once")]

    def __str__(self) -> str:
        return self.sha2


class ActivityDefinition(models.Model):
    """One definition that statements gave of an activity; a different one is another row, a later one counts more."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    activity = models.TextField(help_text=_("key of the IRI"))
    digest = models.CharField(max_length=64, help_text=_("SHA-256 of the definition"))
    definition = models.TextField(help_text=_("JSON"))
    first_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "activity", "digest"], name="activity_definition_once")
        ]

    def __str__(self) -> str:
        return self.activity
