"""Risks: who may not finish, why, and what goes well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from analytics.public import Activity, Enrolment, Learner, Member, Role, Scope
from analytics.rest.parameters import ExternalIdField, PageParameters
from analytics.rest.permissions import EVERY_ROLE, Access, Caller
from analytics.rest.views import ListView
from recommender.models import Confidence, Risk
from recommender.outcomes.factors import FactorShare
from recommender.worklist.rows import current_risks, with_names
from recommender.worklist.seen import enrolments_seen
from recommender.worklist.words import own_shares, sentence

EFFECT = "risk_share with it minus risk_share with the peers' value: more than 0 raises the risk"


class FactorSerializer(serializers.Serializer[Any]):
    feature = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    peers_value = serializers.FloatField(allow_null=True, help_text="median of those who run the same course")
    effect = serializers.FloatField(help_text=EFFECT)
    sentence = serializers.CharField(help_text="the same in words; empty for a factor of another release")


class EnrolmentFields(serializers.Serializer[Any]):
    """How rows that belong to an enrolment name it."""

    enrolment = serializers.IntegerField(source="enrolment_id", read_only=True, help_text="id for actions")
    learner = serializers.CharField(source="enrolment.learner.shown_id", read_only=True)
    course = serializers.CharField(source="enrolment.course.external_id", read_only=True)
    course_run = serializers.CharField(source="enrolment.course_run", read_only=True)


class RiskSerializer(EnrolmentFields):
    on = serializers.DateField(read_only=True, help_text="the last day that the estimate knows")
    course_day = serializers.IntegerField(read_only=True, help_text="that day, from the course's first, which is 0")
    is_known = serializers.BooleanField(read_only=True, help_text="false: not enough data yet")
    risk_share = serializers.FloatField(read_only=True, allow_null=True, help_text="probability of not finishing")
    grade_share = serializers.FloatField(read_only=True, allow_null=True, help_text="expected grade, 0 to 1")
    confidence: Any = serializers.ChoiceField(choices=Confidence.choices, read_only=True, allow_blank=True)
    strengths = serializers.SerializerMethodField(help_text="what lowers the risk, strongest first")
    factors = serializers.SerializerMethodField(help_text="what raises it, strongest first")
    version = serializers.IntegerField(source="version.number", read_only=True, default=None, allow_null=True)
    calculated_at = serializers.DateTimeField(read_only=True)

    @extend_schema_field(FactorSerializer(many=True))
    def get_strengths(self, risk: Risk) -> Sequence[dict[str, Any]]:
        return self._told(risk.strengths)

    @extend_schema_field(FactorSerializer(many=True))
    def get_factors(self, risk: Risk) -> Sequence[dict[str, Any]]:
        return self._told(risk.factors)

    def _told(self, shares: Sequence[FactorShare]) -> list[dict[str, Any]]:
        """As the pages tell it: learners hear of themselves only, and of what they can change."""
        caller = getattr(self.context.get("view"), "caller", None)
        is_own = isinstance(caller, Member) and caller.role == Role.LEARNER
        told = own_shares(shares) if is_own else shares
        return [{**share, "sentence": sentence(share)} for share in told]


class RiskParameters(PageParameters):
    learner = ExternalIdField(required=False, help_text="external id of a learner")
    course = ExternalIdField(required=False, help_text="external id of a course")
    min_share = serializers.FloatField(min_value=0, max_value=1, required=False, help_text="least risk_share")
    history = serializers.BooleanField(
        default=False, required=False, help_text="every estimate there ever was, not only the current ones"
    )


def enrolments_of(caller: Caller) -> QuerySet[Enrolment]:
    """Enrolments of which the caller may hear the risk: a member by role and policy, a key of its organisation."""
    if isinstance(caller, Member):
        return enrolments_seen(caller)
    return Enrolment.objects.filter(organisation=caller.organisation)


class RiskList(ListView):
    """Estimates of who may not finish, newest first: learners get their own, and only if the policy shows it whole."""

    access = {"GET": Access(Scope.RISKS_READ, EVERY_ROLE)}
    parameters = RiskParameters
    serializer_class = RiskSerializer
    queryset = Risk.objects.none()

    def get_queryset(self) -> QuerySet[Any]:
        organisation = self.organisation
        rows = Risk.objects.filter(organisation=organisation) if self.query["history"] else current_risks(organisation)
        return of_the_asked(with_names(rows.filter(enrolment__in=enrolments_of(self.caller))), self)


def of_the_asked(rows: QuerySet[Any], view: ListView) -> QuerySet[Any]:
    """Rows of enrolments, by the parameters learner, course and min_share."""
    if (learner := view.named(Learner.objects.all(), "learner")) is not None:
        rows = rows.filter(enrolment__learner=learner)
    if (course := view.named(Activity.objects.courses(), "course")) is not None:
        rows = rows.filter(enrolment__course=course)
    if (least := view.query.get("min_share")) is not None:
        rows = rows.filter(risk_share__gte=least)
    return rows
