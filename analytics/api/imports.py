"""Imports: send a file, watch it, read what became of every row."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.imports.formats import FORMATS
from analytics.imports.rollback import request_roll_back
from analytics.imports.start import import_file, import_upload
from analytics.models import Import, Member, Role, RollBack, RowVerdict, Scope, Upload, Verdict
from analytics.rest.jobs import JOB_FIELDS, CancelView, JobListView, JobSerializer
from analytics.rest.parameters import Body, PageParameters
from analytics.rest.parsers import StrictJSONParser, check_upload_length
from analytics.rest.permissions import Access
from analytics.rest.views import ApiView, DetailView, ListView, rendered

READING = Access(Scope.IMPORTS_WRITE, (Role.ADMINISTRATOR, Role.MODEL_OWNER))
WRITING = Access(Scope.IMPORTS_WRITE, (Role.ADMINISTRATOR,))
IMPORTS = Import.objects.select_related("requested_by__login").prefetch_related("roll_backs__requested_by__login")


class LedgerSerializer(serializers.ModelSerializer[Import]):
    """Rows: read = accepted + merged + rejected; repaired ones are accepted too."""

    read = serializers.IntegerField(source="n_read")
    accepted = serializers.IntegerField(source="n_accepted")
    merged = serializers.IntegerField(source="n_merged")
    repaired = serializers.IntegerField(source="n_repaired")
    rejected = serializers.IntegerField(source="n_rejected")
    by_code = serializers.DictField(source="counts_by_code", child=serializers.IntegerField())
    by_step = serializers.DictField(
        source="counts_by_step", child=serializers.IntegerField(), help_text="step of cleaning@version -> rows touched"
    )

    class Meta:
        model = Import
        fields = ["read", "accepted", "merged", "repaired", "rejected", "by_code", "by_step"]
        read_only_fields = fields


class RollBackSerializer(JobSerializer):
    """What went, once the state is succeeded."""

    class Meta:
        model = RollBack
        fields = ["n_events", "n_enrolments", "n_learners", "n_activities", *JOB_FIELDS]
        read_only_fields = fields


class ImportSerializer(JobSerializer):
    roll_back = RollBackSerializer(read_only=True, allow_null=True)
    ledger = LedgerSerializer(source="*", read_only=True)

    class Meta:
        model = Import
        fields = [
            "id",
            "format",
            "source_name",
            "options",
            "fingerprint",
            "is_dry_run",
            "upload",
            "mends",
            "ledger",
            "roll_back",
            "rolled_back_at",
            *JOB_FIELDS,
        ]
        read_only_fields = fields


class RowVerdictSerializer(serializers.ModelSerializer[RowVerdict]):
    class Meta:
        model = RowVerdict
        fields = ["id", "file_name", "row_number", "verdict", "code", "sentence", "content"]
        read_only_fields = fields


class NewImport(Body):
    file = serializers.FileField(required=False, help_text="the whole file; or name an upload")
    upload = serializers.IntegerField(required=False, help_text="id of a complete upload")
    format = serializers.ChoiceField(choices=list(FORMATS))
    options = serializers.JSONField(
        required=False, default=dict, help_text="JSON object: column mapping and the format's own options"
    )
    is_dry_run = serializers.BooleanField(required=False, default=False, help_text="everything but keeping the rows")
    mends = serializers.IntegerField(
        required=False, help_text="id of the import whose rejected rows come again; found out by their extra column"
    )

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if ("file" in values) == ("upload" in values):
            raise serializers.ValidationError({"file": [_("Send either a file or the id of an upload.")]})
        return values

    def validate_options(self, value: Any) -> dict[str, Any]:
        try:
            options = json.loads(value) if isinstance(value, str) else value  # a text is how a form sends it
        except ValueError:
            options = None
        if not isinstance(options, dict):
            raise serializers.ValidationError(_("The options must be a JSON object."))
        return options


class ImportList(JobListView):
    """Imports, newest first."""

    access = {"GET": READING, "POST": WRITING}
    parser_classes = [MultiPartParser, StrictJSONParser]
    serializer_class = ImportSerializer
    queryset = IMPORTS

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        check_upload_length(request._request)
        super().initial(request, *args, **kwargs)

    @extend_schema(
        request={"multipart/form-data": NewImport, "application/json": NewImport}, responses={202: ImportSerializer}
    )
    def post(self, request: Request) -> Response:
        """Send a file, or name one that was uploaded. A worker imports it; Location tells how far it is."""
        wanted = self.read_body(NewImport)
        choices = {
            "options": wanted["options"],
            "requested_by": self.caller if isinstance(self.caller, Member) else None,
            "is_dry_run": wanted["is_dry_run"],
            "mends": self.found(self.get_queryset(), pk=wanted["mends"]) if "mends" in wanted else None,
        }
        if "file" in wanted:
            import_ = import_file(self.caller, wanted["file"], wanted["format"], **choices)
        else:
            upload = self.found(Upload.objects.of(self.caller), pk=wanted["upload"])
            import_ = import_upload(upload, wanted["format"], **choices)
        return rendered(ImportSerializer, import_, 202, reverse("api_import", args=[import_.pk]))


class ImportDetail(DetailView):
    """One import with its progress and ledger."""

    access = {"GET": READING}
    serializer_class = ImportSerializer
    queryset = IMPORTS
    lookup_field = "pk"


class ImportCancellation(CancelView):
    """Stop an import. Rows that were committed already stay."""

    access = {"POST": WRITING}
    serializer_class = ImportSerializer
    queryset = IMPORTS

    @extend_schema(request=None, responses={202: ImportSerializer})
    def post(self, request: Request, pk: int) -> Response:
        return super().post(request, pk)


class ImportRollBack(ApiView):
    """Take a finished import out again: its events, and the enrolments, learners and activities that only it told of.

    A worker does it, whole or not at all; `roll_back` in the answer tells how far it is.
    """

    access = {"POST": WRITING}
    serializer_class = ImportSerializer
    queryset = IMPORTS

    @extend_schema(request=None, responses={202: ImportSerializer})
    def post(self, request: Request, pk: int) -> Response:
        import_ = self.found(self.get_queryset(), pk=pk)
        request_roll_back(import_, self.caller if isinstance(self.caller, Member) else None)
        return rendered(ImportSerializer, self.found(self.get_queryset(), pk=pk), 202)


class VerdictParameters(PageParameters):
    verdict = serializers.ChoiceField(choices=Verdict.choices, required=False)
    code = serializers.CharField(required=False, help_text="one of the ledger's by_code")


class VerdictList(ListView):
    """Rows of an import that were not simply accepted, each with the reason."""

    access = {"GET": READING}
    is_raw = True
    parameters = VerdictParameters
    serializer_class = RowVerdictSerializer
    queryset = RowVerdict.objects.all()
    ordering = ("id",)

    def get_queryset(self) -> QuerySet[Any]:
        exact = {name: self.query[name] for name in ("verdict", "code") if name in self.query}
        return super().get_queryset().filter(from_import=self.kwargs["pk"], **exact)

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.found(Import.objects.filter(organisation=self.organisation), pk=kwargs["pk"])
        return super().get(request, *args, **kwargs)
