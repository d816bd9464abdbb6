"""Events: what happened, to read and to send."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api.event_rows import BULK_BODY, BULK_EXAMPLES, WrittenSerializer, write
from analytics.models import Activity, Event, Learner, Role, Scope, Verb
from analytics.rest.parameters import ExternalIdField, PageParameters
from analytics.rest.permissions import EVERY_ROLE, Access
from analytics.rest.views import ListView


class EventSerializer(serializers.ModelSerializer[Event]):
    learner = serializers.CharField(source="learner.shown_id", help_text="the learner's external id")
    activity = serializers.CharField(source="activity.external_id", help_text="the activity's external id")
    at = serializers.DateTimeField(source="occurred_at")
    from_import = serializers.IntegerField(source="from_import_id", help_text="the import that brought it")

    class Meta:
        model = Event
        fields = ["id", "learner", "activity", "verb", "at", "value", "unit", "from_import"]
        read_only_fields = fields


class EventParameters(PageParameters):
    learner = ExternalIdField(required=False, help_text="external id of a learner")
    activity = ExternalIdField(required=False, help_text="external id of an activity")
    verb = serializers.ChoiceField(choices=Verb.choices, required=False)
    since = serializers.DateTimeField(required=False, help_text="this instant or later; UTC if it names no zone")
    until = serializers.DateTimeField(required=False, help_text="before this instant; UTC if it names no zone")


class EventList(ListView):
    """Events, oldest first."""

    access = {"GET": Access(Scope.EVENTS_READ, EVERY_ROLE), "POST": Access(Scope.EVENTS_WRITE, (Role.ADMINISTRATOR,))}
    parameters = EventParameters
    serializer_class = EventSerializer
    queryset = Event.objects.select_related("learner", "activity")
    ordering = ("occurred_at", "id")

    def get_queryset(self) -> QuerySet[Any]:
        lookups = {
            "learner": self.named(Learner.objects.all(), "learner"),
            "activity": self.named(Activity.objects.all(), "activity"),
            "verb": self.query.get("verb"),
            "occurred_at__gte": self.query.get("since"),
            "occurred_at__lt": self.query.get("until"),
        }
        return super().get_queryset().filter(**{name: value for name, value in lookups.items() if value is not None})

    @extend_schema(request={"application/json": BULK_BODY}, responses={200: WrittenSerializer}, examples=BULK_EXAMPLES)
    def post(self, request: Request) -> Response:
        """Write one event or an array of them, in one transaction. Good rows are kept though others are rejected.

        If every row is rejected, the answer is a problem whose `errors` point at the rows.
        """
        is_one = not isinstance(request.data, list)
        rows = [request.data] if is_one else request.data
        return Response(WrittenSerializer(write(rows, self.caller, is_one)).data)
