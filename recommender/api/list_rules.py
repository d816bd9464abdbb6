"""List rules by API: what is pinned, boosted and blocked, and what a rule would change."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.public import Activity, Kind, Learner, Member, Role, Scope
from analytics.rest.parameters import Body, ExternalIdField
from analytics.rest.permissions import Access
from analytics.rest.views import ApiView, DetailView, ListView
from recommender.models import FACTORS, Effect, ListRule
from recommender.serving.steering import add_rule, end_rule, preview

MAY = Access(Scope.VERSIONS_WRITE, (Role.ADMINISTRATOR, Role.MODEL_OWNER))
RULES = ListRule.objects.select_related("activity", "course", "learner", "by__login", "ended_by__login")


class ListRuleSerializer(serializers.ModelSerializer[ListRule]):
    activity = serializers.CharField(source="activity.external_id", read_only=True, allow_null=True, default=None)
    course = serializers.CharField(source="course.external_id", read_only=True, allow_null=True, default=None)
    learner = serializers.CharField(source="learner.shown_id", read_only=True, allow_null=True, default=None)
    by = serializers.CharField(source="by.login.username", read_only=True, allow_null=True, default=None)
    state = serializers.ChoiceField(choices=["active", "ended", "expired", "waiting"], read_only=True)

    class Meta:
        model = ListRule
        fields = [
            *("id", "effect", "activity", "activity_kind", "factor", "course", "course_run", "learner", "starts_at"),
            *("ends_at", "why", "by", "at", "state", "ended_at", "ended_why"),
        ]
        read_only_fields = fields


class NewListRule(Body):
    effect = serializers.ChoiceField(choices=Effect.choices)
    activity = ExternalIdField(required=False, allow_null=True, default=None, help_text="with all that is in it")
    activity_kind = serializers.ChoiceField(choices=Kind.choices, required=False, allow_blank=True, default="")
    factor = serializers.FloatField(
        required=False, allow_null=True, default=None, min_value=FACTORS[0], max_value=FACTORS[1]
    )
    course = ExternalIdField(required=False, allow_null=True, default=None, help_text="only for its learners")
    course_run = serializers.CharField(required=False, allow_blank=True, default="")
    learner = ExternalIdField(required=False, allow_null=True, default=None, help_text="only for this learner")
    starts_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    ends_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    why = serializers.CharField()


class _WritesRules(ApiView):
    def rule(self) -> ListRule:
        wanted = self.read_body(NewListRule)
        for name, rows in (("activity", Activity.objects.all()), ("course", Activity.objects.courses())):
            wanted[name] = self.named_in_body(rows, name, wanted[name])
        wanted["learner"] = self.named_in_body(Learner.objects.all(), "learner", wanted["learner"])
        return ListRule(organisation=self.organisation, **wanted)

    @property
    def member(self) -> Member | None:
        return self.caller if isinstance(self.caller, Member) else None


class ListRuleList(_WritesRules, ListView):
    """Rules that pin, boost and block, newest first; those that have ended too."""

    access = {"GET": MAY, "POST": MAY}
    serializer_class = ListRuleSerializer
    queryset = RULES

    @extend_schema(request=NewListRule, responses={201: ListRuleSerializer})
    def post(self, request: Request) -> Response:
        """Add a rule; it holds within seconds."""
        return Response(ListRuleSerializer(add_rule(self.rule(), self.member)).data, status=201)


class PreviewSerializer(serializers.Serializer[Any]):
    n_changed = serializers.IntegerField(help_text="of the learners looked at: whose top 5 change")
    n_looked = serializers.IntegerField()
    n_meant = serializers.IntegerField(help_text="whom the rule means")


class ListRulePreview(_WritesRules):
    """What a rule would change, without storing it."""

    access = {"POST": MAY}
    serializer_class = PreviewSerializer

    @extend_schema(request=NewListRule, responses={200: PreviewSerializer})
    def post(self, request: Request) -> Response:
        return Response(PreviewSerializer(preview(self.rule())).data)


class ListRuleDetail(DetailView):
    """One rule."""

    access = {"GET": MAY}
    serializer_class = ListRuleSerializer
    queryset: QuerySet[Any] = RULES
    lookup_field = "pk"


class EndBody(Body):
    why = serializers.CharField()


class ListRuleEnd(_WritesRules):
    """End a rule; it stays in the list, with why."""

    access = {"POST": MAY}
    serializer_class = ListRuleSerializer
    queryset = RULES

    @extend_schema(request=EndBody, responses={200: ListRuleSerializer})
    def post(self, request: Request, pk: int) -> Response:
        rule = self.found(self.get_queryset(), pk=pk)
        ended = end_rule(rule, self.member, self.read_body(EndBody)["why"])
        return Response(ListRuleSerializer(ended).data)
