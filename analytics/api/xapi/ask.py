"""A request as the specification sees it, whether it came plainly or in the alternate syntax of 1.0.3."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO, cast
from urllib.parse import parse_qsl

from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.lrs.errors import InvalidParameter, TooLarge, Unauthorized
from analytics.models import Credential, XapiVersion
from analytics.xapi.errors import InvalidValue, shown

VERSION_HEADER = "X-Experience-API-Version"
FORM = "application/x-www-form-urlencoded"
FORM_HEADERS = ("Authorization", VERSION_HEADER, "Content-Type", "Content-Length", "If-Match", "If-None-Match")
FORM_BYTES = 10 * 2**20
PREFIXES = {XapiVersion.TWO: "2.0", XapiVersion.ONE: "1.0"}


@dataclass(frozen=True)
class Ask:
    """Who asks for what."""

    method: str
    """GET, PUT, POST or DELETE; HEAD is GET."""
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    """Names have no case, whether they came as headers or in a form."""
    stream: BinaryIO
    """The content, unread."""
    credential: Credential
    request: HttpRequest

    @property
    def version(self) -> XapiVersion:
        return XapiVersion(self.credential.version)

    @property
    def content_type(self) -> str:
        """1.0.3 Communication 1.5.1: content of no type is just bytes."""
        return self.headers.get("Content-Type") or "application/octet-stream"

    def read(self, most_bytes: int) -> bytes:
        """The whole content.

        Raises:
            TooLarge: it is longer than `most_bytes`; no more than that was read.
        """
        return _limited(self.stream, self.headers.get("Content-Length"), most_bytes)


class Headers(dict[str, str]):
    """Names without case."""

    def __init__(self, given: Mapping[str, str]) -> None:
        super().__init__({name.lower(): value for name, value in given.items()})

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        return super().get(name.lower(), default)


def read_ask(request: HttpRequest) -> Ask:
    """Who asks for what, with the version checked.

    Raises:
        Unauthorized: no credential, or none that is valid.
        InvalidValue: the version header or the alternate syntax is not right.
    """
    method, headers = str(request.method), Headers(request.headers)
    parameters, stream = single(request.GET), stream_of(request)
    is_alternate = method == "POST" and "method" in parameters and _is_form(headers)
    if is_alternate:
        method, headers, parameters, stream = _from_form(headers, parameters, stream)
    credential = authenticated(headers.get("Authorization"))
    request.credential = credential  # type: ignore[attr-defined]
    if is_alternate and credential.version == XapiVersion.TWO:
        raise InvalidValue(_("2.0.0 has no alternate request syntax: send the method itself, not as a parameter."))
    _check_version(headers.get(VERSION_HEADER), XapiVersion(credential.version))
    return Ask("GET" if method == "HEAD" else method, parameters, headers, stream, credential, request)


def single(query: QueryDict) -> dict[str, str]:
    """Each parameter once.

    Raises:
        InvalidParameter: one came twice; which was meant?
    """
    for name, values in query.lists():
        if len(values) > 1:
            raise InvalidParameter(name, _("The parameter %s was given more than once.") % shown(name))
    return {name: str(value) for name, value in query.items()}


def stream_of(request: HttpRequest) -> BinaryIO:
    """The body, unread. Django takes a body without Content-Length for empty; servers that end chunked ones say so."""
    if request.META.get("HTTP_TRANSFER_ENCODING") and request.META.get("wsgi.input_terminated"):
        return cast("BinaryIO", request.META["wsgi.input"])
    return cast("BinaryIO", request)


def authenticated(header: str | None) -> Credential:
    """The credential of `Authorization: Basic base64(key:secret)`.

    Raises:
        Unauthorized: there is no such header, or no such valid credential.
    """
    scheme, _space, coded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        raise Unauthorized(_("Send an xAPI credential: Authorization: Basic base64(key:secret)."))
    try:
        key, colon, secret = base64.b64decode(coded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Unauthorized(_("The Authorization header is not base64 of key:secret.")) from None
    found = Credential.objects.of_pair(key, secret) if colon and "\0" not in key else None
    if found is None:
        raise Unauthorized(_("The xAPI credential is unknown, expired or revoked. Ask a data administrator for one."))
    now = timezone.now()
    # Once an hour is precise enough to find unused credentials, and spares a write per request.
    if found.last_used_at is None or found.last_used_at < now - timedelta(hours=1):
        Credential.objects.filter(pk=found.pk).update(last_used_at=now)
    return found


def _check_version(received: str | None, version: XapiVersion) -> None:
    """2.0.0 section 4.1.5, 1.0.3 Communication 3.3: `2.0` or `2.0.x` for the one, `1.0` or `1.0.x` for the other."""
    prefix = PREFIXES[version]
    if received is None:
        raise InvalidValue(_("The header X-Experience-API-Version is missing; send %s.") % version.value)
    patch = received.removeprefix(prefix)
    if not received.startswith(prefix) or (patch and not (patch[0] == "." and patch[1:].isdigit())):
        raise InvalidValue(
            _("The header X-Experience-API-Version must be %(prefix)s or %(prefix)s.x here, not %(got)s.")
            % {"prefix": prefix, "got": shown(received)}
        )


def _is_form(headers: Headers) -> bool:
    return (headers.get("Content-Type") or "").partition(";")[0].strip().lower() == FORM


def _from_form(
    headers: Headers, parameters: dict[str, str], stream: BinaryIO
) -> tuple[str, Headers, dict[str, str], BinaryIO]:
    """1.0.3 Communication 1.3: the form's fields are parameters, some headers, and the content.

    Raises:
        InvalidValue: the query holds more than the method, or the form is none.
    """
    method = parameters.pop("method").upper()
    if parameters:
        raise InvalidValue(_("In the alternate request syntax the query holds the method only, the form all else."))
    if method not in {"GET", "PUT", "POST", "DELETE", "HEAD"}:
        raise InvalidValue(_("The parameter method must be GET, HEAD, PUT, POST or DELETE, not %s.") % shown(method))
    form = _form(_limited(stream, headers.get("Content-Length"), FORM_BYTES))
    asked = Headers(headers | {"content-type": "application/json"})
    for name in FORM_HEADERS:
        value = form.pop(name, None)
        if value is not None:
            asked[name.lower()] = value
    content = form.pop("content", None)
    if content is None and method in {"PUT", "POST"}:
        raise InvalidValue(_("The form has no field content, which would hold what to store."))
    body = (content or "").encode()
    asked["content-length"] = str(len(body))
    return method, asked, form, io.BytesIO(body)


def _form(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), errors="strict")
    except ValueError:
        raise InvalidValue(_("The form is not URL-encoded text.")) from None
    form = dict(fields)
    if len(form) < len(fields):
        raise InvalidValue(_("The form holds a field more than once."))
    return form


def _limited(stream: BinaryIO, announced: str | None, most_bytes: int) -> bytes:
    sentence = _("The body is longer than %d bytes.") % most_bytes
    if announced and announced.isdigit() and int(announced) > most_bytes:
        raise TooLarge(sentence)
    body = stream.read(most_bytes + 1)
    if len(body) > most_bytes:
        raise TooLarge(sentence)
    return body
