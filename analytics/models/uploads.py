"""Uploads: files on their way to the server, and what was learnt about files with the same columns."""

from __future__ import annotations

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from analytics.models.api_keys import ApiKey
from analytics.models.organisation import Member, Organisation


class UploadQuerySet(models.QuerySet["Upload"]):
    def of(self, by: Member | ApiKey) -> UploadQuerySet:
        """What this member or key sent."""
        own = self.filter(organisation=by.organisation_id)
        return own.filter(by_member=by) if isinstance(by, Member) else own.filter(by_key=by)

    def complete(self) -> UploadQuerySet:
        return self.filter(n_received=F("n_bytes"))

    def unfinished(self) -> UploadQuerySet:
        return self.filter(n_received__lt=F("n_bytes"))


class Upload(models.Model):
    """One file that comes in pieces. The row is the truth: what lies in the file behind `n_received` does not count."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="uploads")
    by_member = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    by_key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    file_name = models.TextField(help_text=_("as the sender knows it"))
    path = models.TextField(help_text=_("where the server keeps it"))
    n_bytes = models.BigIntegerField(help_text=_("size of the whole file"))
    n_received = models.BigIntegerField(default=0, help_text=_("bytes that have come"))
    sha256 = models.CharField(max_length=64, blank=True, help_text=_("of the whole file, where the sender told it"))
    resume_key = models.CharField(max_length=200, blank=True, help_text=_("by which the sender finds it again"))
    settings = models.JSONField(default=dict, blank=True, help_text=_("format and options chosen last"))
    created_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(help_text=_("last chunk, look or import"))

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["organisation", "-id"]), models.Index(fields=["touched_at"])]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.n_received} of {self.n_bytes} bytes)"

    @property
    def is_complete(self) -> bool:
        return self.n_received == self.n_bytes

    @property
    def share(self) -> float:
        """How much of it has come, 0 to 1."""
        return self.n_received / self.n_bytes


class ColumnMapping(models.Model):
    """How files with one set of column names were imported last: suggested again for the next such file."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="column_mappings")
    columns_hash = models.CharField(max_length=64, help_text=_("SHA-256 of the sorted column names"))
    format = models.CharField(max_length=32)
    options = models.JSONField(default=dict, blank=True)
    used_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "columns_hash"], name="column_mapping_once"),
        ]

    def __str__(self) -> str:
        return f"{self.format} {self.columns_hash[:12]}"
