"""Jumping to a learner, a course or a page: as JSON for the palette (Ctrl-K), and as a plain page without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Case, F, Q, Value, When
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from analytics.access import MemberRequest, roles_required
from analytics.aggregates.lists import matching
from analytics.models import Activity, Board, Learner, Member
from analytics.models.masking import masks_learners
from analytics.web.navigation import ENTRIES, SETTINGS
from analytics.web.scope import STAFF

MOST_OF_A_KIND = 6
LONGEST_TEXT = 100


@dataclass(frozen=True)
class Found:
    group: str
    label: str
    detail: str
    url: str


def found(member: Member, text: str) -> list[Found]:
    """What the member may open and has the text in its name: pages first, then courses, boards and learners."""
    return [*_pages(member, text), *_courses(member, text), *_boards(member, text), *_learners(member, text)]


def _pages(member: Member, text: str) -> Iterator[Found]:
    seen = set()
    for entry in (*ENTRIES, *(entry for group in SETTINGS for entry in group.entries)):
        label = str(entry.label)
        if member.role not in entry.roles or text.casefold() not in label.casefold():
            continue
        try:
            url = reverse(entry.url_name)
        except NoReverseMatch:  # an installation without the recommender has no such pages
            continue
        if url not in seen:
            seen.add(url)
            yield Found(_("Pages"), label, "", url)


def _courses(member: Member, text: str) -> Iterator[Found]:
    if text:
        for course in _best(matching(Activity.objects.visible_to(member).courses(), text), text):
            yield Found(_("Courses"), course.name, course.external_id, reverse("course_page", args=[course.pk]))


def _boards(member: Member, text: str) -> Iterator[Found]:
    boards: Any = Board.objects.all()
    for board in boards.visible_to(member).filter(name__icontains=text)[:MOST_OF_A_KIND]:
        yield Found(_("Boards"), board.name, "", reverse("board_page", args=[board.pk]))


def _learners(member: Member, text: str) -> Iterator[Found]:
    """None while names are masked: whoever searched for one would learn whose pseudonym it is."""
    if text and not masks_learners():
        for learner in _best(matching(Learner.objects.visible_to(member), text), text):
            detail = learner.external_id if learner.name else ""
            yield Found(_("Learners"), str(learner), detail, reverse("learner_page", args=[learner.pk]))


def _best(rows: Any, text: str) -> Any:
    """Exact ids first, then names that begin with the text, then the rest by name."""
    begins = Q(name__istartswith=text) | Q(external_id__istartswith=text)
    rank = Case(When(external_id__iexact=text, then=Value(0)), When(begins, then=Value(1)), default=Value(2))
    return rows.annotate(rank=rank).order_by("rank", F("name"), "pk")[:MOST_OF_A_KIND]


def asked(request: MemberRequest) -> str:
    return " ".join(request.GET.get("q", "").replace("\0", "").split())[:LONGEST_TEXT]


@roles_required(*STAFF)
def find(request: MemberRequest) -> HttpResponse:
    text = asked(request)
    return render(request, "analytics/find.html", {"q": text, "found": found(request.member, text)})


@roles_required(*STAFF)
def find_json(request: MemberRequest) -> JsonResponse:
    answer = JsonResponse({"found": [asdict(each) for each in found(request.member, asked(request))]})
    answer["Cache-Control"] = "private, no-store"
    return answer
