"""Django's admin for what is counted for pages alone: verbs by day, learners as bits, kept answers."""

from __future__ import annotations

from django.contrib import admin

from analytics.admin_base import OrganisationFilter, ReadOnlyAdmin
from analytics.models import ActivityLearners, DayLearners, ExploredAnswer, Spread, VerbDay


@admin.register(VerbDay)
class VerbDayAdmin(ReadOnlyAdmin):
    list_display = ["on", "course", "verb", "n_learners", "n_events", "n_completions", "n_results"]
    list_filter = [OrganisationFilter]
    list_select_related = ["course"]
    ordering = ["-id"]
    sortable_by = ()


@admin.register(DayLearners)
class DayLearnersAdmin(ReadOnlyAdmin):
    list_display = ["on", "course", "block"]
    list_filter = [OrganisationFilter]
    list_select_related = ["course"]
    ordering = ["-id"]
    sortable_by = ()


@admin.register(ActivityLearners)
class ActivityLearnersAdmin(ReadOnlyAdmin):
    list_display = ["activity", "block"]
    list_filter = [OrganisationFilter]
    list_select_related = ["activity"]
    ordering = ["-id"]
    sortable_by = ()


@admin.register(Spread)
class SpreadAdmin(ReadOnlyAdmin):
    list_display = ["on", "span", "measure", "course", "n_learners", "mean", "median"]
    list_filter = [OrganisationFilter]
    list_select_related = ["course"]
    ordering = ["-id"]
    sortable_by = ()


@admin.register(ExploredAnswer)
class ExploredAnswerAdmin(ReadOnlyAdmin):
    list_display = ["key", "version", "counted_at"]
    list_filter = [OrganisationFilter]
    ordering = ["-id"]
    sortable_by = ()
