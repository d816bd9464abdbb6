"""The fragment that says what has changed in the data since models learnt from them."""

from __future__ import annotations

from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from analytics.public import MemberRequest, Organisation, roles_required
from recommender.evaluation.findings import Finding
from recommender.tables.runs import MODEL_ROLES
from recommender.training import guard

KEPT_SECONDS = 60
"""Ten questions to the day tables of four weeks and more, asked each time that somebody opens the versions."""


@require_safe
@roles_required(*MODEL_ROLES)
def data_drift(request: MemberRequest) -> HttpResponse:
    findings = _findings(request.member.organisation)
    changed = [finding for finding in findings if not finding.is_passed]
    stopping = [finding for finding in changed if finding.stops]
    context = {"findings": findings, "stopping": stopping, "notable": [one for one in changed if not one.stops]}
    return render(request, "recommender/_drift.html", context)


def _findings(organisation: Organisation) -> list[Finding]:
    """At most a minute old; a training looks for itself."""
    key = f"drift-{organisation.pk}-{get_language()}"
    found: list[Finding] | None = cache.get(key)
    if found is None:
        found = guard.look(organisation)
        cache.set(key, found, KEPT_SECONDS)
    return found
