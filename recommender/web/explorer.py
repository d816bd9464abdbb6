"""The explorer: one learner, two versions side by side, why and why not, and the rules in force."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from analytics.public import Activity, InvalidInput, Learner, MemberRequest, Organisation, roles_required
from recommender.models import RECOMMENDED, TargetKind, Version
from recommender.registry import versions as registry
from recommender.serving.recommend import recommend
from recommender.serving.why_not import SENTENCES, why_not
from recommender.tables.runs import MODEL_ROLES
from recommender.web.lists import versions_of
from recommender.web.offers import source_sentence

N_FOUND = 8
N_STEPS = 10
N_VERSIONS = 50
SIDES = ("left", "right")


@require_safe
@roles_required(*MODEL_ROLES)
def explorer(request: MemberRequest) -> HttpResponse:
    """Whom, and which two versions, stands in the address; the lists and answers are fragments of their own."""
    learners = Learner.objects.visible_to(request.member)
    text = request.GET.get("q", "").strip()
    learner = learners.filter(pk=_id(request, "learner") or 0).first()
    versions = list(_recommending(request.member.organisation)[:N_VERSIONS])
    context = {
        "q": text,
        "learner": learner,
        "found": _matching(learners, text)[:N_FOUND] if text else learners.none(),
        "versions": versions,
        "sides": _sides(request, versions),
        "rules": SENTENCES.values(),
        "activity": request.GET.get("activity", "").strip(),
    }
    return render(request, "recommender/explorer.html", context)


@require_safe
@roles_required(*MODEL_ROLES)
def explorer_list(request: MemberRequest, pk: int) -> HttpResponse:
    """Fragment: what one version says to the learner now, with reasons. Looking leaves no trace."""
    learner = get_object_or_404(Learner.objects.visible_to(request.member).select_related("organisation"), pk=pk)
    asked = _id(request, "version")
    version = get_object_or_404(_recommending(request.member.organisation), pk=asked) if asked else None
    context: dict[str, Any] = {"version": version}
    try:
        answer = recommend(
            learner,
            limit=N_STEPS,
            kind=version.kind if version else TargetKind.ANY,
            course=version.course if version else None,
            channel="page",
            version=version,
            record=False,
        )
        context |= {"answer": answer, "source": source_sentence(answer)}
    except InvalidInput as error:
        context["error"] = str(error)
    return render(request, "recommender/_explorer_list.html", context)


@require_safe
@roles_required(*MODEL_ROLES)
def explorer_why_not(request: MemberRequest, pk: int) -> HttpResponse:
    """Fragment: what keeps an activity from the learner's list; asked for by a part of its name, or its id."""
    learner = get_object_or_404(Learner.objects.visible_to(request.member).select_related("organisation"), pk=pk)
    text = request.GET.get("activity", "").strip()
    activities = Activity.objects.filter(organisation=learner.organisation_id).select_related("course")
    found = list(_matching(activities, text)[:N_FOUND]) if text else []
    exact = [activity for activity in found if text in {activity.external_id, activity.name}] or found
    answer = why_not(learner, exact[0]) if len(exact) == 1 else None
    context = {"learner": learner, "found": found, "activity": exact[0] if answer else None, "answer": answer}
    return render(request, "recommender/_why_not.html", context | {"text": text})


def _recommending(organisation: Organisation) -> QuerySet[Version]:
    return versions_of(organisation).filter(kind__in=RECOMMENDED)


def _matching(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    return rows.filter(Q(name__icontains=text) | Q(external_id__icontains=text)).order_by("name", "pk")


def _sides(request: HttpRequest, versions: list[Version]) -> list[dict[str, Any]]:
    """Left and right: what is asked for, else what is in use beside the newest other version."""
    known = {version.pk: version for version in versions}
    chosen = [known.get(_id(request, side) or 0) for side in SIDES]
    if chosen == [None, None] and versions:
        live = registry.live(versions[0].organisation, TargetKind.ANY, None)
        chosen[1] = next((version for version in versions if live is None or version.pk != live.pk), None)
    return [{"name": name, "version": version} for name, version in zip(SIDES, chosen, strict=True)]


def _id(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 19 else None
