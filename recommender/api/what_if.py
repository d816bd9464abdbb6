"""What if: the risk of one enrolment, had something been otherwise."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.public import InvalidInput, Scope
from analytics.rest.parameters import Parameters
from analytics.rest.permissions import EVERY_ROLE, Access
from analytics.rest.views import ApiView
from recommender.api.risks import enrolments_of
from recommender.errors import RecommenderError
from recommender.serving.what_if import Changes, what_if


class WhatIfParameters(Parameters):
    enrolment = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="id, as the lists tell it")
    hands_in_next = serializers.BooleanField(required=False, default=False, help_text="the next assessment, today")
    hands_in_missing = serializers.BooleanField(required=False, default=False, help_text="all that is due")
    active_days_a_week = serializers.IntegerField(
        min_value=0, max_value=7, required=False, default=None, allow_null=True, help_text="in the last two weeks"
    )
    result_share = serializers.FloatField(
        min_value=0, max_value=1, required=False, default=None, allow_null=True, help_text="of what is handed in"
    )


class SupposedSerializer(serializers.Serializer[Any]):
    now = serializers.FloatField(allow_null=True, help_text="risk_share as it is; null: not enough data yet")
    then = serializers.FloatField(allow_null=True, help_text="risk_share as it would be")


class WhatIf(ApiView):
    """The risk of one enrolment as it is and as it would be; nothing is stored, and nothing is promised."""

    access = {"GET": Access(Scope.RISKS_READ, EVERY_ROLE)}
    parameters = WhatIfParameters
    serializer_class = SupposedSerializer

    @extend_schema(responses=SupposedSerializer)
    def get(self, request: Request) -> Response:
        asked = dict(self.query)
        rows = enrolments_of(self.caller).select_related("organisation")
        enrolment = rows.filter(pk=asked.pop("enrolment")).first()
        if enrolment is None:
            raise InvalidInput(_("This enrolment is not there, or not yours to see."), "enrolment")
        try:
            return Response(SupposedSerializer(what_if(enrolment, Changes(**asked))).data)
        except RecommenderError as error:
            raise InvalidInput(str(error), "enrolment") from error
