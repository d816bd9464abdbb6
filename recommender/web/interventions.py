"""Interventions: what was done, and beside similar learners whether it helped."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from analytics.public import MemberRequest, Role, list_page, roles_required
from recommender.models import CONTACTING_KINDS, Mail
from recommender.worklist.comparison import compare_interventions
from recommender.worklist.post import send_again
from recommender.worklist.seen import CASE_ROLES, courses_seen, interventions_seen


@require_safe
@roles_required(*CASE_ROLES)
def intervention_list(request: MemberRequest) -> HttpResponse:
    def context() -> dict[str, Any]:
        return {"n_contacts": interventions_seen(request.member).filter(kind__in=CONTACTING_KINDS).count()}

    return list_page(request, "interventions", "recommender/intervention_list.html", context)


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
