"""Everything that happened, as xAPI statements."""

from __future__ import annotations

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from analytics.imports.projector.exporting import Span, statement_lines
from analytics.models import Role, Scope
from analytics.rest.parameters import Parameters
from analytics.rest.permissions import Access
from analytics.rest.views import ApiView

JSON_LINES = "application/x-ndjson"


class SpanParameters(Parameters):
    since = serializers.DateTimeField(required=False, help_text="what happened at this instant or later")
    until = serializers.DateTimeField(required=False, help_text="what happened before this instant")


class StatementExport(ApiView):
    """Statements as they came, and one for every event that came another way, one JSON object a line."""

    access = {"GET": Access(Scope.EVENTS_READ, (Role.ADMINISTRATOR,))}
    is_raw = True
    parameters = SpanParameters

    @extend_schema(operation_id="statements_export", responses={(200, JSON_LINES): OpenApiTypes.STR})
    def get(self, request: Request) -> HttpResponseBase:
        span = Span(self.query.get("since"), self.query.get("until"))
        lines = (f"{line}\n" for line in statement_lines(self.organisation, span))
        return StreamingHttpResponse(lines, content_type=JSON_LINES)
