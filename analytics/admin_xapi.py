"""Django's admin for what the Learning Record Store keeps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from analytics.admin import ApiKeyAdmin
from analytics.admin_base import OrganisationFilter, ReadOnlyAdmin, TenancyForm
from analytics.models import Credential, Document, Member, XapiScope


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
