"""Versions that wait for somebody, and the policy that says which do."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from analytics.public import InvalidInput, MemberRequest, roles_required
from recommender.models import AfterGate, PromotionPolicy
from recommender.registry.proposals import decline, set_policy
from recommender.tables.runs import MODEL_ROLES
from recommender.web.forms import WhyForm
from recommender.web.lists import versions_of


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    after_gate = forms.ChoiceField(
        label=gettext_lazy("A version that passed the gate"),
        choices=AfterGate.choices,
        help_text=gettext_lazy("A run that was started to be stored only is never put into use by itself."),
    )

    class Meta:
        model = PromotionPolicy
        fields = ["after_gate"]


@require_POST
@roles_required(*MODEL_ROLES)
def promotion_policy(request: MemberRequest) -> HttpResponse:
    form = PolicyForm(request.POST)
    if form.is_valid():
        set_policy(request.member.organisation, form.cleaned_data["after_gate"], by=request.member)
        messages.success(request, _("Saved. It holds from the next run on."))
    else:
        messages.error(request, _("Choose what becomes of a version that passed the gate."))
    return redirect("retrain_rule_list")


@require_POST
@roles_required(*MODEL_ROLES)
def version_decline(request: MemberRequest, pk: int) -> HttpResponse:
    version = get_object_or_404(versions_of(request.member.organisation), pk=pk)
    try:
        decline(version, by=request.member, why=WhyForm(request.POST).reason())
        messages.success(request, _("Declined: %(version)s is kept and not used.") % {"version": version})
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect("version_list")
