"""Credentials of learning tools: made, shown once, revoked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from analytics.access import MemberRequest, roles_required
from analytics.models import Credential, Role, XapiScope, XapiVersion
from analytics.tables.page import list_page


class CredentialForm(forms.Form):
    name = forms.CharField(
        max_length=200,
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("Which tool will use it, for example Moodle."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"), choices=XapiScope.choices, widget=forms.CheckboxSelectMultiple
    )
    version = forms.ChoiceField(
        label=gettext_lazy("Version of xAPI"),
        choices=XapiVersion.choices,
        help_text=gettext_lazy("Most tools of today speak 1.0.3; see the tool's manual."),
    )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if "\0" in name:
            raise forms.ValidationError(_("A name holds no NUL character."))
        return name


@never_cache
@roles_required(Role.ADMINISTRATOR)
def credential_list(request: MemberRequest) -> HttpResponse:
    """The secret of a new one is in this one answer: a redirect would have to keep it somewhere."""
    organisation, made, secret = request.member.organisation, None, ""
    form = CredentialForm(request.POST or None, initial={"scopes": ["all"], "version": XapiVersion.ONE})
    if request.method == "POST" and form.is_valid():
        given: dict[str, Any] = form.cleaned_data
        made, secret = Credential.objects.issue(
            organisation, given["name"], given["scopes"], request.member, given["version"]
        )
        form = CredentialForm(initial={"scopes": ["all"], "version": XapiVersion.ONE})
    context: dict[str, Any] = {"form": form, "made": made, "secret": secret}
    context["endpoint"] = f"{settings.NEURALINK_PUBLIC_URL.rstrip('/')}/xapi/"
    return list_page(request, "credentials", "analytics/credential_list.html", lambda: context)


@require_POST
@roles_required(Role.ADMINISTRATOR)
def credential_revoke(request: MemberRequest, pk: int) -> HttpResponse:
    credential = get_object_or_404(Credential, organisation=request.member.organisation, pk=pk)
    credential.revoke()
    messages.success(request, _("“%s” opens nothing any more; what it brought stays.") % credential.name)
    return redirect("credential_list")
