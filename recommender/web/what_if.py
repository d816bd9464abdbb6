"""What if they handed in, what if they came more often: a fragment of the learner's page, nothing is stored."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from analytics.public import MemberRequest, Role, roles_required
from recommender.errors import RecommenderError
from recommender.serving.what_if import Changes, what_if
from recommender.worklist.seen import enrolments_seen

DAYS_A_WEEK = (0, 1, 2, 3, 5, 7)


def _how_often() -> list[tuple[int | str, str]]:
    """Asked for each form: a number put into a text is there at once, in the language of whoever asks first."""
    each = [(n, ngettext("on %(n)s day a week", "on %(n)s days a week", n) % {"n": n}) for n in DAYS_A_WEEK]
    return [("", gettext("as often as now")), *each]


class WhatIfForm(forms.Form):
    """Read from the address; a learner's page shows one for each course."""

    hands_in_next = forms.BooleanField(label=_("hand in the next assessment"), required=False)
    hands_in_missing = forms.BooleanField(label=_("hand in what is missing"), required=False)
    active_days_a_week = forms.TypedChoiceField(
        label=_("are active"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=_how_often,
    )

    def changes(self) -> Changes:
        return Changes(**self.cleaned_data)


@require_safe
@roles_required()
def enrolment_what_if(request: MemberRequest, pk: int) -> HttpResponse:
    """Of whoever may hear the whole risk of the enrolment; nonsense in the address supposes nothing."""
    enrolment = get_object_or_404(enrolments_seen(request.member).select_related("organisation", "course"), pk=pk)
    form = WhatIfForm(request.GET)
    context: dict[str, Any] = {"is_own": request.member.role == Role.LEARNER, "is_wrong": not form.is_valid()}
    if form.is_valid():
        changes = form.changes()
        context["is_asked"] = changes != Changes()
        try:
            found = what_if(enrolment, changes)
            context |= {"now": found.now, "then": found.then, "is_no_help": found.is_no_help}
        except RecommenderError as error:
            context["error"] = str(error)
    return render(request, "recommender/_what_if.html", context)
