"""Versions: what was trained, what is in use, and who put it there."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.public import Activity, Member, Role, Scope
from analytics.rest.parameters import Body, ExternalIdField, PageParameters
from analytics.rest.permissions import Access, visible
from analytics.rest.views import ApiView, DetailView, ListView
from recommender.models import Promotion, TargetKind, Version
from recommender.registry.card import card_of
from recommender.registry.versions import promote, roll_back

OWNERS = Access(Scope.VERSIONS_WRITE, (Role.ADMINISTRATOR, Role.MODEL_OWNER))
VERSIONS = Version.objects.select_related("course", "run")


class PromotionSerializer(serializers.ModelSerializer[Promotion]):
    version = serializers.IntegerField(source="version.number", read_only=True)
    previous = serializers.IntegerField(source="previous.number", read_only=True, allow_null=True)
    course = serializers.CharField(source="course.external_id", read_only=True, allow_null=True)
    by = serializers.CharField(
        source="by.login.username", read_only=True, allow_null=True, help_text="null for keys and finished runs"
    )

    class Meta:
        model = Promotion
        fields = ["id", "kind", "course", "version", "previous", "action", "by", "at", "why"]
        read_only_fields = fields


class VersionSerializer(serializers.ModelSerializer[Version]):
    course = serializers.CharField(source="course.external_id", read_only=True, allow_null=True)
    is_in_use = serializers.SerializerMethodField(help_text="it answers for its kind and course now")
    verdict = serializers.CharField(
        source="run.verdict", read_only=True, help_text="whether the gate let it into use, and why not"
    )

    class Meta:
        model = Version
        fields = [
            "number",
            "algorithm",
            "kind",
            "course",
            "is_in_use",
            "verdict",
            "metrics",
            "manifest_sha256",
            "n_bytes",
            "created_at",
            "run",
        ]
        read_only_fields = fields

    def get_is_in_use(self, version: Version) -> bool:
        return version.pk in self.context["in_use"]


class VersionDetailSerializer(VersionSerializer):
    promotions = PromotionSerializer(many=True, read_only=True)

    class Meta(VersionSerializer.Meta):
        fields = [*VersionSerializer.Meta.fields, "promotions"]
        read_only_fields = fields


class VersionParameters(PageParameters):
    kind = serializers.ChoiceField(choices=TargetKind.choices, required=False)
    course = ExternalIdField(required=False, help_text="external id of a course")


class VersionView(ApiView):
    """Knows which versions are in use, by one query a request."""

    queryset = VERSIONS

    def get_serializer_context(self) -> dict[str, Any]:
        latest = visible(
            Promotion.objects.order_by("kind", "course_id", "-id").distinct("kind", "course_id"), self.caller
        )
        return {**super().get_serializer_context(), "in_use": set(latest.values_list("version_id", flat=True))}


class VersionList(VersionView, ListView):
    """Versions, newest first."""

    access = {"GET": OWNERS}
    parameters = VersionParameters
    serializer_class = VersionSerializer
    ordering = ("-number",)

    def get_queryset(self) -> QuerySet[Any]:
        exact = {"kind": self.query["kind"]} if "kind" in self.query else {}
        if course := self.named(Activity.objects.courses(), "course"):
            exact["course"] = course
        return super().get_queryset().filter(**exact)


class VersionDetail(VersionView, DetailView):
    """One version with the history of its promotions."""

    access = {"GET": OWNERS}
    serializer_class = VersionDetailSerializer
    queryset = VERSIONS.prefetch_related(
        "promotions__version", "promotions__previous", "promotions__course", "promotions__by__login"
    )
    lookup_field = "number"


class CardSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    algorithm = serializers.CharField()
    recommends = serializers.CharField()
    trained_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    is_expired = serializers.BooleanField()
    data: Any = serializers.DictField(help_text="counts and window of what was learnt from")
    protocol = serializers.CharField()
    protocol_hash = serializers.CharField(help_text="figures compare only where it is equal")
    metrics = serializers.DictField(help_text="with interval and segments")
    baseline_metrics = serializers.DictField(help_text="popularity on the same questions")
    checks = serializers.ListField(help_text="of the data before, and of the gate after the training")
    limits = serializers.ListField(child=serializers.CharField())


class VersionCard(ApiView):
    """The model card: what it learnt from, how good it is and for whom, what it cannot do, until when it counts."""

    access = {"GET": Access(Scope.RECOMMENDATIONS_READ, (Role.ADMINISTRATOR, Role.MODEL_OWNER, Role.INSTRUCTOR))}
    serializer_class = CardSerializer
    queryset = VERSIONS

    def get(self, request: Request, number: int) -> Response:
        version = self.found(self.get_queryset(), number=number)
        return Response(CardSerializer(card_of(version, timezone.now())).data)


class Why(Body):
    why = serializers.CharField(max_length=2000, help_text="kept in the log for ever")


class RollBack(Why):
    kind = serializers.ChoiceField(choices=TargetKind.choices)
    course = ExternalIdField(required=False, allow_null=True, default=None, help_text="external id of a course")


class SigningView(ApiView):
    """Whoever changes what is in use is named: a member by their login, a key in the reason."""

    @property
    def by(self) -> Member | None:
        return self.caller if isinstance(self.caller, Member) else None

    def signed(self, why: str) -> str:
        return why if isinstance(self.caller, Member) else f"{why} (API key {self.caller.name})"


class PromotingView(SigningView):
    """Changes which version answers."""

    access = {"POST": OWNERS}
    queryset: QuerySet[Any] = VERSIONS


class VersionPromotion(PromotingView):
    """Put a version into use, at once and in every process."""

    @extend_schema(request=Why, responses={201: PromotionSerializer})
    def post(self, request: Request, number: int) -> Response:
        version = self.found(self.get_queryset(), number=number)
        promotion = promote(version, by=self.by, why=self.signed(self.read_body(Why)["why"]))
        return Response(PromotionSerializer(promotion).data, status=201)


class VersionRollBack(PromotingView):
    """Put the version into use again that was in use before."""

    @extend_schema(request=RollBack, responses={201: PromotionSerializer})
    def post(self, request: Request) -> Response:
        wanted = self.read_body(RollBack)
        course = self.named_in_body(Activity.objects.courses(), "course", wanted["course"])
        promotion = roll_back(self.organisation, wanted["kind"], course, by=self.by, why=self.signed(wanted["why"]))
        return Response(PromotionSerializer(promotion).data, status=201)
