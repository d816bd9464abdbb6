"""The page of files with everybody's lists: write one, watch it, fetch it."""

from __future__ import annotations

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from analytics.public import MemberRequest, roles_required
from recommender.models import ListExport, ListFormat
from recommender.serving.list_export import path_of, start_export
from recommender.tables.runs import MODEL_ROLES

N_SHOWN = 50


@roles_required(*MODEL_ROLES)
def list_export_list(request: MemberRequest) -> HttpResponse:
    organisation = request.member.organisation
    if request.method == "POST":
        wanted = request.POST.get("format")
        file_format = wanted if wanted in ListFormat.values else ListFormat.CSV
        start_export(organisation, file_format=file_format, requested_by=request.member)
        messages.success(request, _("The file is being written; load this page again to see how far it is."))
        return redirect("list_export_list")
    rows = ListExport.objects.filter(organisation=organisation).select_related("requested_by__login")[:N_SHOWN]
    return render(request, "recommender/list_export_list.html", {"rows": rows, "formats": ListFormat.choices})


@require_safe
@roles_required(*MODEL_ROLES)
def list_export_file(request: MemberRequest, pk: int) -> FileResponse:
    export = get_object_or_404(ListExport, organisation=request.member.organisation, pk=pk)
    path = path_of(export)
    if not export.file or not path.is_file():
        raise Http404(_("The file is not whole yet, or was removed."))
    return FileResponse(path.open("rb"), as_attachment=True, filename=path.name)


@require_POST
@roles_required(*MODEL_ROLES)
def list_export_cancel(request: MemberRequest, pk: int) -> HttpResponse:
    get_object_or_404(ListExport, organisation=request.member.organisation, pk=pk).request_cancel()
    messages.success(request, _("It stops at its next step."))
    return redirect("list_export_list")
