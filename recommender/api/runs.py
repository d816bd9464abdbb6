"""Runs: start a training, watch it, read what was measured."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.public import Activity, Member, Role, Scope
from analytics.rest.jobs import JOB_FIELDS, CancelView, JobListView, JobParameters, JobSerializer
from analytics.rest.parameters import Body, ExternalIdField
from analytics.rest.permissions import Access
from analytics.rest.views import ApiView, DetailView, rendered
from recommender.algorithms.catalogue import ALGORITHMS
from recommender.models import RECOMMENDED_CHOICES, Run, TargetKind
from recommender.outcomes.catalogue import PREDICTORS
from recommender.training.start import estimated, start_run

OWNERS = {method: Access(Scope.RUNS_WRITE, (Role.ADMINISTRATOR, Role.MODEL_OWNER)) for method in ("GET", "POST")}
TRAINED = sorted([*ALGORITHMS, *PREDICTORS])
READING, WRITING = {"GET": OWNERS["GET"]}, {"POST": OWNERS["POST"]}
RUNS = Run.objects.select_related("requested_by__login", "course", "version")


class RunSerializer(JobSerializer):
    course = serializers.CharField(source="course.external_id", read_only=True, allow_null=True)
    version = serializers.IntegerField(source="version.number", read_only=True, allow_null=True)

    class Meta:
        model = Run
        fields = [
            "id",
            "algorithm",
            "config",
            "kind",
            "course",
            "seed",
            "search",
            "promotes",
            "override",
            "why",
            "budget_seconds",
            "guard",
            "findings",
            "passes",
            "data",
            "metrics",
            "baseline_metrics",
            "protocol",
            "protocol_hash",
            "fit_seconds",
            "peak_memory_bytes",
            "verdict",
            "version",
            *JOB_FIELDS,
        ]
        read_only_fields = fields


class RunDetailSerializer(RunSerializer):
    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "curve", "log"]
        read_only_fields = fields


class RunParameters(JobParameters):
    search = serializers.IntegerField(required=False, min_value=1, help_text="only the trials of this search")


class NewRun(Body):
    algorithm = serializers.ChoiceField(choices=TRAINED)
    kind = serializers.ChoiceField(choices=RECOMMENDED_CHOICES, default=TargetKind.ANY, required=False)
    course = ExternalIdField(
        required=False, allow_null=True, default=None, help_text="external id: only its activities"
    )
    config = serializers.DictField(
        required=False, default=dict, help_text="hyper-parameters that differ from the default"
    )
    seed = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**31 - 1)
    promotes = serializers.BooleanField(required=False, default=True, help_text="put into use if it is no worse")
    budget_seconds = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=10,
        help_text="time of both fits together; null: NEURALINK_TRAIN_SECONDS",
    )
    override = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=500,
        help_text="why, if checks of the data would stop it",
    )


class RunList(JobListView):
    """Trainings, newest first; those that only were trials of a search where the search is named."""

    access = OWNERS
    parameters = RunParameters
    serializer_class = RunSerializer
    queryset = RUNS

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(search=self.query.get("search"))

    @extend_schema(request=NewRun, responses={202: RunDetailSerializer})
    def post(self, request: Request) -> Response:
        """Start a training. A worker does it; the answer's Location tells how far it is."""
        wanted = self.read_body(NewRun)
        run = start_run(
            self.organisation,
            wanted["algorithm"],
            kind=wanted["kind"],
            course=self.named_in_body(Activity.objects.courses(), "course", wanted["course"]),
            config=wanted["config"],
            seed=wanted["seed"],
            promotes=wanted["promotes"],
            override=wanted["override"],
            budget_seconds=wanted["budget_seconds"],
            requested_by=self.caller if isinstance(self.caller, Member) else None,
        )
        return rendered(RunDetailSerializer, run, 202, reverse("api_run", args=[run.pk]))


class EstimateSerializer(serializers.Serializer[Any]):
    seconds = serializers.FloatField(allow_null=True, help_text="null: known after its first run here")
    memory_bytes = serializers.IntegerField(allow_null=True, help_text="at most; null: not known")
    run = serializers.IntegerField(source="like.pk", default=None, allow_null=True, help_text="that it is told from")
    sentence = serializers.CharField()


class RunEstimate(ApiView):
    """What a training would cost; nothing is started."""

    access = WRITING
    serializer_class = EstimateSerializer

    @extend_schema(request=NewRun, responses={200: EstimateSerializer})
    def post(self, request: Request) -> Response:
        wanted = self.read_body(NewRun)
        course = self.named_in_body(Activity.objects.courses(), "course", wanted["course"])
        scope = {"kind": wanted["kind"], "course": course}
        found = estimated(self.organisation, wanted["algorithm"], config=wanted["config"], **scope)
        return Response(EstimateSerializer(found).data)


class RunDetail(DetailView):
    """One training with its progress, curve and metrics beside those of popularity."""

    access = READING
    serializer_class = RunDetailSerializer
    queryset = RUNS
    lookup_field = "pk"


class RunCancellation(CancelView):
    """Stop a training. Nothing of it is kept."""

    access = WRITING
    serializer_class = RunDetailSerializer
    queryset = RUNS

    @extend_schema(request=None, responses={202: RunDetailSerializer})
    def post(self, request: Request, pk: int) -> Response:
        return super().post(request, pk)
