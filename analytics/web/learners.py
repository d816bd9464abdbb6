"""Learners, and the portrait of one."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy

from analytics import charts
from analytics.access import MemberRequest, roles_required
from analytics.aggregates.lists import learners_with_activity, matching
from analytics.models import Activity, Enrolment, Event, Learner, Member
from analytics.profiles.portrait import Portrait, portrait, summary
from analytics.web.paging import Column, order_of, page_of
from analytics.web.scope import STAFF, courses_seen, wants_fragment

COLUMNS = (
    Column("name", gettext_lazy("Learner")),
    Column("external_id", gettext_lazy("Id")),
    Column("n_active_days", gettext_lazy("Active days"), is_number=True),
    Column("n_events", gettext_lazy("Events"), is_number=True),
    Column("n_completions", gettext_lazy("Completions"), is_number=True),
    Column("result_share", gettext_lazy("Mean result"), is_number=True),
    Column("last_on", gettext_lazy("Last event"), is_number=True),
)
LATEST_EVENTS = 15


@roles_required(*STAFF)
def learner_list(request: MemberRequest) -> HttpResponse:
    learners = Learner.objects.visible_to(request.member)
    text = request.GET.get("q", "").strip()
    order = order_of(request, COLUMNS, "-last_on")
    courses = courses_seen(request.member)
    course_ids = None if courses is None else list(courses.values_list("pk", flat=True))
    rows = order.apply(learners_with_activity(matching(learners, text), course_ids))
    context = {"page": page_of(request, rows), "headings": order.headings(), "q": text, "sort": order.chosen}
    if wants_fragment(request):
        return render(request, "analytics/_learner_table.html", context)
    return render(request, "analytics/learner_list.html", context | {"n_learners": learners.count()})


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
