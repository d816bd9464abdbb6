"""Start an import from an uploaded file."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from analytics.access import MemberRequest, roles_required
from analytics.errors import InvalidInput
from analytics.imports.start import start_import
from analytics.imports.uploads import keep_upload
from analytics.models import Import, Role
from analytics.web.import_form import ImportForm, uploadable_formats


@roles_required(Role.ADMINISTRATOR)
def import_new(request: MemberRequest) -> HttpResponse:
    formats = uploadable_formats()
    asked = request.GET.get("format", "")
    chosen = asked if asked in formats else next(iter(formats))
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = ImportForm(formats[chosen], *sent)
    if form.is_valid():
        started = start(request, chosen, form)
        if started is not None:
            return redirect(reverse("import_page", args=[started.pk]))
    context = {"form": form, "chosen": chosen, "formats": [(name, kind.label) for name, kind in formats.items()]}
    return render(request, "analytics/import_new.html", context)


def start(request: MemberRequest, format_name: str, form: ImportForm) -> Import | None:
    """The queued import, or None with the reason in the form."""
    upload: Any = form.cleaned_data["file"]
    path = None
    try:
        path = keep_upload(upload)
        return start_import(
            request.member.organisation,
            format_name,
            path,
            source_name=upload.name,
            options=form.options(),
            requested_by=request.member,
            is_dry_run=form.cleaned_data["is_dry_run"],
        )
    except InvalidInput as error:
        if path is not None:
            path.unlink()
        form.add_error(error.pointer if error.pointer in form.fields else None, str(error))
        return None
