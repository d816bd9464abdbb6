"""The fragments that pages of analytics embed: a learner's next steps, and what they say to them."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from analytics.public import Activity, InvalidInput, Learner, MemberRequest, Role, roles_required
from recommender.models import FeedbackAction, Impression
from recommender.serving.feedback import give_feedback
from recommender.serving.recommend import recommend
from recommender.serving.write_behind import settle
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


@require_safe
@roles_required(Role.LEARNER)
def recommendation_open(request: MemberRequest, token: uuid.UUID, pk: int) -> HttpResponse:
    """One of the activities that were recommended to the learner, and the place where opening it counts.

    Though it is a GET, it leads nowhere else and writes once what only the owner of the token can say. The way out is a
    link on the page, so that nobody can be sent anywhere by an address of ours.
    """
    member = request.member
    settle(token)
    shown = get_object_or_404(Impression, token=token, organisation=member.organisation, learner=member.learner)
    rows = Activity.objects.filter(organisation=member.organisation, pk__in=shown.activity_ids)
    activity = get_object_or_404(rows.select_related("course", "parent"), pk=pk)
    if request.method == "GET":
        give_feedback(member.organisation, token, activity.external_id, FeedbackAction.CLICK)
    context = {"activity": activity, "token": token, "offers": OFFERS}
    return render(request, "recommender/recommendation_page.html", context)


@require_POST
@roles_required(Role.LEARNER)
def recommendation_feedback(request: MemberRequest) -> HttpResponse:
    """What a learner says to one of their recommendations; the answer says what will happen."""
    form = FeedbackForm(request.POST)
    if not form.is_valid():
        raise BadRequest(form.errors.as_text())
    sent, member = form.cleaned_data, request.member
    settle(sent["token"])
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
