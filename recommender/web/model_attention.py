"""What the overview tells of models and risks: who waits for help, what failed, was held back or has grown old."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from analytics.public import Attention, JobState, Member, MemberRequest, Organisation, Role, number, roles_required
from recommender.models import Promotion, Run
from recommender.registry.proposals import waiting
from recommender.tables.runs import MODEL_ROLES
from recommender.web.lists import in_use
from recommender.worklist.rows import Worklist
from recommender.worklist.seen import CASE_ROLES

STAFF = (Role.ADMINISTRATOR, Role.MODEL_OWNER, Role.INSTRUCTOR)
RECENT = timedelta(days=14)
SHOWN = 5


@require_safe
@roles_required(*STAFF)
def model_attention(request: MemberRequest) -> HttpResponse:
    """Fragment of the overview: rows for its list of what needs attention, or nothing."""
    found = [*at_risk(request.member)]
    if request.member.role in MODEL_ROLES:
        found += [*waiting_versions(request.member.organisation)]
        found += [*runs_at_fault(request.member.organisation), *old_versions(request.member.organisation)]
    return render(request, "analytics/_attention_rows.html", {"attention": found[:SHOWN]})


def at_risk(member: Member) -> Iterator[Attention]:
    n = Worklist.of(member).waiting().count()
    if n:
        sentence = ngettext(
            "%(n)s learner may not finish a course and waits for somebody to look.",
            "%(n)s learners may not finish a course and wait for somebody to look.",
            n,
        )
        url = reverse("worklist") if member.role in CASE_ROLES else reverse("course_list")
        yield Attention("warn", _("At risk"), sentence % {"n": number(n)}, url)


def waiting_versions(organisation: Organisation) -> Iterator[Attention]:
    """What the gate let through and the policy leaves to somebody."""
    for proposal in waiting(organisation):
        url = f"{reverse('version_list')}#waiting"
        yield Attention("warn", _("Waiting for you"), f"{proposal.version}: {proposal.verdict}", url)


def runs_at_fault(organisation: Organisation) -> Iterator[Attention]:
    """By what the latest training of each scope ended with; what came right since is no concern any more."""
    latest = (
        Run.objects.filter(organisation=organisation, search=None, finished_at__gte=timezone.now() - RECENT)
        .order_by("kind", "course_id", "-id")
        .distinct("kind", "course_id")
        .select_related("version")
        .defer("curve", "log")
    )
    for run in latest:
        url = reverse("run_page", args=[run.pk])
        if run.state == JobState.FAILED:
            yield Attention("bad", _("Training failed"), f"{run}: {run.error}", url)
        elif run.state == JobState.SUCCEEDED and run.passes is False:
            yield Attention("warn", _("Model held back"), f"{run}: {run.verdict}", url)
        elif drifted := [finding["sentence"] for finding in run.guard if not finding.get("is_passed", True)]:
            yield Attention("warn", _("Data have changed"), f"{run}: {drifted[0]}", url)


def old_versions(organisation: Organisation) -> Iterator[Attention]:
    """Versions that are in use beyond the day until which their cards say that they count."""
    oldest = timezone.now() - timedelta(days=settings.NEURALINK_VERSION_DAYS)
    promotions: list[Promotion] = list(in_use(organisation))
    if not promotions:
        sentence = _("No model is in use: learners are shown what is popular.")
        yield Attention("info", _("No model"), sentence, reverse("version_list"))
    for promotion in promotions:
        if promotion.version.created_at < oldest:
            sentence = _("%(version)s is in use beyond its time: train a new one.") % {"version": promotion.version}
            yield Attention("warn", _("Model is old"), sentence, reverse("version_page", args=[promotion.version_id]))
