"""The rules by which models are trained anew."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.public import Activity, InvalidInput
from analytics.rest.parameters import Body, ExternalIdField
from analytics.rest.views import DetailView, ListView
from recommender.algorithms.catalogue import RECOMMENDERS
from recommender.api.runs import OWNERS
from recommender.models import RetrainRule, TargetKind
from recommender.outcomes.catalogue import PREDICTORS
from recommender.training.rules import checked

RULES = RetrainRule.objects.select_related("course")


class RetrainRuleSerializer(serializers.ModelSerializer[RetrainRule]):
    course = serializers.CharField(source="course.external_id", read_only=True, allow_null=True)

    class Meta:
        model = RetrainRule
        fields = [
            *("id", "kind", "course", "algorithm", "config", "every_days", "new_events_share", "quiet_from_hour"),
            *("quiet_to_hour", "budget_seconds", "promotes", "is_active"),
        ]
        read_only_fields = fields


class NewRetrainRule(Body):
    algorithm = serializers.ChoiceField(choices=[*RECOMMENDERS, *sorted(PREDICTORS)])
    kind = serializers.ChoiceField(
        choices=TargetKind.choices,
        default=TargetKind.ANY,
        required=False,
        help_text="what is recommended; predictors of outcomes have their own kind, and need none",
    )
    course = ExternalIdField(required=False, allow_null=True, default=None, help_text="external id of a course")
    config = serializers.DictField(required=False, default=dict)
    every_days = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1, max_value=366)
    new_events_share = serializers.FloatField(
        required=False, allow_null=True, default=None, min_value=0.01, max_value=10.0
    )
    quiet_from_hour = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0, max_value=23)
    quiet_to_hour = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0, max_value=23)
    budget_seconds = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=10)
    promotes = serializers.BooleanField(required=False, default=True)
    is_active = serializers.BooleanField(required=False, default=True)


class RetrainRuleList(ListView):
    """Rules by which models are trained anew, one per kind and course."""

    access = OWNERS
    serializer_class = RetrainRuleSerializer
    queryset = RULES

    @extend_schema(request=NewRetrainRule, responses={201: RetrainRuleSerializer})
    def post(self, request: Request) -> Response:
        """Add a rule; it is looked at every minute."""
        wanted = self.read_body(NewRetrainRule)
        wanted["course"] = self.named_in_body(Activity.objects.courses(), "course", wanted["course"])
        rule = _made(RetrainRule(organisation=self.organisation, **wanted))
        return Response(RetrainRuleSerializer(rule).data, status=201)


class RetrainRuleDetail(DetailView):
    """One rule."""

    http_method_names = ["get", "head", "delete"]
    access = {"GET": OWNERS["GET"], "DELETE": OWNERS["POST"]}
    serializer_class = RetrainRuleSerializer
    queryset: QuerySet[Any] = RULES
    lookup_field = "pk"

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Remove a rule; the versions that it made stay."""
        self.found(self.get_queryset(), pk=pk).delete()
        return Response(status=204)


def _made(rule: RetrainRule) -> RetrainRule:
    try:
        with transaction.atomic():
            checked(rule).save()
    except IntegrityError as error:
        raise InvalidInput(_("There is a rule for this kind and course already."), "kind") from error
    return rule
