"""Calculating all risks anew from the worklist: asked for, followed and stopped there."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from analytics.public import InvalidInput, MemberRequest, roles_required
from recommender.models import RiskRefresh
from recommender.serving.risks import start_refresh
from recommender.worklist.seen import CASE_ROLES


@require_POST
@roles_required(*CASE_ROLES)
def risk_refresh_start(request: MemberRequest) -> HttpResponse:
    try:
        start_refresh(request.member.organisation, requested_by=request.member)
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect("worklist")


@require_safe
@roles_required(*CASE_ROLES)
def risk_refresh_progress(request: MemberRequest) -> HttpResponse:
    """The fragment that an open worklist asks for again and again; the end of a calculation reloads the list."""
    refresh = RiskRefresh.objects.filter(organisation=request.member.organisation).first()
    response = render(request, "recommender/_risk_refresh.html", {"refresh": refresh})
    if request.GET.get("shown") == "open" and (refresh is None or refresh.is_finished):
        response["HX-Refresh"] = "true"
    return response


@require_POST
@roles_required(*CASE_ROLES)
def risk_refresh_cancel(request: MemberRequest) -> HttpResponse:
    for refresh in RiskRefresh.objects.unfinished().filter(organisation=request.member.organisation):
        refresh.request_cancel()
        messages.success(request, _("It stops at its next step; the risks stay as they were."))
    return redirect("worklist")
