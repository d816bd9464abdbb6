"""Pages of versions: what is in use, what there is, and the two buttons that change it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from analytics.public import InvalidInput, Member, MemberRequest, list_page, roles_required
from recommender.models import Promotion, Version
from recommender.registry import versions as registry
from recommender.registry.card import card_of
from recommender.registry.proposals import waiting
from recommender.serving.online import online_figures
from recommender.tables.runs import MODEL_ROLES
from recommender.web.algorithms import parameters, summary
from recommender.web.facts import data_facts
from recommender.web.files import stored_files
from recommender.web.forms import WhyForm
from recommender.web.lists import in_use, promotions_of, versions_of
from recommender.web.measures import metric_rows, online_rows, segment_rows
from recommender.web.outcome_card import outcome_card


@require_safe
@roles_required(*MODEL_ROLES)
def version_list(request: MemberRequest) -> HttpResponse:
    organisation = request.member.organisation

    def context() -> dict[str, Any]:
        return {"in_use": list(in_use(organisation)), "waiting": list(waiting(organisation))}

    return list_page(request, "versions", "recommender/version_list.html", context)


@require_safe
@roles_required(*MODEL_ROLES)
def promotion_list(request: MemberRequest) -> HttpResponse:
    return list_page(request, "promotions", "recommender/promotion_list.html")


@require_safe
@roles_required(*MODEL_ROLES)
def version_page(request: MemberRequest, pk: int) -> HttpResponse:
    organisation = request.member.organisation
    version = get_object_or_404(versions_of(organisation), pk=pk)
    files = stored_files(version)
    context = {
        "version": version,
        "card": card_of(version, timezone.now()),
        "run": version.run,
        "live": in_use(organisation).filter(kind=version.kind, course=version.course).first(),
        "earlier": registry.in_use_before(organisation, version.kind, version.course)[:1],
        "files": files,
        "data": data_facts(version.run.data),
        "metrics": metric_rows(version.metrics, version.run.baseline_metrics),
        "outcome": outcome_card(version.run),
        "segments": segment_rows(version.metrics, version.run.baseline_metrics),
        "parameters": parameters(version.algorithm, files.manifest.get("config", version.run.config)),
        "summary": summary(version.algorithm),
        "online": online_rows(online_figures(version)),
        "promotions": promotions_of(organisation).filter(version=version),
        "form": WhyForm(),
    }
    return render(request, "recommender/version_page.html", context)


@require_POST
@roles_required(*MODEL_ROLES)
def version_promote(request: MemberRequest, pk: int) -> HttpResponse:
    version = get_object_or_404(versions_of(request.member.organisation), pk=pk)
    form = WhyForm(request.POST)
    try:
        registry.promote(version, by=request.member, why=form.reason())
        messages.success(request, _("Version %(number)s is in use now.") % {"number": version.number})
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect("version_page", pk=pk)


@require_POST
@roles_required(*MODEL_ROLES)
def version_roll_back(request: MemberRequest, pk: int) -> HttpResponse:
    """Away from the version `pk`, as long as it is the one in use: somebody else may have been quicker."""
    version = get_object_or_404(versions_of(request.member.organisation), pk=pk)
    form = WhyForm(request.POST)
    try:
        promotion = _roll_back_from(version, by=request.member, why=form.reason())
        messages.success(request, _("Version %(number)s is in use again.") % {"number": promotion.version.number})
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect("version_page", pk=pk)


def _roll_back_from(version: Version, *, by: Member, why: str) -> Promotion:
    """Roll the version's scope back, unless another version is in use there by now.

    Raises:
        InvalidInput: then, and whenever the registry refuses; nothing is changed.
    """
    with transaction.atomic():
        promotion = registry.roll_back(version.organisation, version.kind, version.course, by=by, why=why)
        if promotion.previous_id != version.pk:
            raise InvalidInput(_("%(version)s is not in use any more; nothing was changed.") % {"version": version})
    return promotion
