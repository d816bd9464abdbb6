"""Versions that passed the gate and wait: propose, list, decline. Accepting one is `versions.promote`."""

from __future__ import annotations

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.public import InvalidInput, Member, Organisation
from recommender.models import AfterGate, Decision, PromotionPolicy, Proposal, Version


def propose(version: Version, verdict: str) -> Proposal:
    """Ask for the version; what waited in its scope is superseded, so that there is one question at a time."""
    waiting_in(version).update(
        decision=Decision.SUPERSEDED,
        decided_at=timezone.now(),
        why=_("%(version)s was proposed.") % {"version": version},
    )
    return Proposal.objects.create(organisation=version.organisation, version=version, verdict=verdict)


def waiting(organisation: Organisation) -> models.QuerySet[Proposal]:
    """Newest first."""
    rows = Proposal.objects.filter(organisation=organisation, decision="")
    found: models.QuerySet[Proposal] = rows.select_related("version__course", "version__run").defer(
        "version__run__curve", "version__run__log"
    )
    return found


def waiting_in(version: Version) -> models.QuerySet[Proposal]:
    """In the scope of the version."""
    same = Version.objects.filter(organisation=version.organisation_id, kind=version.kind, course=version.course_id)
    found: models.QuerySet[Proposal] = Proposal.objects.filter(version__in=same, decision="")
    return found


def decline(version: Version, *, by: Member | None, why: str) -> Proposal:
    """The version stays as it is, and nobody is asked about it again.

    Raises:
        InvalidInput: it does not wait (any more), or `by` belongs to another organisation.
    """
    if by is not None and by.organisation_id != version.organisation_id:
        told = {"member": by, "version": version}
        raise InvalidInput(_("%(member)s belongs to another organisation than %(version)s.") % told)
    with transaction.atomic():
        proposal = Proposal.objects.select_for_update().filter(version=version, decision="").first()
        if proposal is None:
            raise InvalidInput(_("%(version)s does not wait for a decision.") % {"version": version}, "version")
        proposal.decision, proposal.by, proposal.why = Decision.DECLINED, by, why
        proposal.decided_at = timezone.now()
        proposal.save()
    return proposal


def set_policy(organisation: Organisation, after_gate: str, *, by: Member | None) -> PromotionPolicy:
    """What becomes of versions that pass the gate from now on.

    Raises:
        InvalidInput: `after_gate` is none of AfterGate.
    """
    if after_gate not in AfterGate.values:
        told = {"allowed": ", ".join(AfterGate.values), "got": after_gate}
        raise InvalidInput(_("after_gate must be one of %(allowed)s; got %(got)r.") % told, "after_gate")
    policy, _is_new = PromotionPolicy.objects.update_or_create(
        organisation=organisation, defaults={"after_gate": after_gate, "changed_by": by}
    )
    return policy
