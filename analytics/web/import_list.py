"""All imports of the organisation."""

from __future__ import annotations

from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.access import MemberRequest, roles_required
from analytics.models import UNFINISHED, Import, Organisation, Role
from analytics.tables.page import list_page
from analytics.words import full_stop, number


@roles_required(Role.ADMINISTRATOR, Role.MODEL_OWNER)
def import_list(request: MemberRequest) -> HttpResponse:
    organisation = request.member.organisation
    return list_page(request, "imports", "analytics/import_list.html", lambda: {"answer": answer(organisation)})


def answer(organisation: Organisation) -> str:
    # Of dry runs and of what was rolled back nothing is there.
    standing = Q(is_dry_run=False, rolled_back_at=None)
    counted = Import.objects.filter(organisation=organisation).aggregate(
        n=Count("id", filter=standing),
        n_unfinished=Count("id", filter=Q(state__in=UNFINISHED)),
        n_accepted=Sum("n_accepted", filter=standing),
    )
    if not (counted["n"] or counted["n_unfinished"]):
        return _("Nothing has been imported yet.")
    said = ngettext(
        "%(n)s import has brought %(rows)s rows", "%(n)s imports have brought %(rows)s rows", counted["n"]
    ) % {
        "n": number(counted["n"]),
        "rows": number(counted["n_accepted"] or 0),
    }
    working = _("; %(n)s still at work") % {"n": counted["n_unfinished"]} if counted["n_unfinished"] else ""
    return full_stop(f"{said}{working}")
