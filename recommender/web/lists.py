"""What the pages list, read in SQL: runs, versions, and which version serves each scope."""

from __future__ import annotations

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.http import HttpRequest

from analytics.public import Organisation
from recommender.models import Promotion, Run, Search, Version


def page_of(request: HttpRequest, rows: QuerySet, n: int | None = None) -> Page:  # type: ignore[type-arg]
    """The page that the address asks for; an impossible number gets the nearest page there is.

    Args:
        request: names the page.
        rows: in their order.
        n: how many rows there are, where that is known already; otherwise they are counted.
    """
    paginator = Paginator(rows, settings.NEURALINK_PAGE_ROWS)
    if n is not None:
        paginator.count = n  # a cached property
    return paginator.get_page(request.GET.get("page"))


def runs_of(organisation: Organisation) -> QuerySet[Run]:
    """Newest first, without their curves."""
    runs = Run.objects.filter(organisation=organisation)
    return runs.select_related("course", "requested_by__login", "version").defer("curve", "log").order_by("-id")


def searches_of(organisation: Organisation) -> QuerySet[Search]:
    searches = Search.objects.filter(organisation=organisation).select_related("course", "requested_by__login")
    return searches.order_by("-id")


def versions_of(organisation: Organisation) -> QuerySet[Version]:
    versions = Version.objects.filter(organisation=organisation)
    return versions.select_related("course", "run").defer("run__curve", "run__log").order_by("-number")


def promotions_of(organisation: Organisation) -> QuerySet[Promotion]:
    """The log, newest first."""
    promotions = Promotion.objects.filter(organisation=organisation)
    return promotions.select_related("version__run", "previous", "course", "by__login").defer(
        "version__run__curve", "version__run__log"
    )


def in_use(organisation: Organisation) -> QuerySet[Promotion]:
    """The latest promotion of every scope, the organisation's own scopes before those of single courses."""
    latest = (
        Promotion.objects.filter(organisation=organisation)
        .order_by("kind", "course_id", "-id")
        .distinct("kind", "course_id")
        .values("id")
    )
    by_course = F("course__name").asc(nulls_first=True)
    return promotions_of(organisation).filter(id__in=latest).order_by("kind", by_course, "id")
