"""Interventions: what was done, and beside similar learners whether it helped."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from analytics.public import Member, MemberRequest, Role, roles_required
from recommender.models import CONTACTING_KINDS, Intervention, InterventionKind, Mail
from recommender.web.lists import page_of
from recommender.worklist.comparison import compare_interventions
from recommender.worklist.post import send_again
from recommender.worklist.seen import CASE_ROLES, courses_seen, enrolments_seen


def interventions_seen(member: Member) -> QuerySet[Intervention]:
    """Newest first, with what a row names."""
    rows = Intervention.objects.filter(organisation=member.organisation)
    if not member.sees_everything:
        rows = rows.filter(enrolment__in=enrolments_seen(member))
    return rows.select_related("enrolment__learner", "enrolment__course", "by__login", "mail").order_by("-id")


@require_safe
@roles_required(*CASE_ROLES)
def intervention_list(request: MemberRequest) -> HttpResponse:
    rows, kind = interventions_seen(request.member), request.GET.get("kind", "")
    chosen = rows.filter(kind=kind) if kind in InterventionKind.values else rows
    context = {
        "page": page_of(request, chosen),
        "n_contacts": rows.filter(kind__in=CONTACTING_KINDS).count(),
        "kinds": InterventionKind.choices,
        "kind": kind,
    }
    return render(request, "recommender/intervention_list.html", context)


@require_safe
@roles_required(*CASE_ROLES)
def intervention_comparison(request: MemberRequest) -> HttpResponse:
    """Fragment: matching reads every risk of the courses, so it does not hold up the page."""
    course_ids = list(courses_seen(request.member).values_list("pk", flat=True))
    found = compare_interventions(request.member.organisation, course_ids)
    return render(request, "recommender/_comparison.html", {"found": found})


@require_POST
@roles_required(*CASE_ROLES)
def mail_again(request: MemberRequest, pk: int) -> HttpResponse:
    """Send a mail that failed once more: one's own, or as data administrator any."""
    member = request.member
    mails = Mail.objects.filter(organisation=member.organisation)
    if member.role != Role.ADMINISTRATOR:
        mails = mails.filter(requested_by=member)
    mail = get_object_or_404(mails, pk=pk)
    if send_again(member.organisation, mail.pk):
        messages.success(request, _("The mail is on its way again."))
    else:
        messages.warning(request, _("Only a mail that failed can be sent again; this one did not."))
    return redirect("intervention_list")
