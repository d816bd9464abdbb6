"""Boards: charts of Explore side by side, for oneself or for the organisation's staff."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Max
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from analytics import charts
from analytics.access import MemberRequest, roles_required
from analytics.aggregates.explore.answers import answer
from analytics.aggregates.explore.patience import PAGE_SECONDS, StillCounting
from analytics.aggregates.explore.question import PARAMETERS, Question
from analytics.errors import InvalidInput
from analytics.models import Board, Member, Tile
from analytics.models.boards import LONGEST_QUERY
from analytics.tables.viewer import Viewer
from analytics.web.explore import waiting
from analytics.web.saved_views import changeable
from analytics.web.scope import STAFF

MOST_TILES = 24


@roles_required(*STAFF)
def board_list(request: MemberRequest) -> HttpResponse:
    boards: Any = Board.objects.all()
    return render(request, "analytics/board_list.html", {"boards": boards.visible_to(request.member)})


@roles_required(*STAFF)
def board_page(request: MemberRequest, pk: int) -> HttpResponse:
    boards: Any = Board.objects.all()
    board = get_object_or_404(boards.visible_to(request.member), pk=pk)
    context = {"board": board, "tiles": list(board.tiles.all()), "is_own": board.member_id == request.member.pk}
    return render(request, "analytics/board_page.html", context)


@roles_required(*STAFF)
def tile(request: MemberRequest, pk: int) -> HttpResponse:
    """The fragment of one tile: its question, asked anew with what this member sees."""
    boards: Any = Board.objects.all()
    shown = get_object_or_404(Tile.objects.filter(board__in=boards.visible_to(request.member)), pk=pk)
    context: dict[str, Any] = {"tile": shown}
    try:
        found = answer(_question(shown.query, request.member), PAGE_SECONDS)
        context |= {"chart": charts.explored(found, f"tile-{shown.pk}"), "kind": charts.kind_of(found)}
        context |= {"answer": found, "marked": charts.marked(found)}
    except InvalidInput as error:
        context["error"] = str(error)
    except StillCounting:
        context["wait"] = waiting(request, reverse("tile", args=[pk]))
    return render(request, "analytics/_tile.html", context)


@require_POST
@roles_required(*STAFF)
def tile_add(request: MemberRequest) -> HttpResponse:
    """Put a question of Explore on a board of the member's own, or on a new one."""
    member, query = request.member, request.POST.get("query", "")[:LONGEST_QUERY]
    called = " ".join(request.POST.get("name", "").split())
    try:
        question = _question(query, member)
    except InvalidInput as error:
        messages.error(request, str(error))
        return redirect("explore")
    with transaction.atomic():
        board = _board(request, member)
        Board.objects.select_for_update().get(pk=board.pk)
        last = board.tiles.aggregate(last=Max("position"))["last"]
        if board.tiles.count() >= MOST_TILES:
            messages.error(request, _("The board is full: %(n)s charts are the most.") % {"n": MOST_TILES})
            return redirect("board_page", pk=board.pk)
        Tile.objects.create(
            organisation=member.organisation,
            board=board,
            name=called[:120] or _("Chart"),
            query=question.parameters(),
            position=0 if last is None else last + 1,
        )
    messages.success(request, _("The chart is on the board “%(name)s”.") % {"name": board.name})
    return redirect("board_page", pk=board.pk)


def _board(request: MemberRequest, member: Member) -> Board:
    chosen = request.POST.get("board", "")
    if chosen.isascii() and chosen.isdigit() and len(chosen) < 19:
        found: Board = changeable(Board.objects.filter(member=member), member, int(chosen))
        return found
    called = " ".join(request.POST.get("board_name", "").split())[:80] or _("My board")
    return Board.objects.get_or_create(member=member, name=called, defaults={"organisation": member.organisation})[0]


def _question(query: str, member: Member) -> Question:
    given = QueryDict(query)
    known = {name: str(given[name]) for name in PARAMETERS if name in given}
    return Question.read(known, member.organisation, Viewer.of(member).course_ids)


@require_POST
@roles_required(*STAFF)
def board_change(request: MemberRequest, pk: int) -> HttpResponse:
    """Rename a board, share it or keep it to oneself, or delete it."""
    board = changeable(Board.objects.all(), request.member, pk)
    if request.POST.get("deed") == "delete":
        board.delete()
        messages.success(request, _("The board “%(name)s” is deleted.") % {"name": board.name})
        return redirect("board_list")
    called = " ".join(request.POST.get("name", "").split())[:80] or board.name
    if Board.objects.filter(member=board.member_id, name=called).exclude(pk=pk).exists():
        messages.error(request, _("There is a board of this name already: choose another one."))
    else:
        Board.objects.filter(pk=pk).update(name=called, is_shared=request.POST.get("is_shared") == "on")
        messages.success(request, _("The board is changed."))
    return redirect("board_page", pk=pk)


@require_POST
@roles_required(*STAFF)
def tile_change(request: MemberRequest, pk: int) -> HttpResponse:
    """Move a tile one place to the front or to the back, or take it off its board."""
    moved = Tile.objects.filter(pk=pk).first()
    board = changeable(Board.objects.all(), request.member, moved.board_id if moved else 0)
    tiles = list(board.tiles.all())
    place = next(place for place, each in enumerate(tiles) if each.pk == pk)
    deed = request.POST.get("deed")
    if deed == "remove":
        tiles.pop(place).delete()
    elif deed in {"forward", "back"}:
        tiles.insert(max(place - 1, 0) if deed == "forward" else place + 1, tiles.pop(place))
    for position, each in enumerate(tiles):
        each.position = position
    Tile.objects.bulk_update(tiles, ["position"])
    return redirect(f"{reverse('board_page', args=[board.pk])}#tile-{pk}")
