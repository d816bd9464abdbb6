"""Credentials of learning tools that speak xAPI: made and revoked by data administrators."""

from __future__ import annotations

from typing import Any, cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api.keys import ADMINISTRATORS
from analytics.models import Credential, Member, XapiScope, XapiVersion
from analytics.rest.parameters import Body
from analytics.rest.views import ApiView, ListView, rendered


class CredentialSerializer(serializers.ModelSerializer[Credential]):
    created_by = serializers.CharField(source="created_by.login.username", read_only=True, allow_null=True)

    class Meta:
        model = Credential
        fields = [
            *("id", "name", "key", "scopes", "version"),
            *("created_by", "created_at", "expires_at", "revoked_at", "last_used_at"),
        ]
        read_only_fields = fields


class NewCredentialSerializer(CredentialSerializer):
    secret = serializers.SerializerMethodField(help_text="shown this once: only a hash of it is kept")

    class Meta(CredentialSerializer.Meta):
        fields = [*CredentialSerializer.Meta.fields, "secret"]
        read_only_fields = fields

    def get_secret(self, credential: Credential) -> str:
        return str(self.context["secret"])


class NewCredential(Body):
    name = serializers.CharField(max_length=200, help_text="which tool will use it")
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=XapiScope.choices), allow_empty=False)
    version = serializers.ChoiceField(choices=XapiVersion.choices, default=XapiVersion.TWO, required=False)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)

    def validate_expires_at(self, value: Any) -> Any:
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError("It would have expired already. Give an instant to come.")
        return value


class CredentialList(ListView):
    """All xAPI credentials of the organisation, revoked ones too; newest first."""

    access = {"GET": ADMINISTRATORS, "POST": ADMINISTRATORS}
    serializer_class = CredentialSerializer
    queryset = Credential.objects.select_related("created_by__login")

    @extend_schema(request=NewCredential, responses={201: NewCredentialSerializer})
    def post(self, request: Request) -> Response:
        """Make a credential. Its secret is in this answer and nowhere else."""
        wanted = self.read_body(NewCredential)
        by = cast("Member", self.caller)
        made, secret = Credential.objects.issue(
            self.organisation, wanted["name"], wanted["scopes"], by, wanted["version"], wanted["expires_at"]
        )
        return Response(NewCredentialSerializer(made, context={"secret": secret}).data, status=201)


class CredentialRevocation(ApiView):
    """Take a credential back, at once and for ever; what it brought stays."""

    access = {"POST": ADMINISTRATORS}
    queryset = Credential.objects.select_related("created_by__login")

    @extend_schema(request=None, responses=CredentialSerializer)
    def post(self, request: Request, pk: int) -> Response:
        credential = self.found(self.get_queryset(), pk=pk)
        credential.revoke()
        return rendered(CredentialSerializer, credential)
