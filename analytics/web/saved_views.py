"""Views of a table under a name: filters, order and columns, for oneself or for the organisation's staff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from analytics.access import MemberRequest, roles_required
from analytics.models import Member, Role, SavedView
from analytics.tables.page import table_for
from analytics.tables.query import TableQuery
from analytics.tables.viewer import Viewer
from analytics.web.scope import STAFF

MOST_VIEWS = 200


@dataclass(frozen=True)
class ViewLink:
    view: SavedView
    url: str
    is_changeable: bool


def views_of(member: Member, table: str) -> list[ViewLink]:
    """What the member may open above the table: their own, and what colleagues share."""
    kept: Any = SavedView.objects.filter(table=table)
    may_clear = member.role == Role.ADMINISTRATOR
    path = reverse(table_for(table, member).url_name)
    return [
        ViewLink(view, f"{path}?{view.query}", may_clear or view.member_id == member.pk)
        for view in kept.visible_to(member)[:MOST_VIEWS]
    ]


def changeable(rows: Any, member: Member, pk: int) -> Any:
    """The kept thing that the member may change.

    Raises:
        PermissionDenied: it is nobody's, or somebody else's; which of the two is not told.
        Http404: the same for an administrator, who may change whatever is shared.
    """
    found = rows.changeable_by(member).filter(pk=pk).first()
    if found is not None:
        return found
    if member.role == Role.ADMINISTRATOR:
        raise Http404(_("There is nothing of this number that you may change."))
    raise PermissionDenied(_("Only who saved it, or a data administrator, may change it."))


@require_POST
@roles_required(*STAFF)
def view_save(request: MemberRequest, name: str) -> HttpResponse:
    """Keep the question of the form under a name; the same name again replaces it."""
    member = request.member
    table = table_for(name, member)
    if not table.has_views:
        raise Http404(_("Views of this table cannot be kept."))
    query = TableQuery.read(table, QueryDict(request.POST.get("query", "")), Viewer.of(member)).parameters()
    called = " ".join(request.POST.get("name", "").split())[:80]
    if not called:
        messages.error(request, _("The view was not saved: give it a name."))
    else:
        SavedView.objects.update_or_create(
            member=member,
            table=name,
            name=called,
            defaults={
                "organisation": member.organisation,
                "query": query,
                "is_shared": request.POST.get("is_shared") == "on",
            },
        )
        messages.success(request, _("The view “%(name)s” is saved.") % {"name": called})
    return redirect(f"{reverse(table.url_name)}?{query}")


@require_POST
@roles_required(*STAFF)
def view_delete(request: MemberRequest, pk: int) -> HttpResponse:
    view = changeable(SavedView.objects.all(), request.member, pk)
    view.delete()
    messages.success(request, _("The view “%(name)s” is deleted.") % {"name": view.name})
    return redirect(table_for(view.table, request.member).url_name)
