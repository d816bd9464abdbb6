"""The worklist: who may need help, and what is done about it, one by one or for many at once."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from analytics.public import InvalidInput, MemberRequest, csv_lines, roles_required
from recommender.models import InterventionKind, OutcomePolicy, Risk
from recommender.web.lists import page_of
from recommender.web.risk_lists import BY_RISK, is_filtered, narrowed, order_of, ordered, orders
from recommender.web.worklist_deeds import DEEDS, do
from recommender.worklist.actions import assignees
from recommender.worklist.board import COLUMNS, file_rows, lines
from recommender.worklist.digest import compose
from recommender.worklist.readiness import lack_of
from recommender.worklist.rows import Worklist, last_day
from recommender.worklist.seen import CASE_ROLES, courses_seen

SHOWN = {
    "waiting": _("Waiting"),
    "mine": _("Mine"),
    "snoozed": _("Snoozed"),
    "done": _("Done"),
}
SNOOZES = ((7, _("1 week")), (14, _("2 weeks")), (28, _("4 weeks")))
WRITE = "message"
"""Not a deed yet, the next page asks for the text. Posted all the same: a token has no place in an address."""
RECORDED = [kind for kind in InterventionKind if kind != InterventionKind.MESSAGE]


@require_safe
@roles_required(*CASE_ROLES)
def worklist(request: MemberRequest) -> HttpResponse:
    member, worklist = request.member, Worklist.of(request.member)
    show, rows = listed(request, worklist)
    counts, is_narrowed = worklist.counts(), is_filtered(request)
    page = page_of(request, rows, None if is_narrowed else counts[show])
    shown = lines(page.object_list)
    order = order_of(request)
    is_first_page = (show, order, is_narrowed, page.number) == ("waiting", BY_RISK, False, 1)
    context = {
        "page": page,
        "lines": shown,
        "is_narrowed": is_narrowed,
        "show": show,
        "tabs": [(name, label, counts[name]) for name, label in SHOWN.items()],
        "n_waiting": counts["waiting"],
        "first": shown[0].risk if is_first_page and shown else None,
        "policy": worklist.policy,
        "on": last_day(member.organisation),
        "lack": lack_of(member.organisation),
        "courses": courses_seen(member).order_by("name", "pk"),
        "course": request.GET.get("course", ""),
        "q": request.GET.get("q", "").strip(),
        "order": order,
        "orders": orders(),
        "assignees": assignees(member.organisation),
        "snoozes": SNOOZES,
        "recorded": RECORDED,
        "deeds": DEEDS,
    }
    return render(request, "recommender/worklist.html", context)


def listed(request: MemberRequest, worklist: Worklist) -> tuple[str, QuerySet[Risk]]:
    """Which part of the list the address asks for, and its rows: the page and the file show the same ones."""
    show = request.GET.get("show", "")
    show = show if show in SHOWN else "waiting"
    return show, ordered(narrowed(worklist.in_state(show), request), request).only("pk")


@require_safe
@roles_required(*CASE_ROLES)
def worklist_csv(request: MemberRequest) -> StreamingHttpResponse:
    """All rows of the list as it is filtered and ordered, as CSV."""
    show, rows = listed(request, Worklist.of(request.member))
    response = StreamingHttpResponse(csv_lines(COLUMNS, file_rows(rows)), content_type="text/csv; charset=utf-8")
    name = f"{request.member.organisation.slug}-worklist-{show}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
@roles_required(*CASE_ROLES)
def digest_preview(request: MemberRequest) -> HttpResponse:
    """The weekly mail as it would be written now, and when it goes out."""
    subject, body = compose(request.member)
    policy = OutcomePolicy.of(request.member.organisation)
    weekday = WEEKDAYS.get(policy.digest_weekday, "")
    context = {"subject": subject, "body": body, "policy": policy, "weekday": weekday}
    return render(request, "recommender/digest_preview.html", context)


@require_POST
@roles_required(*CASE_ROLES)
def worklist_act(request: MemberRequest) -> HttpResponse:
    """One deed for all that are ticked, then back to the list as it was filtered; or on to a message for them."""
    if request.POST.get("action") == WRITE:
        return redirect(f"{reverse('message_new')}?{urlencode({'enrolment': request.POST.getlist('enrolment')}, True)}")
    try:
        messages.success(request, do(request.member, request.POST))
    except InvalidInput as error:
        messages.error(request, str(error))
    back = QueryDict(request.POST.get("query", "")[:1000]).urlencode()
    return redirect(f"{reverse('worklist')}?{back}" if back else reverse("worklist"))
