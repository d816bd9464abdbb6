"""Bring a file: dropped and sent in pieces by the page's script, or whole by its form."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.access import MemberRequest, roles_required
from analytics.errors import InvalidInput
from analytics.imports.formats import FORMATS, format_named
from analytics.imports.uploads import keep_upload
from analytics.models import Role, Upload

SHOWN_UPLOADS = 20


class FileForm(forms.Form):
    file = forms.FileField(label=gettext_lazy("File"), allow_empty_file=True)


@roles_required(Role.ADMINISTRATOR)
def import_new(request: MemberRequest) -> HttpResponse:
    form = FileForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if form.is_valid():
        try:
            return redirect("upload_page", pk=keep_upload(request.member, form.cleaned_data["file"]).pk)
        except InvalidInput as error:
            form.add_error("file", str(error))
    context = {
        "form": form,
        "formats": [_(format_named(name).label) for name in FORMATS],
        "uploads": Upload.objects.of(request.member)[:SHOWN_UPLOADS],
        "most_bytes": settings.NEURALINK_UPLOAD_BYTES,
        "kept_hours": settings.NEURALINK_UPLOAD_HOURS,
    }
    return render(request, "analytics/import_new.html", context)
