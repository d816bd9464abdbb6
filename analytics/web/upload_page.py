"""An upload before its import: the first rows, what was found out, and what is chosen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from analytics.access import MemberRequest, roles_required, unmasked_required
from analytics.errors import InvalidInput, NeuralinkError
from analytics.imports.formats import FORMATS
from analytics.imports.look import Look, look_at
from analytics.imports.mapping import READING, Choice, choice_for, columns_hash
from analytics.imports.start import import_upload
from analytics.imports.uploads import delete_upload
from analytics.models import Import, Role, Upload
from analytics.web.upload_form import UploadForm, told_choice

STARTS = {"dry_run", "import"}
"""The buttons that start; whatever else is posted asks for another look."""


def upload_of(request: MemberRequest, pk: int) -> Upload:
    found: Upload = get_object_or_404(Upload.objects.complete(), organisation=request.member.organisation, pk=pk)
    return found


@roles_required(Role.ADMINISTRATOR)
@unmasked_required
def upload_page(request: MemberRequest, pk: int) -> HttpResponse:
    """GET looks; POST looks again with what is told, or starts the dry run or the import."""
    upload = upload_of(request, pk)
    form, fault = form_for(upload, request.POST, is_bound=bool(STARTS & request.POST.keys()))
    if form.is_bound and fault is None and form.is_valid():
        started = start(request, upload, form)
        if started is not None:
            return redirect("import_page", pk=started.pk)
    return render(request, "analytics/upload_page.html", shown(upload, form, fault))


@require_POST
@roles_required(Role.ADMINISTRATOR)
def upload_delete(request: MemberRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(Upload, organisation=request.member.organisation, pk=pk)
    try:
        delete_upload(upload)
    except NeuralinkError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("%s was deleted from the server.") % upload.file_name)
    return redirect("import_new")


def form_for(upload: Upload, told: QueryDict, is_bound: bool) -> tuple[UploadForm, str | None]:
    """The form as chosen so far, and what kept the file from being read, if anything did."""
    kept = {} if told else upload.settings.get("options", {})
    reading = {name: told.get(name) or kept.get(name, "") for name in READING}
    data = told if is_bound else None
    try:
        look = look_at(Path(upload.path), **{name: value or None for name, value in reading.items()})
    except InvalidInput as error:
        format_name = told.get("format", "")
        choice = Choice(format_name if format_name in FORMATS else next(iter(FORMATS)), reading)
        return UploadForm(upload.organisation, None, choice, data), str(error)
    choice = _choice(upload, look, told)
    options = choice.options | {name: value for name, value in reading.items() if value}
    return UploadForm(upload.organisation, look, replace(choice, options=options), data), None


def _choice(upload: Upload, look: Look, told: QueryDict) -> Choice:
    """What is told about these columns and this format stays; anything else gives a new suggestion."""
    if "suggest" in told:
        return choice_for(upload.organisation, look, is_anew=True)
    asked = told.get("format", "")
    if not told and upload.settings.get("format") in FORMATS:
        return Choice(upload.settings["format"], upload.settings["options"])
    if asked in FORMATS and asked == told.get("shown_format") and told.get("shown_columns") == columns_hash(look):
        return told_choice(asked, look, told)
    return choice_for(upload.organisation, look, asked if asked in FORMATS else "")


def start(request: MemberRequest, upload: Upload, form: UploadForm) -> Import | None:
    """The queued import, or None with the reason in the form."""
    try:
        return import_upload(
            upload,
            form.cleaned_data["format"],
            form.options(),
            requested_by=request.member,
            is_dry_run="dry_run" in request.POST,
        )
    except NeuralinkError as error:
        pointer = getattr(error, "pointer", "")
        form.add_error(pointer if pointer in form.fields else None, str(error))
        return None


def shown(upload: Upload, form: UploadForm, fault: str | None) -> dict[str, Any]:
    Upload.objects.filter(pk=upload.pk).update(touched_at=timezone.now())
    look = form.look
    before = Import.objects.filter(
        organisation=upload.organisation_id, upload__sha256=upload.sha256, is_dry_run=False, rolled_back_at=None
    )
    return {
        "upload": upload,
        "form": form,
        "fault": fault,
        "look": look,
        "columns_hash": columns_hash(look) if look else "",
        "before": before.filter(n_read__gt=0).first(),
    }
