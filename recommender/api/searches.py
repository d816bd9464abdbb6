"""Searches for parameters: start one, watch it, read what was best. The trials are runs."""

from __future__ import annotations

from django.db.models import Count
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.public import Activity, Member
from analytics.rest.jobs import JOB_FIELDS, CancelView, JobListView, JobSerializer
from analytics.rest.parameters import Body, ExternalIdField
from analytics.rest.views import DetailView, rendered
from recommender.algorithms.catalogue import RECOMMENDERS
from recommender.api.runs import OWNERS, READING, WRITING
from recommender.models import RECOMMENDED_CHOICES, Search, TargetKind
from recommender.training.start import start_search

SEARCHES = Search.objects.select_related("requested_by__login", "course").annotate(n_trials=Count("trials"))


class SearchSerializer(JobSerializer):
    course = serializers.CharField(source="course.external_id", read_only=True, allow_null=True)
    n_trials = serializers.SerializerMethodField(help_text="runs with this search's id are its trials")

    class Meta:
        model = Search
        own_fields = ["algorithm", "kind", "course", "seed", "budget_seconds", "best_config", "verdict", "n_trials"]
        fields = ["id", *own_fields, *JOB_FIELDS]
        read_only_fields = fields

    def get_n_trials(self, search: Search) -> int:
        return int(getattr(search, "n_trials", 0))


class NewSearch(Body):
    algorithm = serializers.ChoiceField(choices=RECOMMENDERS)
    budget_seconds = serializers.FloatField(default=600.0, min_value=1.0, help_text="what the trials may take together")
    kind = serializers.ChoiceField(choices=RECOMMENDED_CHOICES, default=TargetKind.ANY, required=False)
    course = ExternalIdField(
        required=False, allow_null=True, default=None, help_text="external id: only its activities"
    )
    seed = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**31 - 1)


class SearchList(JobListView):
    """Searches for parameters, newest first."""

    access = OWNERS
    serializer_class = SearchSerializer
    queryset = SEARCHES

    @extend_schema(request=NewSearch, responses={202: SearchSerializer})
    def post(self, request: Request) -> Response:
        """Start a search. A worker does it; the answer's Location tells how far it is."""
        wanted = self.read_body(NewSearch)
        search = start_search(
            self.organisation,
            wanted["algorithm"],
            budget_seconds=wanted["budget_seconds"],
            kind=wanted["kind"],
            course=self.named_in_body(Activity.objects.courses(), "course", wanted["course"]),
            seed=wanted["seed"],
            requested_by=self.caller if isinstance(self.caller, Member) else None,
        )
        return rendered(SearchSerializer, search, 202, reverse("api_search", args=[search.pk]))


class SearchDetail(DetailView):
    """One search with its progress and the best parameters found."""

    access = READING
    serializer_class = SearchSerializer
    queryset = SEARCHES
    lookup_field = "pk"


class SearchCancellation(CancelView):
    """Stop a search. Its trials so far are kept."""

    access = WRITING
    serializer_class = SearchSerializer
    queryset = SEARCHES

    @extend_schema(request=None, responses={202: SearchSerializer})
    def post(self, request: Request, pk: int) -> Response:
        return super().post(request, pk)
