"""The learner's own page: how far they are, what comes next, and what is stored about them."""

from __future__ import annotations

from datetime import UTC

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from analytics.access import MemberRequest, roles_required
from analytics.models import Role
from analytics.profiles.weeks import own_summary, weeks_of
from analytics.retention.stored import stored_about
from analytics.web.portraits import portrait_context, portrait_for
from analytics.web.timeline import timeline_context


@roles_required(Role.LEARNER)
def my_learning(request: MemberRequest) -> HttpResponse:
    learner = request.member.learner
    if learner is None:
        return render(request, "analytics/my_learning.html", {"learner": None})
    drawn, today = portrait_for(learner, request.member), request.member.organisation.now().astimezone(UTC).date()
    context = {**portrait_context(drawn), "answer": own_summary(drawn), "weeks": weeks_of(learner, today)}
    context |= {"learner": learner, **timeline_context(learner, request.member, request.GET)}
    return render(request, "analytics/my_learning.html", context)


@roles_required(Role.LEARNER)
def my_data(request: MemberRequest) -> StreamingHttpResponse:
    """Everything that is stored about the learner and theirs to read, as one JSON document."""
    learner = request.member.learner
    if learner is None:
        raise Http404(_("No learner belongs to this login."))
    answer = StreamingHttpResponse(stored_about(learner), content_type="application/json")
    answer["Content-Disposition"] = 'attachment; filename="my-learning.json"'
    return answer
