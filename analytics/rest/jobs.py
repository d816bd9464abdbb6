"""What the API tells of every job, and how one is stopped."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.errors import NeuralinkError
from analytics.models import Job, JobState
from analytics.rest.parameters import PageParameters
from analytics.rest.views import ApiView, ListView

JOB_FIELDS = [
    "state",
    "requested_by",
    "created_at",
    "started_at",
    "finished_at",
    "attempt",
    "progress_share",
    "progress_text",
    "error",
]


class JobSerializer(serializers.ModelSerializer[Any]):
    """State and progress of a job; subclasses name the model and add JOB_FIELDS to their own."""

    requested_by = serializers.CharField(
        source="requested_by.login.username", read_only=True, allow_null=True, help_text="null for keys and schedules"
    )


class JobParameters(PageParameters):
    state = serializers.ChoiceField(choices=JobState.choices, required=False)


class JobListView(ListView):
    """GET: jobs, newest first, of one state or of all."""

    parameters = JobParameters

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        return rows.filter(state=self.query["state"]) if "state" in self.query else rows


class CancelView(ApiView):
    """POST: ask a job to stop. A queued one ends at once, a running one at its next step."""

    def post(self, request: Request, pk: int) -> Response:
        job: Job = self.found(self.get_queryset(), pk=pk)
        if not job.request_cancel():
            raise NeuralinkError(
                _("%(job)s has ended already (%(state)s); there is nothing to cancel.")
                % {"job": job, "state": job.get_state_display()}
            )
        return Response(self.get_serializer(job).data, status=202)
