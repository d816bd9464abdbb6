"""Bodies of requests, read with limits: Django's own limit on bodies does not hold for what DRF parses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import DataAndFiles, JSONParser, MultiPartParser


class BodyTooLarge(APIException):
    status_code = 413
    default_code = "too_large"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


class StrictJSONParser(JSONParser):
    """JSON as RFC 8259 has it (UTF-8, no NaN), not longer than NEURALINK_BODY_BYTES."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge(_("The body is longer than %d bytes. Send it in several requests.") % limit)
        try:
            parsed = json.loads(body.decode(), parse_constant=_refuse_constant)
            if b"\\ud" in body.lower():
                # Half a surrogate pair passes as JSON, but is no text that could be stored or sent back.
                json.dumps(parsed, ensure_ascii=False).encode()
        except RecursionError:
            raise ParseError(_("The body is nested too deeply.")) from None
        except ValueError as error:
            raise ParseError(_("The body is not valid JSON: %s.") % str(error).rstrip(".")) from None
        return parsed


class UploadParser(MultiPartParser):
    """Forms with files, not longer than NEURALINK_UPLOAD_BYTES altogether."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> DataAndFiles:  # type: ignore[override,type-arg]
        length = int((parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0)
        if length > settings.NEURALINK_UPLOAD_BYTES:
            raise BodyTooLarge(
                _("The upload has %(length)d bytes; at most %(limit)d are taken. Split the file.")
                % {"length": length, "limit": settings.NEURALINK_UPLOAD_BYTES}
            )
        return super().parse(stream, media_type, parser_context)
