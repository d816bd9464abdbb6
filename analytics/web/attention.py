"""What somebody should look at: jobs that failed, data that was refused, learners who fell silent."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.aggregates.overview import n_gone_quiet
from analytics.aggregates.period import Period
from analytics.attention import Attention
from analytics.models import Fate, Import, JobState, Member, Role, RollupRefresh, VerbCount
from analytics.web.scope import courses_seen
from analytics.words import number

RECENT = timedelta(days=14)
NOTABLE_REJECTED_SHARE = 0.05
SHOWN = 5


def needs_attention(member: Member, period: Period) -> list[Attention]:
    found = [*quiet_learners(member, period)]
    if member.sees_everything:
        found = [*imports_at_fault(member), *refresh_at_fault(member), *found]
    if member.role == Role.ADMINISTRATOR:
        found = [*statements_at_fault(member), *found]
    return found


def imports_at_fault(member: Member) -> list[Attention]:
    recent = Import.objects.filter(organisation=member.organisation, created_at__gte=timezone.now() - RECENT)
    failed = recent.filter(state=JobState.FAILED)
    refused = recent.filter(state=JobState.SUCCEEDED, n_rejected__gt=F("n_read") * NOTABLE_REJECTED_SHARE)
    faults = (failed | refused).order_by("-pk")[:SHOWN]
    return [_of_import(fault) for fault in faults]


def _of_import(fault: Import) -> Attention:
    url = reverse("import_page", args=[fault.pk])
    if fault.state == JobState.FAILED:
        sentence = _("%(name)s: %(error)s") % {"name": fault.source_name, "error": fault.error}
        return Attention("bad", _("Import failed"), sentence, url)
    sentence = _("%(name)s: %(n)s of %(all)s rows were rejected.") % {
        "name": fault.source_name,
        "n": number(fault.n_rejected),
        "all": number(fault.n_read),
    }
    return Attention("warn", _("Rows rejected"), sentence, url)


def refresh_at_fault(member: Member) -> list[Attention]:
    """The latest refresh of the day tables, if it failed: numbers are old until one succeeds."""
    latest = RollupRefresh.objects.filter(organisation=member.organisation).order_by("-pk").first()
    if latest is None or latest.state != JobState.FAILED:
        return []
    return [Attention("bad", _("Numbers are old"), _("Adding up the days failed: %(error)s") % {"error": latest.error})]


def statements_at_fault(member: Member) -> list[Attention]:
    """Statements that are kept but count for nothing, because nobody has said what their verbs mean."""
    unmapped = VerbCount.objects.filter(organisation=member.organisation, fate=Fate.UNMAPPED)
    n_waiting = unmapped.aggregate(n=Sum("n_statements"))["n"]
    if not n_waiting:
        return []
    sentence = ngettext(
        "%(n)s statement waits: nobody has said what its verb means.",
        "%(n)s statements wait: nobody has said what their verbs mean.",
        n_waiting,
    ) % {"n": number(n_waiting)}
    return [Attention("warn", _("Verbs not known"), sentence, reverse("statement_list"))]


def quiet_learners(member: Member, period: Period) -> list[Attention]:
    n_quiet = n_gone_quiet(member.organisation, period, courses_seen(member))
    if not n_quiet:
        return []
    sentence = ngettext(
        "%(n)s learner was active before these %(days)s days and has not been seen since.",
        "%(n)s learners were active before these %(days)s days and have not been seen since.",
        n_quiet,
    ) % {"n": number(n_quiet), "days": period.n_days}
    return [Attention("warn", _("Gone quiet"), sentence, reverse("learner_list") + "?sort=last_on")]
