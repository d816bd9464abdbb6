"""What a learner did, the latest first: a piece at a time, each beginning where the one before ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils.dateparse import parse_datetime

from analytics.access import MemberRequest, roles_required
from analytics.models import Activity, Event, Learner, Member, Verb
from analytics.web.scope import events_seen

PIECE = 25
"""Events that one request brings."""


@dataclass(frozen=True)
class Place:
    """Behind which event a piece begins. Two events of one instant are told apart by their ids."""

    at: datetime
    pk: int

    @classmethod
    def of(cls, text: str) -> Place | None:
        """None for what is no place: addresses are typed by people."""
        instant, _comma, pk = text.rpartition(",")
        try:
            at = parse_datetime(instant)
        except ValueError:
            return None
        is_place = at is not None and at.tzinfo is not None and pk.isdecimal() and len(pk) < 19
        return cls(at, int(pk)) if is_place and at is not None else None

    def __str__(self) -> str:
        return f"{self.at.isoformat()},{self.pk}"


@dataclass(frozen=True)
class Choice:
    """Which events are wanted; empty: all that the member may see."""

    verb: str = ""
    course: int | None = None

    @classmethod
    def of(cls, asked: QueryDict) -> Choice:
        verb, course = asked.get("verb", ""), asked.get("course", "")
        is_id = course.isdecimal() and len(course) < 19
        return cls(verb if verb in Verb.values else "", int(course) if is_id else None)

    def among(self, events: Any) -> Any:
        events = events.filter(verb=self.verb) if self.verb else events
        course = self.course
        return events if course is None else events.filter(Q(activity=course) | Q(activity__course=course))


@dataclass(frozen=True)
class Piece:
    events: list[Event]
    next: Place | None
    """Where the following piece begins; None at the end."""


@roles_required()
def learner_events(request: MemberRequest, pk: int) -> HttpResponse:
    """Fragment: the rows of one piece, and the way to the next."""
    learner = get_object_or_404(Learner.objects.visible_to(request.member), pk=pk)
    choice = Choice.of(request.GET)
    piece = piece_of(choice.among(events_seen(learner, request.member)), Place.of(request.GET.get("behind", "")))
    context = {"learner": learner, "piece": piece, "choice": choice, "is_first": "behind" not in request.GET}
    return render(request, "analytics/_timeline_rows.html", context)


def piece_of(events: Any, behind: Place | None) -> Piece:
    """By (instant, id) and not by number of rows: what comes in meanwhile shifts nothing, and no page is counted."""
    if behind is not None:
        # The first condition alone lets months be left out; the second is exact.
        events = events.filter(occurred_at__lte=behind.at)
        events = events.filter(Q(occurred_at__lt=behind.at) | Q(pk__lt=behind.pk))
    found = list(events.select_related("activity__course").order_by("-occurred_at", "-id")[: PIECE + 1])
    last = found[PIECE - 1] if len(found) > PIECE else None
    return Piece(found[:PIECE], Place(last.occurred_at, last.pk) if last else None)


def timeline_context(learner: Learner, member: Member, asked: QueryDict) -> dict[str, Any]:
    """The first piece, and what can be chosen: the verbs there are, and the learner's courses."""
    choice = Choice.of(asked)
    courses = Activity.objects.visible_to(member).courses().filter(enrolments__learner=learner).distinct()
    return {
        "piece": piece_of(choice.among(events_seen(learner, member)), None),
        "choice": choice,
        "verbs": [(verb.value, verb.label) for verb in Verb],
        "timeline_courses": courses.order_by("name", "pk"),
    }
