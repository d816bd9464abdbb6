"""The list of learners."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from analytics.access import MemberRequest, roles_required
from analytics.models import Learner
from analytics.web.saved_views import views_of
from analytics.web.scope import STAFF, wants_fragment
from analytics.web.tables import table_page, with_address


@roles_required(*STAFF)
def learner_list(request: MemberRequest) -> HttpResponse:
    shown = table_page(request, "learners")
    context = {"shown": shown, "page": shown.page, "views": views_of(request.member, "learners")}
    if wants_fragment(request):
        return with_address(render(request, "analytics/_table.html", context), shown)
    n_learners = Learner.objects.visible_to(request.member).count()
    return render(request, "analytics/learner_list.html", context | {"n_learners": n_learners})
