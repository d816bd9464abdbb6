"""Identities of learners in xAPI, and two learners who are one person."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from analytics.access import MemberRequest, roles_required
from analytics.errors import InvalidInput, NeuralinkError
from analytics.imports.projector.merging import merge
from analytics.models import Learner, LearnerIdentity, Member, Role
from analytics.web.paging import page_of


@roles_required(Role.ADMINISTRATOR)
def identity_list(request: MemberRequest) -> HttpResponse:
    identities = LearnerIdentity.objects.filter(organisation=request.member.organisation).select_related("learner")
    q = request.GET.get("q", "").strip().replace("\0", "")
    if q:
        identities = identities.filter(
            Q(key__icontains=q) | Q(learner__external_id__icontains=q) | Q(learner__name__icontains=q)
        )
    context = {"page": page_of(request, identities.order_by("learner__external_id", "id")), "q": q}
    return render(request, "analytics/identity_list.html", context)


@require_POST
@roles_required(Role.ADMINISTRATOR)
def learner_merge(request: MemberRequest) -> HttpResponse:
    try:
        learner, other = (_named(request.member, request.POST.get(name, "")) for name in ("learner", "other"))
        merge(learner, other)
    except NeuralinkError as error:
        messages.error(request, str(error))
        return redirect("identity_list")
    sentence = _("Everything of “%(other)s” is now that of “%(learner)s”.")
    messages.success(request, sentence % {"other": other, "learner": learner})
    return redirect("learner_page", pk=learner.pk)


def _named(member: Member, external_id: str) -> Learner:
    """The learner of the organisation.

    Raises:
        InvalidInput: there is none of this id.
    """
    named = external_id.strip().replace("\0", "")
    found = Learner.objects.filter(organisation=member.organisation_id, external_id=named).first()
    if found is None:
        raise InvalidInput(_("There is no learner with the id “%s”.") % named[:100], "learner")
    return found
