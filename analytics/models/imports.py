"""Imports: what came in, from where, and what became of every row."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from analytics.models.jobs import Job
from analytics.models.organisation import Organisation
from analytics.models.uploads import Upload


class Import(Job):
    """One file or folder (or one day of one API key's writes) on its way into events.

    `checkpoint` is the reader's place after the last committed batch, written in that batch's transaction:
    an import that was killed goes on from there, so that no row comes in twice and none is lost.
    """

    task_name = "analytics.tasks.run_import"
    queue = "import"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="imports")
    format = models.CharField(max_length=32)
    source_name = models.TextField(help_text=_("the file's or folder's name as the sender knows it"))
    path = models.TextField(blank=True, help_text=_("where the server keeps or finds it"))
    upload = models.ForeignKey(Upload, on_delete=models.SET_NULL, null=True, blank=True, related_name="imports")
    mends = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="mended_by",
        help_text=_("the import whose rejected rows came again in this file"),
    )
    options = models.JSONField(default=dict, blank=True, help_text=_("column mapping and the format's own options"))
    fingerprint = models.CharField(max_length=64, blank=True, help_text=_("SHA-256 of the content"))
    is_dry_run = models.BooleanField(default=False)
    checkpoint = models.JSONField(default=dict, blank=True)
    n_read = models.BigIntegerField(default=0)
    n_accepted = models.BigIntegerField(default=0)
    n_merged = models.BigIntegerField(default=0)
    n_repaired = models.BigIntegerField(default=0, help_text=_("accepted after a repair; counted in accepted too"))
    n_rejected = models.BigIntegerField(default=0)
    rolled_back_at = models.DateTimeField(null=True, blank=True, help_text=_("its events were taken out again"))
    counts_by_code = models.JSONField(default=dict, blank=True, help_text=_("verdict code -> rows"))

    counts_by_step = models.JSONField(
        default=dict, blank=True, help_text=_("step of cleaning and its version -> rows that it touched")
    )

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organisation", "-id"]),
            models.Index(fields=["organisation", "fingerprint"]),
            models.Index(fields=["state"], condition=models.Q(state__in=["queued", "running"]), name="import_open"),
        ]

    def __str__(self) -> str:
        return f"{self.source_name} #{self.pk}"

    @property
    def roll_back(self) -> RollBack | None:
        """The latest attempt to take it out again."""
        return max(self.roll_backs.all(), key=lambda job: job.pk, default=None)

    @property
    def adds_up(self) -> bool:
        """The promise of the ledger: read = accepted + merged + rejected."""
        return self.n_read == self.n_accepted + self.n_merged + self.n_rejected


class RollBack(Job):
    """The job that takes an import out again; `n_` say what went."""

    task_name = "analytics.tasks.roll_back"
    queue = "import"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="roll_backs")
    from_import = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="roll_backs")
    n_events = models.BigIntegerField(default=0)
    n_enrolments = models.IntegerField(default=0)
    n_learners = models.IntegerField(default=0)
    n_activities = models.IntegerField(default=0)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"roll-back of {self.from_import_id} #{self.pk}"


class Verdict(models.TextChoices):
    REPAIRED = "repaired", _("Repaired")
    MERGED = "merged", _("Merged")
    REJECTED = "rejected", _("Rejected")


class RowVerdict(models.Model):
    """What became of one row that was not simply accepted, and why. Accepted rows are only counted."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    from_import = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="verdicts")
    file_name = models.TextField(blank=True)
    row_number = models.BigIntegerField(help_text=_("1 is the first row after the header"))
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    code = models.CharField(max_length=40)
    sentence = models.TextField()
    content = models.JSONField(default=dict, help_text=_("the row as it came"))

    class Meta:
        ordering = ["from_import_id", "file_name", "row_number"]
        indexes = [models.Index(fields=["from_import", "verdict", "id"])]

    def __str__(self) -> str:
        return f"{self.file_name}:{self.row_number} {self.verdict}"
