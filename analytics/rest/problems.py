"""Errors as problem details (RFC 9457), with `errors[]` pointing at the field, row or parameter."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import Error, InterfaceError, OperationalError, connection
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotAuthenticated, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

from analytics.errors import InvalidInput, NeuralinkError
from analytics.rest.parameters import InvalidParameters
from analytics.rest.parsers import too_large

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5


class FaultSerializer(serializers.Serializer[Any]):
    """One place in the request that is wrong: in the body (`pointer`, RFC 6901) or in the query (`parameter`)."""

    pointer = serializers.CharField(required=False)
    parameter = serializers.CharField(required=False)
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """Problem details (RFC 9457)."""

    type = serializers.CharField(help_text="always about:blank: `status` and `errors` say what is wrong")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField(help_text="the path that was asked for")
    errors: Any = FaultSerializer(many=True, required=False)


Fault = dict[str, str]
Told = tuple[int, str, list[Fault]]
Teller = Callable[[Any], Told]


def problem(status: int, detail: str, path: str, faults: list[Fault] | None = None) -> dict[str, Any]:
    """The body of the answer."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "instance": path}
    return body | ({"errors": faults} if faults else {})


def problem_response(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler: every exception of a view becomes a problem, the unforeseen ones without details."""
    status, detail, faults = tell(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s failed", context["request"].path, exc_info=error)
    set_rollback()
    # Views with renderers of their own (the schema's is YAML) tell their problems as all others do.
    context["request"].accepted_renderer, context["request"].accepted_media_type = JSONRenderer(), MEDIA_TYPE
    return Response(
        problem(status, detail, context["request"].path, faults),
        status=status,
        headers=_headers(error, status),
        content_type=MEDIA_TYPE,
    )


def tell(error: Exception) -> Told:
    """Status, sentence and faults of an exception."""
    for kinds, teller in TELLERS:
        if isinstance(error, kinds):
            return teller(error)
    if is_database_away(error):
        return _unavailable(error)
    return 500, _("Something went wrong on the server; its log says what."), []


def is_database_away(error: BaseException | None) -> bool:
    """Whether the database went, and not that something is wrong with what it was asked.

    What is raised depends on the moment in which it went, so anything counts after which the connection is broken.
    """
    if isinstance(error, OperationalError | InterfaceError):
        return True
    session = connection.connection
    return isinstance(error, Error) and (session is None or bool(session.closed))


def _validation(error: Any) -> Told:
    place = "parameter" if isinstance(error, InvalidParameters) else "pointer"
    faults = [
        {place: ".".join(path) if place == "parameter" else pointer_to(path), "detail": sentence}
        for path, sentence in _leaves(error.detail, ())
    ]
    if len(faults) == 1:
        return error.status_code, f"{faults[0][place]}: {faults[0]['detail']}".removeprefix(": "), faults
    return error.status_code, _("%d parts of the request are wrong; see errors.") % len(faults), faults


def _leaves(detail: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """The sentences in DRF's nested error detail, each with the path to its field."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _leaves(inner, path if name == "non_field_errors" else (*path, str(name)))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from _leaves(inner, path if isinstance(inner, str) else (*path, str(index)))
    else:
        yield path, str(detail)


def pointer_to(path: tuple[str, ...]) -> str:
    """JSON pointer (RFC 6901) to a place in the body; empty for the whole body."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path)


def _invalid_input(error: Any) -> Told:
    path = tuple(error.pointer.strip("/").replace(".", "/").split("/")) if error.pointer else ()
    return 400, str(error), [{"pointer": pointer_to(path), "detail": str(error)}]


def _not_found(error: Any) -> Told:
    said = error.args[0] if error.args and isinstance(error.args[0], str) else ""
    # Django's own 404 texts name models and queries; ours are sentences.
    is_sentence = said.endswith(".") and "matches the given query" not in said
    return 404, said if is_sentence else _("There is nothing at this address that you may see."), []


def _unavailable(error: Any) -> Told:
    logger.warning("The database is away: %s", error)
    return 503, _("The database cannot be reached at the moment. Try again in a few seconds."), []


TELLERS: list[tuple[Any, Teller]] = [
    (ValidationError, _validation),
    (
        NotAuthenticated,
        lambda error: (401, _("Say who you are: send “Authorization: Bearer <API key>”, or sign in."), []),
    ),
    (APIException, lambda error: (error.status_code, str(error.detail), [])),
    (InvalidInput, _invalid_input),
    (NeuralinkError, lambda error: (409, str(error), [])),
    (Http404, _not_found),
    (PermissionDenied, lambda error: (403, str(error) or _("You may not do this."), [])),
    (RequestDataTooBig, lambda error: (413, too_large(), [])),
    (SuspiciousOperation, lambda error: (400, str(error) or _("The request is malformed."), [])),
]


def _headers(error: Exception, status: int) -> dict[str, str]:
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(error.auth_header)  # type: ignore[attr-defined]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_SECONDS)
    return headers
