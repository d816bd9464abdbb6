"""Learners, and the portrait of one."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from analytics import charts
from analytics.access import MemberRequest, roles_required
from analytics.models import Activity, Enrolment, Event, Learner, Member
from analytics.profiles.portrait import Portrait, portrait, summary
from analytics.web.saved_views import views_of
from analytics.web.scope import STAFF, courses_seen, wants_fragment
from analytics.web.tables import table_page, with_address

LATEST_EVENTS = 15


@roles_required(*STAFF)
def learner_list(request: MemberRequest) -> HttpResponse:
    shown = table_page(request, "learners")
    context = {"shown": shown, "page": shown.page, "views": views_of(request.member, "learners")}
    if wants_fragment(request):
        return with_address(render(request, "analytics/_table.html", context), shown)
    n_learners = Learner.objects.visible_to(request.member).count()
    return render(request, "analytics/learner_list.html", context | {"n_learners": n_learners})


@roles_required(*STAFF)
def learner_page(request: MemberRequest, pk: int) -> HttpResponse:
    learner = get_object_or_404(Learner.objects.visible_to(request.member), pk=pk)
    drawn = portrait_for(learner, request.member)
    latest = events_seen(learner, request.member).select_related("activity").order_by("-occurred_at", "-id")
    context = {**portrait_context(drawn), "learner": learner, "latest": latest[:LATEST_EVENTS]}
    return render(request, "analytics/learner_page.html", context)


def events_seen(learner: Learner, member: Member) -> Any:
    """The learner's events that the member may see."""
    events = Event.objects.filter(organisation=member.organisation, learner=learner)
    courses = courses_seen(member)
    return events if courses is None else events.filter(activity__in=Activity.objects.visible_to(member).values("pk"))


def portrait_for(learner: Learner, member: Member) -> Portrait:
    """The learner as far as the member may see."""
    enrolments = Enrolment.objects.filter(organisation=member.organisation, learner=learner)
    courses = courses_seen(member)
    if courses is not None:
        enrolments = enrolments.filter(course__in=courses.values("pk"))
    organisation = member.organisation
    return portrait(
        learner, events_seen(learner, member), enrolments, organisation.now(), ZoneInfo(organisation.time_zone)
    )


def portrait_context(drawn: Portrait) -> dict[str, Any]:
    return {
        "portrait": drawn,
        "answer": summary(drawn),
        "rhythm": charts.rhythm(drawn.week, "rhythm"),
        "interests": charts.interests(drawn.topics),
        "results": charts.results_over_time(drawn.results),
    }
