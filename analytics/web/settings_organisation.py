"""The organisation's own settings, and keys of API clients: made, shown once, revoked."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from analytics.access import MemberRequest, roles_required
from analytics.models import ApiKey, Organisation, Role, Scope
from analytics.tables.page import list_page
from analytics.web.settings_own import LongSelect, zone_choices

EXPIRY_DAYS = {30: gettext_lazy("in 30 days"), 90: gettext_lazy("in 90 days"), 365: gettext_lazy("in a year")}


class OrganisationForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        choices=zone_choices,
        widget=LongSelect,
        help_text=gettext_lazy("Of pages, mails and quiet hours; members may choose another for their pages."),
    )

    class Meta:
        model = Organisation
        fields = ["name", "time_zone", "language"]
        labels = {"name": gettext_lazy("Name"), "language": gettext_lazy("Language")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language: Any = self.fields["language"]
        language.required = False
        language.choices = [("", _("As the browser of each member")), *language.choices[1:]]


@roles_required(Role.ADMINISTRATOR)
def settings_organisation(request: MemberRequest) -> HttpResponse:
    organisation = Organisation.objects.get(pk=request.member.organisation_id)
    form = OrganisationForm(request.POST or None, instance=organisation)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("settings_organisation")
    return render(request, "analytics/settings_organisation.html", {"form": form})


class KeyForm(forms.Form):
    name = forms.CharField(
        max_length=200, label=gettext_lazy("Name"), help_text=gettext_lazy("Who or what will use it.")
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    expires = forms.TypedChoiceField(
        label=gettext_lazy("Ends"),
        choices=[*EXPIRY_DAYS.items(), (0, gettext_lazy("never"))],
        coerce=int,
        initial=365,
    )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if "\0" in name:
            raise forms.ValidationError(_("A name holds no NUL character."))
        return name


@never_cache
@roles_required(Role.ADMINISTRATOR)
def key_list(request: MemberRequest) -> HttpResponse:
    """The secret of a new key is in this one answer: a redirect would have to keep it somewhere."""
    organisation, made, secret = request.member.organisation, None, ""
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        days = datetime.timedelta(days=given["expires"])
        made, secret = ApiKey.objects.issue(
            organisation, given["name"], given["scopes"], request.member, timezone.now() + days if days else None
        )
        form = KeyForm()
    context = {"form": form, "made": made, "secret": secret}
    return list_page(request, "api-keys", "analytics/key_list.html", lambda: context)


@require_POST
@roles_required(Role.ADMINISTRATOR)
def key_revoke(request: MemberRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(ApiKey, organisation=request.member.organisation, pk=pk)
    key.revoke()
    messages.success(request, _("“%s” opens nothing any more.") % key.name)
    return redirect("key_list")
