"""Predictions of all running enrolments on demand: start one, watch it, stop it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.public import Member, Role, Scope
from analytics.rest.jobs import JOB_FIELDS, CancelView, JobListView, JobSerializer
from analytics.rest.parameters import Body
from analytics.rest.permissions import Access
from analytics.rest.views import DetailView, rendered
from recommender.models import RiskRefresh
from recommender.serving.risks import start_refresh

ASKING = Access(Scope.CASES_WRITE, (Role.ADMINISTRATOR, Role.INSTRUCTOR))
REFRESHES = RiskRefresh.objects.select_related("requested_by__login", "organisation")


class RiskRefreshSerializer(JobSerializer):
    class Meta:
        model = RiskRefresh
        fields = ["id", "on", "n_enrolments", "n_known", *JOB_FIELDS]
        read_only_fields = fields


class RiskRefreshList(JobListView):
    """Calculations of everybody's risk, newest first: those that were asked for, and those of every week."""

    access = {"GET": ASKING, "POST": ASKING}
    serializer_class = RiskRefreshSerializer
    queryset = REFRESHES

    @extend_schema(request=None, responses={202: RiskRefreshSerializer})
    def post(self, request: Request) -> Response:
        """Calculate all risks anew; the answer is the calculation under way if there is one."""
        self.read_body(Body)
        by = self.caller if isinstance(self.caller, Member) else None
        refresh = start_refresh(self.organisation, requested_by=by)
        return rendered(RiskRefreshSerializer, refresh, 202, reverse("api_risk_refresh", args=[refresh.pk]))


class RiskRefreshDetail(DetailView):
    """One calculation and how far it is."""

    access = {"GET": ASKING}
    serializer_class = RiskRefreshSerializer
    queryset: QuerySet[Any] = REFRESHES
    lookup_field = "pk"


class RiskRefreshCancellation(CancelView):
    """Stop; the risks stay as they were."""

    access = {"POST": ASKING}
    serializer_class = RiskRefreshSerializer
    queryset = REFRESHES
