"""Interventions: what was done, told by other systems too, and whether it helped."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.public import Activity, Member, Scope
from analytics.rest.parameters import Body, ExternalIdField, PageParameters, Parameters
from analytics.rest.permissions import Access, visible
from analytics.rest.views import ApiView, ListView
from recommender.api.risks import EnrolmentFields, enrolments_of, of_the_asked
from recommender.models import Intervention, InterventionKind
from recommender.worklist.actions import record
from recommender.worklist.comparison import compare_interventions
from recommender.worklist.seen import CASE_ROLES, chosen_enrolments


class InterventionSerializer(EnrolmentFields):
    id = serializers.IntegerField(read_only=True)
    kind: Any = serializers.ChoiceField(choices=InterventionKind.choices, read_only=True)
    note = serializers.CharField(read_only=True)
    by = serializers.CharField(source="by.login.username", read_only=True, default=None, allow_null=True)
    at = serializers.DateTimeField(read_only=True)
    on = serializers.DateField(read_only=True, help_text="day of the organisation's clock")
    course_day = serializers.IntegerField(read_only=True, allow_null=True)
    risk_share = serializers.FloatField(read_only=True, allow_null=True, help_text="as it stood then")
    subject = serializers.CharField(source="mail.subject", read_only=True, default=None, allow_null=True)
    sent_at = serializers.DateTimeField(source="mail.sent_at", read_only=True, default=None, allow_null=True)


class InterventionParameters(PageParameters):
    learner = ExternalIdField(required=False, help_text="external id of a learner")
    course = ExternalIdField(required=False, help_text="external id of a course")
    kind = serializers.ChoiceField(choices=InterventionKind.choices, required=False)


class NewIntervention(Body):
    enrolments = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), help_text="ids, as the lists tell them"
    )
    kind = serializers.ChoiceField(choices=InterventionKind.choices)
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)


class InterventionList(ListView):
    """What was done for whom, newest first."""

    access = {"GET": Access(Scope.RISKS_READ, CASE_ROLES), "POST": Access(Scope.CASES_WRITE, CASE_ROLES)}
    parameters = InterventionParameters
    serializer_class = InterventionSerializer
    queryset = Intervention.objects.select_related("enrolment__learner", "enrolment__course", "by__login", "mail")

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset().filter(enrolment__in=enrolments_of(self.caller))
        if "kind" in self.query:
            rows = rows.filter(kind=self.query["kind"])
        return of_the_asked(rows, self)

    @extend_schema(request=NewIntervention, responses={201: InterventionSerializer(many=True)})
    def post(self, request: Request) -> Response:
        """Write down what was done outside, for each of the enrolments; no mail is sent."""
        wanted = self.read_body(NewIntervention)
        chosen = chosen_enrolments(enrolments_of(self.caller), wanted["enrolments"], settings.NEURALINK_BULK_ROWS)
        by = self.caller if isinstance(self.caller, Member) else None
        done = record(chosen, wanted["kind"], wanted["note"], by=by)
        return Response(InterventionSerializer(done, many=True).data, status=201)


class ComparisonParameters(Parameters):
    course = ExternalIdField(required=False, help_text="external id of a course; left out: all that you see")


class IntervalSerializer(serializers.Serializer[Any]):
    mean = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    confidence = serializers.FloatField()


class ComparisonSerializer(serializers.Serializer[Any]):
    n_ended = serializers.IntegerField(help_text="enrolments with an intervention whose outcome is known")
    n_compared = serializers.IntegerField(help_text="of them, those beside whom somebody similar was found")
    finished_share = serializers.FloatField(allow_null=True)
    beside_share = serializers.FloatField(allow_null=True, help_text="share of the similar ones that finished")
    risk_share = serializers.FloatField(allow_null=True, help_text="mean risk when somebody intervened")
    beside_risk_share = serializers.FloatField(allow_null=True)
    difference = IntervalSerializer(allow_null=True, help_text="null: too few to tell")
    sentence = serializers.CharField()
    caveat = serializers.CharField(help_text="what this cannot tell; show it beside the figures")


class InterventionComparison(ApiView):
    """Learners with an intervention beside similar ones without: an observation, no experiment."""

    access = {"GET": Access(Scope.RISKS_READ, CASE_ROLES)}
    parameters = ComparisonParameters
    serializer_class = ComparisonSerializer

    @extend_schema(responses=ComparisonSerializer)
    def get(self, request: Request) -> Response:
        courses = visible(Activity.objects.courses(), self.caller)
        named = self.named(Activity.objects.courses(), "course")
        ids = [named.pk] if named is not None else list(courses.values_list("pk", flat=True))
        return Response(ComparisonSerializer(compare_interventions(self.organisation, ids)).data)
