"""Two versions side by side, and what learners did with what one version showed them."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.rest.parameters import Body
from analytics.rest.views import ApiView, DetailView, ListView, rendered
from recommender.api.versions import OWNERS, VERSIONS, PromotingView, SigningView, Why
from recommender.models import Experiment, OnlineMeasure
from recommender.serving.experiments import start_experiment, stop_experiment, use_winner
from recommender.serving.online import online_figures

EXPERIMENTS = Experiment.objects.select_related("control", "challenger", "winner", "course")


class ExperimentSerializer(serializers.ModelSerializer[Experiment]):
    control = serializers.IntegerField(source="control.number", read_only=True, help_text="number of the version")
    challenger = serializers.IntegerField(source="challenger.number", read_only=True)
    winner = serializers.IntegerField(source="winner.number", read_only=True, allow_null=True)
    course = serializers.CharField(source="course.external_id", read_only=True, allow_null=True)

    class Meta:
        model = Experiment
        fields = [
            *("id", "kind", "course", "control", "challenger", "share", "measure", "window_days", "started_at"),
            *("stopped_at", "why_stopped", "figures", "evidence", "decided_at", "winner", "verdict", "counted_at"),
        ]
        read_only_fields = fields


class NewExperiment(Body):
    challenger = serializers.IntegerField(min_value=1, help_text="number of a version that is not in use")
    share = serializers.FloatField(required=False, default=0.5, min_value=0.01, max_value=0.99)
    measure = serializers.ChoiceField(
        choices=OnlineMeasure.choices, required=False, default=OnlineMeasure.COMPLETED, help_text="learners who did so"
    )
    window_days = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1, max_value=60)


class ExperimentList(SigningView, ListView):
    """Versions tried side by side, newest first."""

    access = {"GET": OWNERS, "POST": OWNERS}
    serializer_class = ExperimentSerializer
    queryset = EXPERIMENTS

    @extend_schema(request=NewExperiment, responses={201: ExperimentSerializer})
    def post(self, request: Request) -> Response:
        """Let a version answer a share of the learners beside the one in use; each learner is always answered alike."""
        wanted = self.read_body(NewExperiment)
        number = wanted.pop("challenger")
        challenger = VERSIONS.filter(organisation=self.organisation, number=number).first()
        if challenger is None:
            raise serializers.ValidationError(
                {"challenger": [_("There is no version %(number)d.") % {"number": number}]}
            )
        experiment = start_experiment(challenger, **wanted, by=self.by)
        return rendered(ExperimentSerializer, experiment, 201, reverse("api_experiment", args=[experiment.pk]))


class ExperimentDetail(DetailView):
    """One of them, with its figures and verdict."""

    access = {"GET": OWNERS}
    serializer_class = ExperimentSerializer
    queryset = EXPERIMENTS
    lookup_field = "pk"


class ExperimentStop(PromotingView):
    """Let the version in use answer everybody again."""

    queryset = EXPERIMENTS

    @extend_schema(request=Why, responses={200: ExperimentSerializer})
    def post(self, request: Request, pk: int) -> Response:
        experiment = self.found(self.get_queryset(), pk=pk)
        stop_experiment(experiment, by=self.by, why=self.signed(self.read_body(Why)["why"]))
        return Response(ExperimentSerializer(experiment).data)


class ExperimentUseWinner(PromotingView):
    """Put the better version into use; the reason in the log is the verdict."""

    queryset = EXPERIMENTS

    @extend_schema(request=None, responses={200: ExperimentSerializer})
    def post(self, request: Request, pk: int) -> Response:
        experiment = self.found(self.get_queryset(), pk=pk)
        use_winner(experiment, by=self.by)
        return Response(ExperimentSerializer(experiment).data)


class ShareSerializer(serializers.Serializer[Any]):
    n_hits = serializers.IntegerField()
    n = serializers.IntegerField()
    value = serializers.FloatField()
    low = serializers.FloatField(help_text="of the 95 % interval (Wilson)")
    high = serializers.FloatField()


class OnlineSerializer(serializers.Serializer[Any]):
    channel = serializers.CharField(help_text="page, api or command; empty: page and API together")
    segment = serializers.CharField(
        help_text="new, light or heavy, by what the learner had met at the first showing; empty: all learners"
    )
    n_lists = serializers.IntegerField()
    n_shown = serializers.IntegerField(help_text="activities, once for each learner")
    n_settled = serializers.IntegerField(help_text="of them those whose 14 days are over")
    clicked = ShareSerializer(allow_null=True)
    started = ShareSerializer(allow_null=True)
    completed = ShareSerializer(allow_null=True)


class VersionOnline(ApiView):
    """What learners did with what the version showed them, by channel and by segment; counted every five minutes."""

    access = {"GET": OWNERS}
    queryset = VERSIONS
    serializer_class = OnlineSerializer

    @extend_schema(responses={200: OnlineSerializer(many=True)})
    def get(self, request: Request, number: int) -> Response:
        version = self.found(self.get_queryset(), number=number)
        return Response(OnlineSerializer(online_figures(version), many=True).data)
