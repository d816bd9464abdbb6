"""Django's admin for what the recommender keeps. All of it is history: it is read here and changed on the pages."""

from __future__ import annotations

from django.contrib import admin

from analytics.admin_base import JobAdmin, OrganisationFilter, ReadOnlyAdmin
from recommender.models import (
    Case,
    Experiment,
    Feedback,
    Impression,
    Intervention,
    ListExport,
    ListRule,
    Mail,
    MessageTemplate,
    OnlineDay,
    OutcomePolicy,
    Promotion,
    PromotionPolicy,
    Proposal,
    RetrainRule,
    Risk,
    RiskRefresh,
    Run,
    Search,
    Version,
)


@admin.register(Run)
class RunAdmin(JobAdmin):
    list_display = ["__str__", "kind", "course", "state", "requested_by", "created_at", "fit_seconds", "verdict"]
    list_filter = [OrganisationFilter, "state", "algorithm", "kind"]
    list_select_related = ["course", "requested_by__login"]
    search_fields = ["algorithm", "verdict", "error"]


@admin.register(RetrainRule)
class RetrainRuleAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "organisation", "course", "every_days", "new_events_share", "promotes", "is_active"]
    list_filter = [OrganisationFilter, "algorithm", "kind", "is_active"]
    list_select_related = ["course", "organisation"]
    search_fields = ["algorithm"]


@admin.register(PromotionPolicy)
class PromotionPolicyAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "after_gate", "changed_by", "changed_at"]
    list_filter = [OrganisationFilter, "after_gate"]
    list_select_related = ["organisation", "changed_by__login"]


@admin.register(Proposal)
class ProposalAdmin(ReadOnlyAdmin):
    list_display = ["version", "at", "decision", "by", "decided_at", "why"]
    list_filter = [OrganisationFilter, "decision"]
    list_select_related = ["version", "by__login"]


@admin.register(Search)
class SearchAdmin(JobAdmin):
    list_display = ["__str__", "kind", "course", "state", "requested_by", "created_at", "budget_seconds", "verdict"]
    list_filter = [OrganisationFilter, "state", "algorithm", "kind"]
    list_select_related = ["course", "requested_by__login"]
    search_fields = ["algorithm", "verdict", "error"]


@admin.register(Version)
class VersionAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "kind", "course", "run", "organisation", "n_bytes", "created_at"]
    list_filter = [OrganisationFilter, "algorithm", "kind"]
    list_select_related = ["course", "run", "organisation"]
    search_fields = ["algorithm", "manifest_sha256"]


@admin.register(Experiment)
class ExperimentAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "organisation", "kind", "course", "measure", "share", "started_at", "stopped_at"]
    list_filter = [OrganisationFilter, "kind", "measure"]
    list_select_related = ["control", "challenger", "organisation", "course"]


@admin.register(OnlineDay)
class OnlineDayAdmin(ReadOnlyAdmin):
    list_display = [
        "on",
        "version",
        "channel",
        "segment",
        "n_lists",
        "n_shown",
        "n_clicked",
        "n_started",
        "n_completed",
    ]
    list_filter = [OrganisationFilter, "channel", "segment"]
    list_select_related = ["version"]


@admin.register(Promotion)
class PromotionAdmin(ReadOnlyAdmin):
    list_display = ["at", "action", "version", "previous", "kind", "course", "by", "why"]
    list_filter = [OrganisationFilter, "action", "kind"]
    list_select_related = ["version", "previous", "course", "by__login"]
    search_fields = ["why", "by__login__username"]


@admin.register(Impression)
class ImpressionAdmin(ReadOnlyAdmin):
    list_display = ["at", "learner", "source", "version", "channel", "token"]
    list_filter = [OrganisationFilter, "channel"]
    list_select_related = ["learner", "version"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=learner__external_id", "=token"]


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin):
    list_display = ["at", "learner", "action", "activity", "impression"]
    list_filter = [OrganisationFilter, "action"]
    list_select_related = ["learner", "activity", "impression"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=learner__external_id", "=activity__external_id"]


@admin.register(ListExport)
class ListExportAdmin(JobAdmin):
    list_display = ["__str__", "kind", "format", "state", "requested_by", "created_at", "n_learners", "n_bytes"]
    list_filter = [OrganisationFilter, "state", "format", "is_nightly"]
    list_select_related = ["requested_by__login"]
    search_fields = ["error"]


@admin.register(ListRule)
class ListRuleAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "organisation", "course", "learner", "starts_at", "ends_at", "by", "at", "ended_at"]
    list_filter = [OrganisationFilter, "effect", "activity_kind"]
    list_select_related = ["activity", "course", "learner", "by__login", "organisation"]
    search_fields = ["why", "=activity__external_id"]


@admin.register(Risk)
class RiskAdmin(ReadOnlyAdmin):
    list_display = ["on", "enrolment", "course_day", "risk_share", "grade_share", "confidence", "version"]
    list_filter = [OrganisationFilter, "confidence"]
    list_select_related = ["enrolment__learner", "enrolment__course", "version"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=enrolment__learner__external_id"]


@admin.register(RiskRefresh)
class RiskRefreshAdmin(JobAdmin):
    list_display = ["__str__", "on", "state", "requested_by", "created_at", "n_enrolments", "n_known"]
    list_filter = [OrganisationFilter, "state"]
    list_select_related = ["requested_by__login"]
    search_fields = ["error"]


@admin.register(OutcomePolicy)
class OutcomePolicyAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "at_risk_share", "learner_sees", "rest_days", "sends_digest"]
    list_filter = [OrganisationFilter]
    list_select_related = ["organisation"]


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin):
    list_display = ["enrolment", "assigned_to", "snoozed_until", "done_on", "changed_by", "changed_at"]
    list_filter = [OrganisationFilter]
    list_select_related = ["enrolment__learner", "enrolment__course", "assigned_to__login", "changed_by__login"]
    search_fields = ["=enrolment__learner__external_id"]


@admin.register(Intervention)
class InterventionAdmin(ReadOnlyAdmin):
    list_display = ["at", "kind", "enrolment", "by", "course_day", "risk_share"]
    list_filter = [OrganisationFilter, "kind"]
    list_select_related = ["enrolment__learner", "enrolment__course", "by__login"]
    search_fields = ["=enrolment__learner__external_id", "note"]


@admin.register(Mail)
class MailAdmin(JobAdmin):
    list_display = ["__str__", "subject", "state", "requested_by", "created_at", "sent_at", "week_on"]
    list_filter = [OrganisationFilter, "state"]
    list_select_related = ["requested_by__login"]
    search_fields = ["=address", "subject", "error"]


@admin.register(MessageTemplate)
class MessageTemplateAdmin(ReadOnlyAdmin):
    list_display = ["name", "key", "subject", "organisation"]
    list_filter = [OrganisationFilter]
    list_select_related = ["organisation"]
    search_fields = ["name", "subject"]
