"""What one request is about: the member's part of the organisation and the period of the address."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from analytics.aggregates.period import LABELS, Period, period_from
from analytics.models import Activity, Event, Learner, Member, Role

STAFF = (Role.ADMINISTRATOR, Role.MODEL_OWNER, Role.INSTRUCTOR)


def courses_seen(member: Member) -> QuerySet[Activity] | None:
    """None: everything, with what happened outside any course."""
    return None if member.sees_everything else Activity.objects.visible_to(member).courses()


def events_seen(learner: Learner, member: Member) -> QuerySet[Event]:
    """The learner's events that the member may see."""
    events = Event.objects.filter(organisation=member.organisation, learner=learner)
    if member.sees_everything:
        return events
    return events.filter(activity__in=Activity.objects.visible_to(member).values("pk"))


def period_choice(request: HttpRequest, member: Member) -> dict[str, Any]:
    """`period`, and the choices of the period picker."""
    period: Period = period_from(request.GET, member.organisation)
    choices = [{"key": key, "label": label, "is_current": key == period.key} for key, label in LABELS.items()]
    return {"period": period, "period_choices": choices}


def home_of(member: Member) -> str:
    """Where a member starts."""
    return reverse("my_learning" if member.role == Role.LEARNER else "overview")
