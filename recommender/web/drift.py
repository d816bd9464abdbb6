"""The fragment that says what has changed in the data since models learnt from them."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analytics.public import MemberRequest, roles_required
from recommender.tables.runs import MODEL_ROLES
from recommender.training import guard


@require_safe
@roles_required(*MODEL_ROLES)
def data_drift(request: MemberRequest) -> HttpResponse:
    findings = guard.look(request.member.organisation)
    changed = [finding for finding in findings if not finding.is_passed]
    stopping = [finding for finding in changed if finding.stops]
    context = {"findings": findings, "stopping": stopping, "notable": [one for one in changed if not one.stops]}
    return render(request, "recommender/_drift.html", context)
