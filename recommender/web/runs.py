"""Pages of runs: list, start, follow, cancel."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from analytics.public import JobState, MemberRequest, list_page, roles_required
from recommender.errors import InvalidConfig
from recommender.tables.runs import MODEL_ROLES
from recommender.training.estimate import Estimate
from recommender.web.algorithms import parameters, summary
from recommender.web.charts import curve_charts
from recommender.web.facts import data_facts
from recommender.web.forms import RunForm
from recommender.web.lists import in_use, runs_of
from recommender.web.measures import metric_rows, segment_rows
from recommender.web.outcome_card import outcome_card
from recommender.web.progress import remaining_seconds


@require_safe
@roles_required(*MODEL_ROLES)
def run_list(request: MemberRequest) -> HttpResponse:
    organisation = request.member.organisation

    def context() -> dict[str, Any]:
        ended = [JobState.SUCCEEDED, JobState.FAILED]
        return {
            "n_open": runs_of(organisation).filter(state__in=[JobState.QUEUED, JobState.RUNNING]).count(),
            "latest": runs_of(organisation).filter(search=None, state__in=ended).first(),
        }

    return list_page(request, "runs", "recommender/run_list.html", context)


@roles_required(*MODEL_ROLES)
def run_new(request: MemberRequest) -> HttpResponse:
    if request.method == "POST":
        form = RunForm(request.member, request.POST)
        if form.is_valid() and (run := form.start()):
            return redirect("run_page", pk=run.pk)
    else:
        form = RunForm(request.member, initial=request.GET.dict())
    context = {"form": form, "summary": summary(form.algorithm_name), "in_use": in_use(request.member.organisation)}
    return render(request, "recommender/run_new.html", context)


@require_safe
@roles_required(*MODEL_ROLES)
def run_estimate(request: MemberRequest) -> HttpResponse:
    """The fragment of a form that is not sent yet: what the run would cost."""
    form = RunForm(request.member, request.GET)
    try:
        told = (form.estimate() if form.is_valid() else Estimate()).sentence
    except InvalidConfig as error:  # each parameter is in its range, but not beside another
        told = str(error)
    return HttpResponse(escape(told))


@require_safe
@roles_required(*MODEL_ROLES)
def run_page(request: MemberRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(runs_of(request.member.organisation).defer(None), pk=pk)
    incumbent = run.data.get("in_use") or {}
    context = {
        "run": run,
        "remaining_seconds": remaining_seconds(run),
        "charts": curve_charts(run),
        "outcome": outcome_card(run),
        "metrics": metric_rows(run.metrics, run.baseline_metrics, incumbent.get("metrics")),
        "segments": segment_rows(run.metrics, run.baseline_metrics),
        "incumbent": incumbent,
        "data": data_facts(run.data),
        "parameters": parameters(run.algorithm, run.config),
        "summary": summary(run.algorithm),
    }
    return render(request, "recommender/run_page.html", context)


@require_safe
@roles_required(*MODEL_ROLES)
def run_progress(request: MemberRequest, pk: int) -> HttpResponse:
    """The fragment that an open page asks for again and again; a state that the page does not show reloads it."""
    run = get_object_or_404(runs_of(request.member.organisation), pk=pk)
    context = {"run": run, "remaining_seconds": remaining_seconds(run)}
    response = render(request, "recommender/_run_progress.html", context)
    if run.is_finished or request.GET.get("shown", run.state) != run.state:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@roles_required(*MODEL_ROLES)
def run_cancel(request: MemberRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(runs_of(request.member.organisation), pk=pk)
    if run.request_cancel():
        messages.success(request, _("The run stops within a few seconds. Nothing of it is kept."))
    else:
        messages.warning(request, _("The run had already ended; there was nothing to cancel."))
    return redirect("run_page", pk=pk)
