"""The fragments that pages of analytics embed: a learner's next steps, and what they say to them."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from analytics.public import InvalidInput, Learner, MemberRequest, Role, roles_required
from recommender.models import Impression
from recommender.serving.feedback import give_feedback
from recommender.serving.recommend import recommend
from recommender.web.forms import FeedbackForm
from recommender.web.offers import OFFERS, source_sentence

N_STEPS = 6


@require_safe
@roles_required()
def learner_recommendations(request: MemberRequest, pk: int) -> HttpResponse:
    """The learner's next steps. Only what the learner sees is an impression: staff looking on leaves no trace."""
    member = request.member
    learner = get_object_or_404(Learner.objects.visible_to(member).select_related("organisation"), pk=pk)
    is_own = member.role == Role.LEARNER
    answer = recommend(learner, limit=N_STEPS, channel="page", record=is_own)
    context = {
        "answer": answer,
        "source": source_sentence(answer),
        "is_own": is_own,
        "offers": OFFERS if is_own and answer.token else {},
        "opens_version": member.sees_everything,
    }
    return render(request, "recommender/_recommendations.html", context)


@require_POST
@roles_required(Role.LEARNER)
def recommendation_feedback(request: MemberRequest) -> HttpResponse:
    """What a learner says to one of their recommendations; the answer says what will happen."""
    form = FeedbackForm(request.POST)
    if not form.is_valid():
        raise BadRequest(form.errors.as_text())
    sent, member = form.cleaned_data, request.member
    get_object_or_404(Impression, token=sent["token"], organisation=member.organisation, learner=member.learner)
    try:
        feedback = give_feedback(member.organisation, sent["token"], sent["activity"], sent["action"])
    except InvalidInput as error:
        raise BadRequest(str(error)) from error
    promise = OFFERS[sent["action"]].promise_for(feedback.activity)
    if not request.htmx:  # type: ignore[attr-defined]
        messages.success(request, promise)
        return redirect("my_learning")
    return render(request, "recommender/_feedback_given.html", {"promise": promise})
