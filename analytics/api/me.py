"""Who the caller is."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.models import ApiKey, Organisation, Role, Scope
from analytics.rest.permissions import EVERY_ROLE, Access
from analytics.rest.views import ApiView


class OrganisationSerializer(serializers.ModelSerializer[Organisation]):
    now = serializers.DateTimeField(read_only=True, help_text="the organisation's clock; archives stand still")

    class Meta:
        model = Organisation
        fields = ["slug", "name", "time_zone", "is_synthetic", "now"]
        read_only_fields = fields


class MeSerializer(serializers.Serializer[Any]):
    organisation = OrganisationSerializer()
    name = serializers.CharField(help_text="the key's or the login's name")
    role = serializers.ChoiceField(choices=Role.choices, allow_null=True, help_text="null for keys")
    learner = serializers.CharField(allow_null=True, help_text="external id of the learner whose login this is")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices), allow_null=True, help_text="null for members"
    )


class Me(ApiView):
    """The caller's organisation, and the key's scopes or the member's role."""

    access = {"GET": Access(None, EVERY_ROLE, is_for_every_key=True)}
    serializer_class = MeSerializer

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        caller = self.caller
        me = {
            "organisation": caller.organisation,
            "name": caller.name if isinstance(caller, ApiKey) else caller.shown_login,
            "role": None if isinstance(caller, ApiKey) else caller.role,
            "learner": None if isinstance(caller, ApiKey) or not caller.learner else caller.learner.shown_id,
            "scopes": caller.scopes if isinstance(caller, ApiKey) else None,
        }
        return Response(MeSerializer(me).data)
