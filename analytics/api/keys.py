"""API keys: made and revoked by data administrators; no key can make another."""

from __future__ import annotations

from typing import Any, cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.models import ApiKey, Member, Role, Scope
from analytics.rest.parameters import Body
from analytics.rest.permissions import Access
from analytics.rest.views import ApiView, ListView, rendered

ADMINISTRATORS = Access(None, (Role.ADMINISTRATOR,))


class KeySerializer(serializers.ModelSerializer[ApiKey]):
    created_by = serializers.CharField(source="created_by.login.username", read_only=True, allow_null=True)

    class Meta:
        model = ApiKey
        fields = [
            "id",
            "name",
            "prefix",
            "scopes",
            "created_by",
            "created_at",
            "expires_at",
            "revoked_at",
            "last_used_at",
        ]
        read_only_fields = fields


class NewKeySerializer(KeySerializer):
    secret = serializers.SerializerMethodField(help_text="shown this once: only a hash of it is kept")

    class Meta(KeySerializer.Meta):
        fields = [*KeySerializer.Meta.fields, "secret"]
        read_only_fields = fields

    def get_secret(self, key: ApiKey) -> str:
        return str(self.context["secret"])


class NewKey(Body):
    name = serializers.CharField(max_length=200, help_text="who or what will use it")
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices), allow_empty=False)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)

    def validate_expires_at(self, value: Any) -> Any:
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError("The key would have expired already. Give an instant to come.")
        return value


class KeyList(ListView):
    """All keys of the organisation, revoked ones too; newest first."""

    access = {"GET": ADMINISTRATORS, "POST": ADMINISTRATORS}
    serializer_class = KeySerializer
    queryset = ApiKey.objects.select_related("created_by__login")

    @extend_schema(request=NewKey, responses={201: NewKeySerializer})
    def post(self, request: Request) -> Response:
        """Make a key. Its secret is in this answer and nowhere else."""
        wanted = self.read_body(NewKey)
        by = cast("Member", self.caller)
        key, secret = ApiKey.objects.issue(
            self.organisation, wanted["name"], wanted["scopes"], by, wanted["expires_at"]
        )
        return Response(NewKeySerializer(key, context={"secret": secret}).data, status=201)


class KeyRevocation(ApiView):
    """Take a key back, at once and for ever."""

    access = {"POST": ADMINISTRATORS}
    queryset = ApiKey.objects.select_related("created_by__login")

    @extend_schema(request=None, responses=KeySerializer)
    def post(self, request: Request, pk: int) -> Response:
        key = self.found(self.get_queryset(), pk=pk)
        key.revoke()
        return rendered(KeySerializer, key)
