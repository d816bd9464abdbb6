"""What a member sets for themself: language, zone, looks, password, and presentation mode."""

from __future__ import annotations

import zoneinfo
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordResetConfirmView
from django.forms.utils import flatatt
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from analytics.access import MemberRequest, roles_required, switch_presenting
from analytics.models import Member, Role


@cache
def zone_choices() -> tuple[tuple[str, str], ...]:
    """Python looks through its folders for them, once."""
    return tuple((name, name) for name in sorted(zoneinfo.available_timezones()))


class LongSelect(forms.Select):
    """Hundreds of options in one text: Django renders a template for each, which takes 50 ms for all time zones."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = {str(each) for each in self.format_value(value)}
        marks = ((key, mark_safe(" selected") if str(key) in chosen else "", label) for key, label in self.choices)
        options = format_html_join("", '<option value="{}"{}>{}</option>', marks)
        return format_html("<select{}>{}</select>", flatatt(self.build_attrs({"name": name}, attrs)), options)


class OwnForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    class Meta:
        model = Member
        fields = ["language", "time_zone", "theme", "density"]
        labels = {
            "language": gettext_lazy("Language"),
            "time_zone": gettext_lazy("Time zone"),
            "theme": gettext_lazy("Theme"),
            "density": gettext_lazy("Density"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        organisation = self.instance.organisation
        as_there = _("As the organisation: %s") % organisation.time_zone
        self.fields["time_zone"] = forms.ChoiceField(
            label=gettext_lazy("Time zone"),
            choices=[("", as_there), *zone_choices()],
            required=False,
            widget=LongSelect,
        )
        language: Any = self.fields["language"]
        said = organisation.get_language_display() if organisation.language else _("as the browser")
        language.choices = [("", _("As the organisation: %s") % said), *language.choices[1:]]
        for name in ("language", "theme", "density"):
            self.fields[name].required = False
            self.fields[name].help_text = ""


@roles_required()
def settings_own(request: MemberRequest) -> HttpResponse:
    form = OwnForm(request.POST or None, instance=request.member)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("settings_own")
    return render(request, "analytics/settings_own.html", {"form": form})


@sensitive_post_parameters()
@roles_required()
def settings_password(request: MemberRequest) -> HttpResponse:
    form = PasswordChangeForm(request.user, request.POST or None)  # type: ignore[arg-type]
    if request.method == "POST" and form.is_valid():
        form.save()
        update_session_auth_hash(request, form.user)
        messages.success(request, _("The password was changed. Other sessions of yours are signed out."))
        return redirect("settings_password")
    return render(request, "analytics/settings_password.html", {"form": form})


@require_POST
@roles_required(Role.ADMINISTRATOR, Role.MODEL_OWNER, Role.INSTRUCTOR)
def presentation(request: MemberRequest) -> HttpResponse:
    """Switch presentation mode on or off and go on where one was."""
    switch_presenting(request)
    came_from = urlsplit(request.META.get("HTTP_REFERER", ""))
    here = came_from.netloc == request.get_host() and came_from.path.startswith("/")
    back = came_from._replace(scheme="", netloc="", fragment="").geturl()
    return redirect(back if here and not back.startswith("//") else reverse("home"))


class SetPassword(PasswordResetConfirmView):
    """The page behind the link of an invitation."""

    template_name = "analytics/set_password.html"
    success_url = reverse_lazy("sign_in")
    post_reset_login = False

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, _("The password is set: sign in with it."))
        return super().form_valid(form)
