"""Django's admin for what the Learning Record Store keeps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from analytics.admin import ApiKeyAdmin
from analytics.admin_base import JobAdmin, OrganisationFilter, ReadOnlyAdmin, TenancyForm
from analytics.models import (
    ActivityDefinition,
    Attachment,
    Credential,
    Document,
    LearnerIdentity,
    Member,
    Projection,
    ProjectionPlace,
    Statement,
    StatementFate,
    StatementLink,
    VerbCount,
    VerbMeaning,
    XapiScope,
)


class CredentialForm(TenancyForm):
    scopes = forms.MultipleChoiceField(choices=XapiScope.choices, widget=forms.CheckboxSelectMultiple)


@admin.register(Credential)
class CredentialAdmin(ApiKeyAdmin):
    """Made, shown once and revoked as API keys are."""

    form: type[TenancyForm] = CredentialForm
    fields = ["organisation", "name", "scopes", "version", "expires_at"]
    list_display = ["name", "key", "version", "scopes", "organisation", "expires_at", "revoked_at", "last_used_at"]
    search_fields = ["name", "key"]
    told = ("key", "created_by", "created_at", "revoked_at", "last_used_at")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        by = Member.objects.filter(login=request.user.pk, organisation=obj.organisation).first()
        made, secret = Credential.objects.issue(
            obj.organisation, obj.name, obj.scopes, by, obj.version, expires_at=obj.expires_at
        )
        obj.pk, obj.key = made.pk, made.key
        request.secret = f"{made.key}:{secret}"  # type: ignore[attr-defined]


@admin.register(Document)
class DocumentAdmin(ReadOnlyAdmin):
    list_display = ["kind", "document_id", "activity", "agent", "content_type", "organisation", "updated_at"]
    list_filter = [OrganisationFilter, "kind"]
    list_select_related = ["organisation"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=document_id"]
    fields = ["organisation", "kind", "activity", "agent", "registration", "document_id", "content_type", "updated_at"]


@admin.register(Projection)
class ProjectionAdmin(JobAdmin):
    list_display = ["__str__", "state", "n_statements", "attempt", "created_at", "finished_at", "error"]


@admin.register(ProjectionPlace)
class ProjectionPlaceAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "stored_at", "statement_id"]
    list_select_related = ["organisation"]


@admin.register(StatementFate)
class StatementFateAdmin(ReadOnlyAdmin):
    list_display = ["statement", "fate", "code", "verb", "activity_type", "event_id", "occurred_at", "organisation"]
    list_filter = [OrganisationFilter, "fate"]
    list_select_related = ["statement", "organisation"]
    ordering = ["-statement_id"]
    sortable_by = ()
    search_fields = ["=statement__uuid"]
    search_help_text = gettext_lazy("exactly a statement's id")


@admin.register(VerbCount)
class VerbCountAdmin(ReadOnlyAdmin):
    list_display = ["verb", "activity_type", "fate", "n_statements", "last_at", "organisation"]
    list_filter = [OrganisationFilter, "fate"]
    list_select_related = ["organisation"]
    ordering = ["-n_statements", "-id"]


@admin.register(VerbMeaning)
class VerbMeaningAdmin(ReadOnlyAdmin):
    """Given on the page of statements, which also applies them to what came before."""

    list_display = ["verb", "activity_type", "meaning", "is_applied", "created_by", "organisation"]
    list_filter = [OrganisationFilter, "is_applied"]
    list_select_related = ["organisation", "created_by__login"]


@admin.register(LearnerIdentity)
class LearnerIdentityAdmin(ReadOnlyAdmin):
    list_display = ["key", "learner", "created_at", "organisation"]
    list_filter = [OrganisationFilter]
    list_select_related = ["learner", "organisation"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=key", "=learner__external_id"]


@admin.register(Statement)
class StatementAdmin(ReadOnlyAdmin):
    list_display = ["uuid", "stored_at", "occurred_at", "verb", "credential", "organisation"]
    list_filter = [OrganisationFilter]
    list_select_related = ["credential", "organisation"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=uuid"]
    search_help_text = gettext_lazy("exactly a statement's id")


@admin.register(StatementLink)
class StatementLinkAdmin(ReadOnlyAdmin):
    list_display = ["statement", "target", "n_steps", "is_voiding", "organisation"]
    list_filter = [OrganisationFilter, "is_voiding"]
    list_select_related = ["statement", "organisation"]
    ordering = ["-id"]
    sortable_by = ()


@admin.register(Attachment)
class AttachmentAdmin(ReadOnlyAdmin):
    list_display = ["sha2", "content_type", "organisation"]
    list_filter = [OrganisationFilter]
    list_select_related = ["organisation"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=sha2"]
    fields = ["organisation", "sha2", "content_type"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attachment]:
        return super().get_queryset(request).defer("content")


@admin.register(ActivityDefinition)
class ActivityDefinitionAdmin(ReadOnlyAdmin):
    list_display = ["activity", "definition", "first_at", "organisation"]
    list_filter = [OrganisationFilter]
    list_select_related = ["organisation"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=activity"]
