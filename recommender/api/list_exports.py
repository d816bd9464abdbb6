"""Lists of many learners: in one answer, or of all of them in a file."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import FileResponse, Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.public import Learner, Member, Role, Scope
from analytics.rest.jobs import JOB_FIELDS, CancelView, JobListView, JobSerializer
from analytics.rest.parameters import Body, ExternalIdField
from analytics.rest.permissions import Access, visible
from analytics.rest.views import ApiView, DetailView, rendered
from recommender.api.recommendations import EXPLAIN_HELP, AnswerSerializer
from recommender.api.told import told
from recommender.models import RECOMMENDED_CHOICES, ListExport, ListFormat, TargetKind
from recommender.serving.batch import recommend_to_each
from recommender.serving.list_export import path_of, start_export

EVERYBODYS = Access(Scope.RECOMMENDATIONS_READ, (Role.ADMINISTRATOR, Role.MODEL_OWNER))
EXPORTS = ListExport.objects.select_related("requested_by__login", "organisation")


class BatchBody(Body):
    learners = serializers.ListField(
        child=ExternalIdField(), min_length=1, help_text="external ids; at most NEURALINK_BATCH_LEARNERS"
    )
    limit = serializers.IntegerField(min_value=1, max_value=100, default=10, required=False)
    kind = serializers.ChoiceField(choices=RECOMMENDED_CHOICES, default=TargetKind.ANY, required=False)
    explain = serializers.BooleanField(default=True, required=False, help_text=EXPLAIN_HELP)


class BatchSerializer(serializers.Serializer[Any]):
    answers = AnswerSerializer(many=True, help_text="in the order of the learners")


class BatchRecommendations(ApiView):
    """The next steps of several learners, each with its token; learners whom the caller does not see are an error."""

    access = {"POST": EVERYBODYS}
    serializer_class = BatchSerializer

    @extend_schema(tags=["recommendations"], request=BatchBody, responses={200: BatchSerializer})
    def post(self, request: Request) -> Response:
        wanted = self.read_body(BatchBody)
        learners = self._learners(list(dict.fromkeys(wanted.pop("learners"))))
        answers = recommend_to_each(self.organisation, learners, channel="api", **wanted)
        return Response({"answers": [told(answer) for answer in answers]})

    def _learners(self, external_ids: list[str]) -> list[Learner]:
        most = settings.NEURALINK_BATCH_LEARNERS
        if len(external_ids) > most:
            raise ValidationError({"learners": [_("At most %d learners in one request.") % most]})
        rows = visible(Learner.objects.filter(external_id__in=external_ids), self.caller)
        found = {learner.external_id: learner for learner in rows}
        missing = [external_id for external_id in external_ids if external_id not in found]
        if missing:
            sentence = _("%(n)d of them are not learners here that you may see, the first is %(first)r.")
            raise ValidationError({"learners": [sentence % {"n": len(missing), "first": missing[0]}]})
        return [found[external_id] for external_id in external_ids]


class ListExportSerializer(JobSerializer):
    file = serializers.SerializerMethodField(help_text="address of the file; null until it is whole, and when removed")

    class Meta:
        model = ListExport
        own_fields = ["kind", "format", "n_each", "is_nightly", "file", "n_learners", "n_rows", "n_bytes"]
        fields = ["id", *own_fields, *JOB_FIELDS]
        read_only_fields = fields

    def get_file(self, export: ListExport) -> str | None:
        return reverse("api_list_export_file", args=[export.pk]) if export.file else None


class NewListExport(Body):
    kind = serializers.ChoiceField(choices=RECOMMENDED_CHOICES, default=TargetKind.ANY, required=False)
    format = serializers.ChoiceField(choices=ListFormat.choices, default=ListFormat.CSV, required=False)
    n_each = serializers.IntegerField(min_value=1, max_value=100, default=10, required=False)


class ListExportList(JobListView):
    """Files with the lists of all learners, newest first."""

    access = {"GET": EVERYBODYS, "POST": EVERYBODYS}
    serializer_class = ListExportSerializer
    queryset = EXPORTS

    @extend_schema(request=NewListExport, responses={202: ListExportSerializer})
    def post(self, request: Request) -> Response:
        """Write such a file. A worker does it; the answer's Location tells how far it is."""
        wanted = self.read_body(NewListExport)
        by = self.caller if isinstance(self.caller, Member) else None
        wanted["file_format"] = wanted.pop("format")
        export = start_export(self.organisation, requested_by=by, **wanted)
        return rendered(ListExportSerializer, export, 202, reverse("api_list_export", args=[export.pk]))


class ListExportDetail(DetailView):
    """One file and how far it is."""

    access = {"GET": EVERYBODYS}
    serializer_class = ListExportSerializer
    queryset: QuerySet[Any] = EXPORTS
    lookup_field = "pk"


class ListExportCancellation(CancelView):
    """Stop writing; nothing is left of the file."""

    access = {"POST": EVERYBODYS}
    serializer_class = ListExportSerializer
    queryset = EXPORTS


class ListExportFile(ApiView):
    """The file itself: a row for each learner and rank, as CSV with a heading or as Parquet."""

    access = {"GET": EVERYBODYS}
    queryset = EXPORTS

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int) -> FileResponse:
        export: ListExport = self.found(self.get_queryset(), pk=pk)
        path = path_of(export)
        if not export.file or not path.is_file():
            raise Http404(_("The file is not whole yet, or was removed."))
        return FileResponse(path.open("rb"), as_attachment=True, filename=path.name)
