"""The model card for everybody who is shown what a version says: where it comes from and what it cannot do."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from analytics.public import MemberRequest, roles_required
from recommender.registry.card import card_of
from recommender.tables.runs import MODEL_ROLES
from recommender.web.algorithms import summary
from recommender.web.facts import data_facts
from recommender.web.lists import versions_of
from recommender.web.measures import metric_rows, segment_rows
from recommender.web.outcome_card import OutcomeCard, outcome_card


@require_safe
@roles_required()
def version_card(request: MemberRequest, pk: int) -> HttpResponse:
    version = get_object_or_404(versions_of(request.member.organisation), pk=pk)
    context = {
        "version": version,
        "card": card_of(version, timezone.now()),
        "summary": summary(version.algorithm),
        "data": data_facts(version.run.data),
        "metrics": metric_rows(version.metrics, version.run.baseline_metrics),
        "outcome": _without_courses(outcome_card(version.run), request.member.role),
        "segments": segment_rows(version.metrics, version.run.baseline_metrics),
    }
    return render(request, "recommender/version_card.html", context)


def _without_courses(outcome: OutcomeCard | None, role: str) -> OutcomeCard | None:
    """Courses are named to those who may see every course."""
    return outcome if outcome is None or role in MODEL_ROLES else replace(outcome, courses=[])
