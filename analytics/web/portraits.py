"""The portrait of one learner, as far as whoever asks may see."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from analytics import charts
from analytics.access import MemberRequest, roles_required
from analytics.models import Enrolment, Learner, Member
from analytics.profiles.portrait import Portrait, portrait, summary
from analytics.web.scope import STAFF, courses_seen, events_seen
from analytics.web.timeline import timeline_context


@roles_required(*STAFF)
def learner_page(request: MemberRequest, pk: int) -> HttpResponse:
    learner = get_object_or_404(Learner.objects.visible_to(request.member), pk=pk)
    context = portrait_context(portrait_for(learner, request.member))
    context |= {"learner": learner, **timeline_context(learner, request.member, request.GET)}
    return render(request, "analytics/learner_page.html", context)


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
