"""Documents that learning tools keep here: states, and profiles of activities and agents."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from analytics.models.organisation import Organisation


class DocumentKind(models.TextChoices):
    STATE = "state", _("State")
    ACTIVITY_PROFILE = "activity_profile", _("Activity profile")
    AGENT_PROFILE = "agent_profile", _("Agent profile")


NO_REGISTRATION = "00000000-0000-0000-0000-000000000000"


class Document(models.Model):
    """Bytes with a type, known by what they are about and an id that the tool chose.

    `about` is a digest of activity and agent: an IRI may be longer than what an index takes.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=16, choices=DocumentKind.choices)
    about = models.CharField(max_length=64, help_text=_("SHA-256 of activity and agent"))
    activity = models.TextField(blank=True, help_text=_("IRI"))
    agent = models.TextField(blank=True, help_text=_("identity key"))
    registration = models.UUIDField(null=True, blank=True)
    document_id = models.CharField(max_length=500)
    content = models.BinaryField()
    content_type = models.CharField(max_length=255)
    etag = models.CharField(max_length=40, help_text=_("SHA-1 of the content"))
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            # As an index: NULL would be distinct from NULL, and `nulls distinct` is not known before PostgreSQL 15.
            models.UniqueConstraint(
                "organisation",
                "kind",
                "about",
                Coalesce("registration", models.Value(NO_REGISTRATION, output_field=models.UUIDField())),
                "document_id",
                name="document_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.document_id}"
