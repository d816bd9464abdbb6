"""Django's admin for what was let go and erased."""

from __future__ import annotations

from django.contrib import admin

from analytics.admin_base import JobAdmin, OrganisationFilter, ReadOnlyAdmin
from analytics.models import Cleanup, Erasure, RetentionPolicy


@admin.register(RetentionPolicy)
class RetentionPolicyAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "event_days", "statement_days", "log_days", "impression_days", "events_from"]
    list_filter = [OrganisationFilter]
    list_select_related = ["organisation"]


@admin.register(Cleanup)
class CleanupAdmin(JobAdmin):
    list_display = ["__str__", "state", "counts", "created_at", "finished_at", "error"]


@admin.register(Erasure)
class ErasureAdmin(JobAdmin):
    list_display = ["__str__", "state", "counts", "versions", "created_at", "finished_at", "error"]
