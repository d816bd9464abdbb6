"""Pages of searches for parameters: list with the form, follow one, cancel it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from analytics.public import MemberRequest, list_page, roles_required
from recommender.tables.runs import MODEL_ROLES
from recommender.training.search import best_of, trials_of
from recommender.web.forms import SearchForm
from recommender.web.lists import searches_of


@roles_required(*MODEL_ROLES)
def search_list(request: MemberRequest) -> HttpResponse:
    form = SearchForm(request.member, request.POST or None)
    if request.method == "POST" and form.is_valid() and (search := form.start()):
        return redirect("search_page", pk=search.pk)
    return list_page(request, "searches", "recommender/search_list.html", lambda: {"form": form})


@require_safe
@roles_required(*MODEL_ROLES)
def search_page(request: MemberRequest, pk: int) -> HttpResponse:
    search = get_object_or_404(searches_of(request.member.organisation), pk=pk)
    trials = sorted(trials_of(search), key=lambda run: (-run.data["rung"], -run.metrics.get("ndcg_10", -1), run.pk))
    return render(
        request, "recommender/search_page.html", {"search": search, "trials": trials, "best": best_of(search)}
    )


@require_POST
@roles_required(*MODEL_ROLES)
def search_cancel(request: MemberRequest, pk: int) -> HttpResponse:
    search = get_object_or_404(searches_of(request.member.organisation), pk=pk)
    if search.request_cancel():
        messages.success(request, _("The search stops within a few seconds. Its trials so far are kept."))
    else:
        messages.warning(request, _("The search had already ended; there was nothing to cancel."))
    return redirect("search_page", pk=pk)
