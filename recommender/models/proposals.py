"""What becomes of a version that passed the gate: an organisation's policy, and proposals that wait for somebody."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from analytics.public import Member, Organisation
from recommender.models.runs import Version


class AfterGate(models.TextChoices):
    PROMOTE = "promote", _("It goes into use by itself")
    ASK = "ask", _("An administrator or model owner is asked")
    HOLD = "hold", _("It is stored, and nobody is asked")


class PromotionPolicy(models.Model):
    """What happens to versions that passed the gate. An organisation without a row has the default."""

    organisation = models.OneToOneField(Organisation, on_delete=models.CASCADE, related_name="promotion_policy")
    after_gate = models.CharField(max_length=8, choices=AfterGate.choices, default=AfterGate.PROMOTE)
    changed_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.organisation_id}: {self.after_gate}"

    @classmethod
    def of(cls, organisation: Organisation) -> PromotionPolicy:
        """The organisation's row, or an unsaved one with the default."""
        return cls.objects.filter(organisation=organisation).first() or cls(organisation=organisation)


class Decision(models.TextChoices):
    ACCEPTED = "accepted", _("put into use")
    DECLINED = "declined", _("declined")
    SUPERSEDED = "superseded", _("another version came first")


class Proposal(models.Model):
    """A version that passed the gate and waits for somebody; with the decision it is kept for ever."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="proposals")
    version = models.OneToOneField(Version, on_delete=models.CASCADE, related_name="proposal")
    at = models.DateTimeField(auto_now_add=True)
    verdict = models.TextField(help_text=_("of the gate, with the figures"))
    decision = models.CharField(max_length=12, choices=Decision.choices, blank=True, help_text=_("empty: it waits"))
    by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    why = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.version} {self.decision or 'waits'}"
