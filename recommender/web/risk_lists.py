"""How lists of risks are narrowed and ordered by what the address says; nonsense leaves them as they are."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recommender.models import Risk
from recommender.worklist.rows import in_order

BY_RISK = "risk"
ORDERS = {
    BY_RISK: (_("Highest risk first"), ()),
    "grade": (_("Lowest expected grade first"), ("grade_share", "pk")),
    "name": (_("By name"), ("enrolment__learner__name", "enrolment__learner__external_id", "pk")),
    "course": (_("By course"), ("enrolment__course__name", "-risk_share", "pk")),
}


def is_filtered(request: HttpRequest) -> bool:
    return bool(request.GET.get("course", "") or request.GET.get("q", "").strip())


def narrowed(risks: QuerySet[Risk], request: HttpRequest) -> QuerySet[Risk]:
    """By the course and the text of the address; what names nothing leaves the list as it is."""
    course, text = request.GET.get("course", ""), request.GET.get("q", "").strip().replace("\0", "")
    if course.isdecimal() and len(course) < 19:
        risks = risks.filter(enrolment__course=int(course))
    if text:
        named = Q(enrolment__learner__name__icontains=text) | Q(enrolment__learner__external_id__icontains=text)
        risks = risks.filter(named)
    return risks


def orders() -> list[tuple[str, str | Promise]]:
    return [(name, label) for name, (label, _fields) in ORDERS.items()]


def order_of(request: HttpRequest) -> str:
    asked = request.GET.get("order", "")
    return asked if asked in ORDERS else BY_RISK


def ordered(risks: QuerySet[Risk], request: HttpRequest) -> QuerySet[Risk]:
    order = order_of(request)
    return in_order(risks) if order == BY_RISK else risks.order_by(*ORDERS[order][1])
