"""One import: progress, ledger, verdicts, and what can be done about it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from analytics.access import MemberRequest, roles_required, unmasked_required
from analytics.errors import NeuralinkError
from analytics.imports.rejected import csv_lines
from analytics.imports.rollback import request_roll_back
from analytics.imports.start import import_upload
from analytics.models import Import, Role, RowVerdict, Verdict
from analytics.tables.paging import page_of
from analytics.web.import_words import (
    answer,
    code_rows,
    format_label,
    is_at_work,
    progress_context,
    shown_state,
    verdict_tabs,
)

SHOWN_IMPORTS = 20


def import_of(request: MemberRequest, pk: int) -> Import:
    imports = Import.objects.filter(organisation=request.member.organisation)
    found: Import = get_object_or_404(imports.select_related("requested_by__login", "upload", "mends"), pk=pk)
    return found


@roles_required(Role.ADMINISTRATOR, Role.MODEL_OWNER)
def import_page(request: MemberRequest, pk: int) -> HttpResponse:
    import_ = import_of(request, pk)
    tabs = verdict_tabs(import_, request.GET.get("verdict", ""))
    verdict = next((tab.verdict for tab in tabs if tab.is_current), Verdict.REJECTED)
    verdicts = RowVerdict.objects.filter(from_import=import_, verdict=verdict).order_by("pk")
    context = {"import": import_, "answer": answer(import_), "tabs": tabs, "codes": code_rows(import_)}
    context |= progress_context(import_)
    context |= {"page": page_of(request, verdicts), "may_write": request.member.role == Role.ADMINISTRATOR}
    context["format_label"] = format_label(import_.format)
    context["mended_by"] = import_.mended_by.all()[:SHOWN_IMPORTS]
    context["may_roll_back"] = not is_at_work(import_) and not import_.is_dry_run and import_.rolled_back_at is None
    return render(request, "analytics/import_page.html", context)


@roles_required(Role.ADMINISTRATOR, Role.MODEL_OWNER)
def import_progress(request: MemberRequest, pk: int) -> HttpResponse:
    """Fragment that asks for itself again while the import is at work, and for the whole page at a new state."""
    import_ = import_of(request, pk)
    context = {"import": import_, "codes": code_rows(import_), "is_update": True}
    context |= progress_context(import_)
    response = render(request, "analytics/_import_progress.html", context)
    if not is_at_work(import_) or request.GET.get("shown", shown_state(import_)) != shown_state(import_):
        response["HX-Refresh"] = "true"
    return response


@roles_required(Role.ADMINISTRATOR, Role.MODEL_OWNER)
@unmasked_required
def import_rejected(request: MemberRequest, pk: int) -> StreamingHttpResponse:
    import_ = import_of(request, pk)
    response = StreamingHttpResponse(csv_lines(import_), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-{import_.pk}-rejected.csv"'
    return response


@require_POST
@roles_required(Role.ADMINISTRATOR)
def import_cancel(request: MemberRequest, pk: int) -> HttpResponse:
    import_ = import_of(request, pk)
    if import_.request_cancel():
        messages.info(request, _("The import stops after the rows it is working on; what it kept can be rolled back."))
    else:
        messages.warning(request, _("The import had already finished."))
    return redirect("import_page", pk=pk)


@require_POST
@roles_required(Role.ADMINISTRATOR)
def import_again(request: MemberRequest, pk: int) -> HttpResponse:
    """Import for good what a dry run tried."""
    tried = import_of(request, pk)
    upload = tried.upload
    if upload is None:
        messages.error(request, _("The file is no longer on the server. Upload it again."))
        return redirect("import_page", pk=pk)
    try:
        made = import_upload(upload, tried.format, tried.options, requested_by=request.member, mends=tried.mends)
    except NeuralinkError as error:
        messages.error(request, str(error))
        return redirect("import_page", pk=pk)
    return redirect("import_page", pk=made.pk)


@require_POST
@roles_required(Role.ADMINISTRATOR)
def import_roll_back(request: MemberRequest, pk: int) -> HttpResponse:
    import_ = import_of(request, pk)
    try:
        request_roll_back(import_, request.member)
    except NeuralinkError as error:
        messages.error(request, str(error))
    else:
        messages.info(request, _("What this import brought is being taken out; this page tells when it is done."))
    return redirect("import_page", pk=pk)
