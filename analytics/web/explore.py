"""Explore: any measure by any dimension, as chart, table, CSV and address of the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from analytics import charts
from analytics.access import MemberRequest, roles_required
from analytics.aggregates.explore.answers import Answer, answer
from analytics.aggregates.explore.dimensions import BY
from analytics.aggregates.explore.patience import PAGE_SECONDS, StillCounting
from analytics.aggregates.explore.question import PARAMETERS, Question
from analytics.aggregates.measures import MEASURES
from analytics.aggregates.segments import LEVELS
from analytics.errors import InvalidInput
from analytics.models import Board, Kind, Outcome, Verb
from analytics.tables.export import csv_lines
from analytics.tables.learners import MOST_COURSES
from analytics.tables.page import wants_fragment
from analytics.tables.viewer import Viewer
from analytics.web.scope import STAFF, period_choice

CHARTS = {
    "auto": _("What fits"),
    "line": _("Lines"),
    "bar": _("Bars"),
    "heat": _("Heat map"),
    "table": _("Table only"),
}
AGAIN = "again"
"""Parameter of whoever asks again for what is being counted: how often that was before."""
NEWER = "newer"
"""Instead of a number: an earlier count is shown, and a new one would take its place."""
LONGEST_WAIT_SECONDS = 4.0
MANY_TIMES = 4
"""From then on the page says that it takes long: after four seconds."""
SHOWN = {"total": _("Together"), "statistics": _("Per learner: mean, median, spread")}


def question_of(request: MemberRequest) -> Question:
    """The question of the address, within what the member sees.

    Raises:
        InvalidInput: it is none.
    """
    viewer = Viewer.of(request.member)
    return Question.read(request.GET, request.member.organisation, viewer.course_ids)


@roles_required(*STAFF)
def explore(request: MemberRequest) -> HttpResponse:
    context = explored_context(request)
    if wants_fragment(request):
        if "answer" in context and context["answer"].counted_at and request.GET.get(AGAIN) == NEWER:
            return HttpResponse(status=204)  # the earlier count is shown already
        response = render(request, "analytics/_explored.html", context)
        if "question" in context and AGAIN not in request.GET:
            response["HX-Push-Url"] = f"{request.path}?{context['question'].parameters()}"
        return response
    return render(request, "analytics/explore.html", context | form_context(request))


@roles_required(*STAFF)
def explore_csv(request: MemberRequest) -> HttpResponseBase:
    try:
        found = answer(question_of(request))
    except InvalidInput as error:
        return HttpResponse(f"{error}\n", status=400, content_type="text/plain; charset=utf-8")
    response = StreamingHttpResponse(answer_lines(found), content_type="text/csv; charset=utf-8")
    name = f"{request.member.organisation.slug}-{found.question.measure}-by-{found.question.by}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def answer_lines(found: Answer) -> Iterator[str]:
    """The cells of the table on the page, with plain numbers; a hidden cell is empty and says so in the last column."""
    question = found.question
    split = [question.split] if question.split else []
    values = [question.measure] if found.columns == ("value",) else list(found.columns)
    head = [question.by, *split, "n_learners_at_least", *values, "is_partial", "is_hidden"]
    if found.before:
        head.append("before")
    return csv_lines(head, (_csv_row(found, place) for place in range(len(found.cells))))


def _csv_row(found: Answer, place: int) -> list[Any]:
    cell, question = found.cells[place], found.question
    row: list[Any] = [_plain_key(found, question.by, cell.key)]
    if question.split:
        row.append(_plain_key(found, question.split, cell.split))
    row += [
        cell.n_learners,
        *(cell.values[name] for name in found.columns),
        int(found.is_partial(cell.key)),
        int(cell.is_hidden),
    ]
    return row + ([found.value_before(place, cell.key)] if found.before else [])


def _plain_key(found: Answer, name: str, key: Any) -> Any:
    return found.word(name, key) if name == "course" else key


def explored_context(request: MemberRequest) -> dict[str, Any]:
    """The answer with its chart; or, where the question is none, the sentence that says why."""
    try:
        question = question_of(request)
    except InvalidInput as error:
        return {"error": str(error)}
    parameters = question.parameters()
    try:
        found = answer(question, PAGE_SECONDS)
    except StillCounting:
        address = f"{reverse('explore')}?{parameters}"
        return {"question": question, "title": charts.title_of(question), "wait": waiting(request, address)}
    return {
        "question": question,
        "answer": found,
        "newer": f"{reverse('explore')}?{parameters}&{AGAIN}={NEWER}" if found.counted_at else "",
        "chart": charts.explored(found),
        "said": charts.answer_of(found),
        "kind": charts.kind_of(found),
        "marked": charts.marked(found),
        "parameters": parameters,
        "csv_url": f"{reverse('explore_csv')}?{parameters}",
        "api_url": f"{reverse('api_explore')}?{parameters}",
        "boards": Board.objects.changeable_by(request.member),
    }


def waiting(request: MemberRequest, address: str) -> dict[str, Any]:
    """When a page asks again, and where: soon at first, so that whatever takes a second does not take two."""
    given = request.GET.get(AGAIN, "")
    n = int(given) + 1 if given.isascii() and given.isdigit() and len(given) < 4 else 1
    mark = "&" if "?" in address else "?"
    seconds = min(0.125 * 2 ** min(n, 10), LONGEST_WAIT_SECONDS)
    return {"milliseconds": int(seconds * 1000), "address": f"{address}{mark}{AGAIN}={n}", "is_long": n > MANY_TIMES}


def form_context(request: MemberRequest) -> dict[str, Any]:
    """The choices of the form; what is chosen is what the address says, even where it cannot be answered."""
    given = {name: request.GET.get(name, "") for name in PARAMETERS}
    courses = Viewer.of(request.member).courses().order_by("name", "pk").values_list("pk", "name")[:MOST_COURSES]
    dimensions = [(each.name, each.label) for each in BY.values()]
    selects = [
        (
            "measure",
            _("Measure"),
            [(each.name, each.label) for each in MEASURES.values()],
            given["measure"] or "events",
        ),
        ("by", pgettext_lazy("dimension", "By"), dimensions, given["by"] or "week"),
        ("split", _("and by"), [("", _("nothing else")), *dimensions], given["split"]),
        ("show", _("Show"), list(SHOWN.items()), given["show"]),
        ("chart", _("Chart"), list(CHARTS.items()), given["chart"]),
    ]
    filters = [
        ("course", _("Course"), [("", _("All courses")), *((str(pk), name) for pk, name in courses)], given["course"]),
        (
            "kind",
            _("Kind"),
            [("", _("All kinds")), *(each for each in Kind.choices if each[0] != Kind.COURSE)],
            given["kind"],
        ),
        ("verb", _("Verb"), [("", _("All verbs")), *Verb.choices], given["verb"]),
        ("outcome", _("Outcome"), [("", _("All outcomes")), *Outcome.choices], given["outcome"]),
        (
            "level",
            _("Activity"),
            [("", _("All learners")), *((each.name, each.label) for each in LEVELS)],
            given["level"],
        ),
    ]
    return {
        "selects": selects,
        "filters": filters,
        "is_compared": given["compare"] in {"1", "on", "true"},
        "least": settings.NEURALINK_SMALL_CELL,
        **period_choice(request, request.member),
    }
