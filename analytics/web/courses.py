"""Courses, and one course."""

from __future__ import annotations

from typing import Any

from django.db.models import Avg, Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import charts
from analytics.access import MemberRequest, roles_required
from analytics.aggregates.cohorts import cohorts, results_spread
from analytics.aggregates.period import Period
from analytics.aggregates.query import Dimension, Query
from analytics.aggregates.reach import funnel, most_reached, reach
from analytics.aggregates.success import ties
from analytics.models import Activity, Enrolment, Outcome
from analytics.tables.page import TablePage, list_page, table_page, wants_fragment, with_address
from analytics.tables.query import PERIOD
from analytics.web.saved_views import views_of
from analytics.web.scope import STAFF, period_choice
from analytics.words import number

TABS = {
    "engagement": gettext_lazy("Engagement"),
    "success": gettext_lazy("Success"),
    "parts": gettext_lazy("Parts"),
    "learners": gettext_lazy("Learners"),
}
TABLES_OF_TABS = {"parts": "course-parts", "learners": "course-learners"}
TABLES_KEEP = {"parts": ("show",), "learners": ("show", *PERIOD)}
"""A course's learners are told of all time; the period is that of the figures above them."""
COURSE_MEASURES = ("learners", "events", "completions", "result_share")


@roles_required(*STAFF)
def course_list(request: MemberRequest) -> HttpResponse:
    def context() -> dict[str, Any]:
        n_courses = Activity.objects.visible_to(request.member).courses().count()
        views = views_of(request.member, "courses")
        return {"n_courses": n_courses, "views": views, **period_choice(request, request.member)}

    return list_page(request, "courses", "analytics/course_list.html", context)


@roles_required(*STAFF)
def course_page(request: MemberRequest, pk: int) -> HttpResponse:
    course = get_object_or_404(Activity.objects.visible_to(request.member).courses(), pk=pk)
    choice = period_choice(request, request.member)
    tab = request.GET.get("show", "")
    tab = tab if tab in TABS else "engagement"
    if tab in TABLES_OF_TABS and wants_fragment(request):
        shown = _table(request, course, tab)
        return with_address(render(request, "analytics/_table.html", {"shown": shown}), shown)
    context = {**choice, "course": course, "tab": tab, "tabs": TABS.items(), **head_of(course, choice["period"])}
    context |= SHOWN[tab](request, course, choice["period"])
    return render(request, "analytics/course_page.html", context)


@roles_required(*STAFF)
def course_reach(request: MemberRequest, pk: int) -> HttpResponse:
    """Fragment: counting who reached which part reads events, so it does not hold up the page."""
    course = get_object_or_404(Activity.objects.visible_to(request.member).courses(), pk=pk)
    rows = reach(course)
    context = {"chart": charts.reach_of_parts(most_reached(rows)), "funnel": charts.funnel(funnel(rows))}
    return render(request, "analytics/_course_reach.html", context)


@roles_required(*STAFF)
def course_success(request: MemberRequest, pk: int) -> HttpResponse:
    """Fragment: which activities go with finishing, from the same counts as the reach."""
    course = get_object_or_404(Activity.objects.visible_to(request.member).courses(), pk=pk)
    found = ties(reach(course))
    context = {"chart": charts.ties_to_success(found), "found": found}
    return render(request, "analytics/_course_success.html", context)


def head_of(course: Activity, period: Period) -> dict[str, Any]:
    totals = Query(course.organisation, COURSE_MEASURES, period, courses=[course.pk]).totals()
    enrolled = Enrolment.objects.filter(course=course).aggregate(
        n=Count("learner", distinct=True),
        n_completed=Count("id", filter=Q(outcome__in=[Outcome.COMPLETED, Outcome.DISTINCTION])),
        n_withdrawn=Count("id", filter=Q(outcome=Outcome.WITHDRAWN)),
        grade_share=Avg("grade_share"),
    )
    return {"totals": totals, "enrolled": enrolled, "answer": course_answer(totals, enrolled, period)}


def engagement(request: MemberRequest, course: Activity, period: Period) -> dict[str, Any]:
    weeks = Query(course.organisation, COURSE_MEASURES, period, Dimension.WEEK, courses=[course.pk])
    return {
        "weeks": charts.engagement_by_week(weeks.rows(), period),
        "results": charts.results_spread(results_spread(course)),
    }


def success(request: MemberRequest, course: Activity, period: Period) -> dict[str, Any]:
    return {"cohorts": charts.cohorts(cohorts(course, Activity.objects.visible_to(request.member)))}


def parts(request: MemberRequest, course: Activity, _period: Period) -> dict[str, Any]:
    return {"shown": _table(request, course, "parts")}


def learners(request: MemberRequest, course: Activity, _period: Period) -> dict[str, Any]:
    return {"shown": _table(request, course, "learners")}


def _table(request: MemberRequest, course: Activity, tab: str) -> TablePage:
    return table_page(request, TABLES_OF_TABS[tab], {"course": str(course.pk)}, TABLES_KEEP[tab])


SHOWN = {"engagement": engagement, "success": success, "parts": parts, "learners": learners}


def course_answer(totals: dict[str, Any], enrolled: dict[str, Any], period: Period) -> str:
    when = _("so far") if period.is_everything else _("in the last %(n)s days") % {"n": period.n_days}
    if not enrolled["n"] and not totals["learners"]:
        return _("Nobody is enrolled in this course yet.")
    return _("%(active)s of %(n)s enrolled learners were active %(when)s; %(completed)s have completed the course.") % {
        "active": number(totals["learners"]),
        "n": number(enrolled["n"]),
        "when": when,
        "completed": number(enrolled["n_completed"]),
    }
