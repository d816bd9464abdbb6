"""Risks where people look: on a learner's page, on a course's, on the overview, and on the learner's own."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from analytics.public import (
    Activity,
    Learner,
    MemberRequest,
    Role,
    roles_required,
    table_page,
    wants_fragment,
    with_address,
)
from recommender.models import LearnerView, OutcomePolicy
from recommender.web.risk_charts import spread_chart
from recommender.web.risk_views import learner_risks, own_hints
from recommender.web.what_if import WhatIfForm
from recommender.worklist.board import lines
from recommender.worklist.readiness import lack_of
from recommender.worklist.rows import Worklist, in_order, last_day, risks_seen, spread_of
from recommender.worklist.seen import CASE_ROLES

STAFF = (Role.ADMINISTRATOR, Role.MODEL_OWNER, Role.INSTRUCTOR)
N_NAMED = 5


@require_safe
@roles_required()
def learner_risk(request: MemberRequest, pk: int) -> HttpResponse:
    """Fragment: what is estimated of one learner, for staff; of oneself as far as the policy shows it."""
    member = request.member
    learner = get_object_or_404(Learner.objects.visible_to(member), pk=pk)
    if member.role != Role.LEARNER:
        context: dict[str, Any] = {
            "shown": learner_risks(member, learner),
            "lack": lack_of(member.organisation),
            "is_acting": member.role in CASE_ROLES,
            "what_if": WhatIfForm(),
        }
        return render(request, "recommender/_learner_risk.html", context)
    view = OutcomePolicy.of(member.organisation).learner_sees
    if view == LearnerView.NOTHING:
        return HttpResponse()
    context = {"hints": own_hints(member), "is_full": view == LearnerView.FULL, "what_if": WhatIfForm()}
    return render(request, "recommender/_own_risk.html", context)


@require_safe
@roles_required(*STAFF)
def course_risk(request: MemberRequest, pk: int) -> HttpResponse:
    """Who may need help in one course: how risks are spread, and the list."""
    course = get_object_or_404(Activity.objects.visible_to(request.member).courses(), pk=pk)
    policy = OutcomePolicy.of(request.member.organisation)
    shown = table_page(request, "course-risks", {"course": str(course.pk)})
    if wants_fragment(request):
        return with_address(render(request, "analytics/_table.html", {"shown": shown, "policy": policy}), shown)
    found = spread_of(risks_seen(request.member).filter(enrolment__course=course), policy)
    context = {
        "course": course,
        "shown": shown,
        "found": found,
        "chart": spread_chart(found.tenths, policy.at_risk_share),
        "policy": policy,
        "on": last_day(request.member.organisation),
        "lack": lack_of(request.member.organisation),
        "is_acting": request.member.role in CASE_ROLES,
    }
    return render(request, "recommender/course_risk.html", context)


@require_safe
@roles_required(*STAFF)
def course_risk_summary(request: MemberRequest, pk: int) -> HttpResponse:
    """Fragment of the course's page: how many are at risk, and whom to contact first, with the reason."""
    course = get_object_or_404(Activity.objects.visible_to(request.member).courses(), pk=pk)
    policy = OutcomePolicy.of(request.member.organisation)
    risks = risks_seen(request.member).filter(enrolment__course=course)
    first = in_order(risks.filter(risk_share__gte=policy.at_risk_share)).only("pk")[:N_NAMED]
    context = {
        "course": course,
        "found": spread_of(risks, policy),
        "lines": lines(first),
        "lack": lack_of(request.member.organisation),
        "is_acting": request.member.role in CASE_ROLES,
    }
    return render(request, "recommender/_course_risk.html", context)


@require_safe
@roles_required(*STAFF)
def risk_summary(request: MemberRequest) -> HttpResponse:
    """Fragment of the overview: who waits on the worklist."""
    worklist = Worklist.of(request.member)
    context = {
        "n": worklist.waiting().count(),
        "lines": lines(in_order(worklist.waiting()).only("pk")[:N_NAMED]),
        "on": last_day(request.member.organisation),
        "lack": lack_of(request.member.organisation),
        "is_acting": request.member.role in CASE_ROLES,
    }
    return render(request, "recommender/_risk_summary.html", context)
