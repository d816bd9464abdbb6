"""Bodies of requests, read with limits: Django's own limit on bodies does not hold for what DRF parses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser, JSONParser


class BodyTooLarge(APIException):
    status_code = 413
    default_code = "too_large"


def too_large() -> str:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return _("The body is longer than %d bytes. Send it in several requests.") % limit


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
            raise BodyTooLarge(too_large())
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


def check_upload_length(request: HttpRequest) -> None:
    """Refuse an upload by its announced length, before anything of it is read.

    Not the work of a parser: the check of a session's CSRF token reads the form before any parser is asked.

    Raises:
        BodyTooLarge: it is longer than NEURALINK_UPLOAD_BYTES.
    """
    length, limit = int(request.META.get("CONTENT_LENGTH") or 0), settings.NEURALINK_UPLOAD_BYTES
    if length > limit:
        sentence = _("The upload has %(length)d bytes; at most %(limit)d are taken. Split the file.")
        raise BodyTooLarge(sentence % {"length": length, "limit": limit})


class ChunkParser(BaseParser):
    """Bytes of a file as they are, at most NEURALINK_UPLOAD_CHUNK_BYTES of them."""

    media_type = "application/offset+octet-stream"

    def parse(  # type: ignore[override]  # the stubs know forms and JSON only
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> bytes:
        limit = settings.NEURALINK_UPLOAD_CHUNK_BYTES
        chunk: bytes = stream.read(limit + 1)
        if len(chunk) > limit:
            raise BodyTooLarge(_("A piece of an upload has at most %d bytes. Send it in several.") % limit)
        return chunk
