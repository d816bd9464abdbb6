"""The list of learners."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from analytics.access import MemberRequest, roles_required
from analytics.models import Learner
from analytics.tables.page import list_page
from analytics.web.saved_views import views_of
from analytics.web.scope import STAFF


@roles_required(*STAFF)
def learner_list(request: MemberRequest) -> HttpResponse:
    def context() -> dict[str, Any]:
        n_learners = Learner.objects.visible_to(request.member).count()
        return {"n_learners": n_learners, "views": views_of(request.member, "learners")}

    return list_page(request, "learners", "analytics/learner_list.html", context)
