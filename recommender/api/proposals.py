"""What becomes of versions that passed the gate: the policy, and what waits for a decision."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.rest.parameters import Body
from analytics.rest.views import ApiView, ListView
from recommender.api.versions import OWNERS, VERSIONS, PromotingView, SigningView, Why
from recommender.models import AfterGate, PromotionPolicy, Proposal
from recommender.registry.proposals import decline, set_policy


class PromotionPolicySerializer(serializers.ModelSerializer[PromotionPolicy]):
    changed_by = serializers.CharField(source="changed_by.login.username", read_only=True, default=None)

    class Meta:
        model = PromotionPolicy
        fields = ["after_gate", "changed_by", "changed_at"]
        read_only_fields = fields


class NewPromotionPolicy(Body):
    after_gate = serializers.ChoiceField(
        choices=AfterGate.choices, help_text="promote: by itself; ask: somebody decides; hold: stored, nobody is asked"
    )


class PromotionPolicyView(SigningView, ApiView):
    """What becomes of a version that passed the gate."""

    access = {"GET": OWNERS, "POST": OWNERS}
    serializer_class = PromotionPolicySerializer
    queryset = PromotionPolicy.objects.all()

    @extend_schema(responses=PromotionPolicySerializer, operation_id="promotion_policy")
    def get(self, request: Request) -> Response:
        return Response(PromotionPolicySerializer(PromotionPolicy.of(self.organisation)).data)

    @extend_schema(request=NewPromotionPolicy, responses=PromotionPolicySerializer)
    def post(self, request: Request) -> Response:
        """Change it; it holds from the next run on."""
        wanted = self.read_body(NewPromotionPolicy)
        policy = set_policy(self.organisation, wanted["after_gate"], by=self.by)
        return Response(PromotionPolicySerializer(policy).data)


class ProposalSerializer(serializers.ModelSerializer[Proposal]):
    version = serializers.IntegerField(source="version.number", read_only=True)
    decision = serializers.CharField(read_only=True, help_text="accepted, declined or superseded; empty while it waits")
    by = serializers.CharField(source="by.login.username", read_only=True, default=None)

    class Meta:
        model = Proposal
        fields = ["id", "version", "at", "verdict", "decision", "by", "decided_at", "why"]
        read_only_fields = fields


class ProposalList(ListView):
    """Versions that passed the gate and were put to somebody, newest first; promote or decline those that wait."""

    access = {"GET": OWNERS}
    serializer_class = ProposalSerializer
    queryset = Proposal.objects.select_related("version", "by__login")


class VersionDecline(PromotingView):
    """Decline a version that waits: it is kept and not used."""

    queryset: Any = VERSIONS

    @extend_schema(request=Why, responses={201: ProposalSerializer})
    def post(self, request: Request, number: int) -> Response:
        version = self.found(self.get_queryset(), number=number)
        proposal = decline(version, by=self.by, why=self.signed(self.read_body(Why)["why"]))
        return Response(ProposalSerializer(proposal).data, status=201)
