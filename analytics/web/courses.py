"""Courses, and one course."""

from __future__ import annotations

from typing import Any

from django.db.models import Avg, Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import charts
from analytics.access import MemberRequest, roles_required
from analytics.aggregates.cohorts import cohorts, results_spread
from analytics.aggregates.course import parts_with_activity
from analytics.aggregates.lists import courses_with_activity, learners_with_activity, matching
from analytics.aggregates.period import Period
from analytics.aggregates.query import Dimension, Query
from analytics.aggregates.reach import funnel, most_reached, reach
from analytics.aggregates.success import ties
from analytics.models import Activity, Enrolment, Learner, Outcome
from analytics.web.paging import Column, order_of, page_of
from analytics.web.scope import STAFF, period_choice, wants_fragment
from analytics.words import number

COLUMNS = (
    Column("name", gettext_lazy("Course")),
    Column("n_enrolled", gettext_lazy("Enrolled"), is_number=True),
    Column("n_active", gettext_lazy("Active"), is_number=True),
    Column("n_events", gettext_lazy("Events"), is_number=True),
    Column("n_completions", gettext_lazy("Completions"), is_number=True),
    Column("result_share", gettext_lazy("Mean result"), is_number=True),
    Column("last_on", gettext_lazy("Last event"), is_number=True),
)
LEARNER_COLUMNS = (
    Column("name", gettext_lazy("Learner")),
    Column("outcome", gettext_lazy("Outcome")),
    Column("grade_share", gettext_lazy("Grade"), is_number=True),
    Column("n_active_days", gettext_lazy("Active days"), is_number=True),
    Column("n_events", gettext_lazy("Events"), is_number=True),
    Column("n_completions", gettext_lazy("Completions"), is_number=True),
    Column("result_share", gettext_lazy("Mean result"), is_number=True),
    Column("last_on", gettext_lazy("Last event"), is_number=True),
)
TABS = {
    "engagement": gettext_lazy("Engagement"),
    "success": gettext_lazy("Success"),
    "parts": gettext_lazy("Parts"),
    "learners": gettext_lazy("Learners"),
}
COURSE_MEASURES = ("learners", "events", "completions", "result_share")


@roles_required(*STAFF)
def course_list(request: MemberRequest) -> HttpResponse:
    choice = period_choice(request, request.member)
    courses = Activity.objects.visible_to(request.member).courses()
    text = request.GET.get("q", "").strip()
    order = order_of(request, COLUMNS, "-n_events")
    rows = order.apply(courses_with_activity(matching(courses, text), choice["period"]))
    context = {**choice, "page": page_of(request, rows), "headings": order.headings(), "q": text, "sort": order.chosen}
    context["n_courses"] = courses.count()
    return render(request, _template(request, "course_list.html", "_course_table.html"), context)


@roles_required(*STAFF)
def course_page(request: MemberRequest, pk: int) -> HttpResponse:
    course = get_object_or_404(Activity.objects.visible_to(request.member).courses(), pk=pk)
    choice = period_choice(request, request.member)
    tab = request.GET.get("show", "")
    tab = tab if tab in TABS else "engagement"
    context = {**choice, "course": course, "tab": tab, "tabs": TABS.items(), **head_of(course, choice["period"])}
    shown = {"engagement": engagement, "success": success, "parts": parts, "learners": learners}
    context |= shown[tab](request, course, choice["period"])
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
        "weeks": charts.engagement_by_week(weeks.rows()),
        "results": charts.results_spread(results_spread(course)),
    }


def success(request: MemberRequest, course: Activity, period: Period) -> dict[str, Any]:
    return {"cohorts": charts.cohorts(cohorts(course, Activity.objects.visible_to(request.member)))}


def parts(request: MemberRequest, course: Activity, period: Period) -> dict[str, Any]:
    return {"page": page_of(request, parts_with_activity(course, period).select_related("parent"))}


def learners(request: MemberRequest, course: Activity, period: Period) -> dict[str, Any]:
    enrolments = Enrolment.objects.filter(course=course)
    order = order_of(request, LEARNER_COLUMNS, "-last_on")
    enrolled = Learner.objects.visible_to(request.member).filter(pk__in=enrolments.values("learner_id"))
    rows = learners_with_activity(_with_outcome(enrolled, enrolments), [course.pk])
    return {"page": page_of(request, order.apply(rows)), "headings": order.headings()}


def _with_outcome(enrolled: QuerySet[Learner], enrolments: QuerySet[Enrolment]) -> QuerySet[Learner]:
    """Outcome and grade of the learner's latest enrolment among these."""
    latest = enrolments.filter(learner=OuterRef("pk")).order_by("-started_at", "-pk")
    return enrolled.annotate(
        outcome=Subquery(latest.values("outcome")[:1]), grade_share=Subquery(latest.values("grade_share")[:1])
    )


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


def _template(request: MemberRequest, page: str, fragment: str) -> str:
    return f"analytics/{fragment if wants_fragment(request) else page}"
