"""Uploads: a file of any size in pieces, resumable after whatever broke off; then a look at it.

Modelled on tus 1.0 (https://tus.io/protocols/resumable-upload): POST announces the file, PATCH appends at
Upload-Offset, HEAD tells the offset, DELETE forgets it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api.imports import WRITING
from analytics.errors import InvalidInput
from analytics.imports.look import look_at
from analytics.imports.mapping import choice_for
from analytics.imports.uploads import append, begin_upload, delete_upload, expires_at
from analytics.models import Upload
from analytics.rest.parameters import Body, Parameters
from analytics.rest.parsers import ChunkParser
from analytics.rest.views import ApiView, DetailView, ListView

OFFSET = OpenApiParameter(
    "Upload-Offset", int, OpenApiParameter.HEADER, required=True, description="byte of the file at which it begins"
)
CHECKSUM = OpenApiParameter(
    "Upload-Checksum",
    str,
    OpenApiParameter.HEADER,
    description="`sha256` and the base64 of the piece's SHA-256; a piece that does not match is refused",
)


class UploadSerializer(serializers.ModelSerializer[Upload]):
    chunk_bytes = serializers.SerializerMethodField(help_text="most bytes of one piece")
    expires_at = serializers.SerializerMethodField(help_text="when it is deleted if nobody touches it")

    class Meta:
        model = Upload
        fields = [
            "id",
            "file_name",
            "n_bytes",
            "n_received",
            "is_complete",
            "sha256",
            "resume_key",
            "chunk_bytes",
            "created_at",
            "expires_at",
        ]
        read_only_fields = fields

    def get_chunk_bytes(self, upload: Upload) -> int:
        return settings.NEURALINK_UPLOAD_CHUNK_BYTES

    def get_expires_at(self, upload: Upload) -> datetime:
        return expires_at(upload)


class NewUpload(Body):
    file_name = serializers.CharField(max_length=500)
    n_bytes = serializers.IntegerField(min_value=1, help_text="size of the whole file")
    sha256 = serializers.CharField(required=False, default="", help_text="of the whole file; it is compared at the end")
    resume_key = serializers.CharField(
        required=False,
        default="",
        max_length=200,
        help_text="your name for the file: announcing it again with the same key and size goes on with the upload",
    )


class UploadList(ListView):
    """Your uploads, newest first."""

    access = {"GET": WRITING, "POST": WRITING}
    serializer_class = UploadSerializer
    queryset = Upload.objects.all()

    def get_queryset(self) -> QuerySet[Any]:
        return Upload.objects.of(self.caller)

    @extend_schema(request=NewUpload, responses={200: UploadSerializer, 201: UploadSerializer})
    def post(self, request: Request) -> Response:
        """Announce a file; then send its bytes with PATCH. With the same resume_key as before it goes on (200)."""
        wanted = self.read_body(NewUpload)
        upload, is_new = begin_upload(self.caller, wanted.pop("file_name"), wanted.pop("n_bytes"), **wanted)
        location = reverse("api_upload", args=[upload.pk])
        return answer(upload, 201 if is_new else 200, Location=location)


class UploadDetail(DetailView):
    """One upload: how much of it has come. HEAD tells it in Upload-Offset and Upload-Length."""

    http_method_names = ["get", "head", "patch", "delete"]
    access = {"GET": WRITING, "PATCH": WRITING, "DELETE": WRITING}
    serializer_class = UploadSerializer
    queryset = Upload.objects.all()
    lookup_field = "pk"

    def get_queryset(self) -> QuerySet[Any]:
        return Upload.objects.of(self.caller)

    def get_parsers(self) -> list[Any]:
        return [ChunkParser()] if self.request and self.request.method == "PATCH" else super().get_parsers()

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return answer(self.get_object())

    @extend_schema(
        parameters=[OFFSET, CHECKSUM],
        request={ChunkParser.media_type: bytes},
        responses=UploadSerializer,
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Send the piece that begins at Upload-Offset. If the upload ends elsewhere (409), ask HEAD and go on there."""
        upload = self.get_object()
        chunk = cast("bytes", request.data)
        return answer(append(upload, offset_of(request), chunk, checksum_of(request)))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete an upload and its file. One that is being imported stays (409)."""
        delete_upload(self.get_object())
        return Response(status=204)


def answer(upload: Upload, status: int = 200, **headers: str) -> Response:
    told = {"Upload-Offset": str(upload.n_received), "Upload-Length": str(upload.n_bytes), "Cache-Control": "no-store"}
    return Response(UploadSerializer(upload).data, status=status, headers=told | headers)


def offset_of(request: Request) -> int:
    told = request.headers.get("Upload-Offset", "")
    if not (told.isascii() and told.isdigit() and len(told) < 19):
        raise InvalidInput(_("The header Upload-Offset must say at which byte the piece begins, not %r.") % told[:30])
    return int(told)


def checksum_of(request: Request) -> str:
    """The announced SHA-256 of the piece in hexadecimal, or "" if there is none."""
    told = request.headers.get("Upload-Checksum", "")
    if not told:
        return ""
    name, _space, value = told.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if name != "sha256" or len(digest) != 32:
        raise InvalidInput(_("The header Upload-Checksum must be “sha256 <base64>”, not %r.") % told[:80])
    return digest.hex()


class LookParameters(Parameters):
    encoding = serializers.CharField(required=False, help_text="found out if not given")
    delimiter = serializers.CharField(required=False, trim_whitespace=False, help_text="found out if not given")
    sheet = serializers.CharField(required=False, help_text="of a workbook; the first with a header if not given")
    format = serializers.CharField(required=False, help_text="map the columns for this format")


class ColumnSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.CharField(help_text="empty, integer, decimal, instant or text")
    samples = serializers.ListField(child=serializers.CharField())
    ambiguous_dates = serializers.BooleanField(help_text="03/04/2025: the import needs the option date_order")


class PartSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    n_bytes = serializers.IntegerField(help_text="unpacked")


class ChoiceSerializer(serializers.Serializer[Any]):
    format = serializers.CharField()
    options = serializers.DictField(help_text="ready to be sent with the import")
    is_remembered = serializers.BooleanField(help_text="taken from the last import of a file with these columns")


class LookSerializer(serializers.Serializer[Any]):
    """What was found out about a file, its first rows, and how it could be imported."""

    compression = serializers.CharField()
    kind = serializers.CharField()
    encoding = serializers.CharField()
    encoding_share = serializers.FloatField(help_text="how sure the encoding is, 0 to 1")
    delimiter = serializers.CharField()
    sheet = serializers.CharField()
    sheets = serializers.ListField(child=serializers.CharField())
    columns: Any = ColumnSerializer(many=True)
    rows = serializers.ListField(child=serializers.ListField(child=serializers.CharField(allow_null=True)))
    n_broken = serializers.IntegerField(help_text="rows in the beginning that fit no columns")
    parts: Any = PartSerializer(many=True, help_text="the files that will be read of an archive of several")
    format = serializers.CharField(help_text="the format that fits best by the columns' own names")
    suggestion = ChoiceSerializer()


class UploadLook(ApiView):
    """A look at a complete upload before it is imported."""

    is_raw = True
    access = {"GET": WRITING}
    parameters = LookParameters
    queryset = Upload.objects.all()

    def get_queryset(self) -> QuerySet[Any]:
        return Upload.objects.of(self.caller).complete()

    @extend_schema(responses=LookSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Encoding, delimiter, columns with their kinds, first rows, and a suggestion that an import can take as it is.

        What is given as a parameter is taken instead of what was found out.
        """
        upload = self.found(self.get_queryset(), pk=pk)
        asked = dict(self.query)
        format_name = asked.pop("format", "")
        look = look_at(Path(upload.path), **asked)
        suggestion = asdict(choice_for(self.organisation, look, format_name))
        told = asdict(look) | {"columns": look.columns, "suggestion": suggestion}
        return Response(LookSerializer(told).data)
