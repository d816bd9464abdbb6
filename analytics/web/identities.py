"""Identities of learners in xAPI, and two learners who are one person."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from analytics.access import MemberRequest, roles_required
from analytics.errors import InvalidInput, NeuralinkError
from analytics.imports.projector.merging import merge
from analytics.models import Learner, Member, Role
from analytics.tables.page import list_page


@roles_required(Role.ADMINISTRATOR)
def identity_list(request: MemberRequest) -> HttpResponse:
    return list_page(request, "identities", "analytics/identity_list.html")


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
