"""The base of all addresses below /xapi/: credential, version, scope, parameters, errors, HEAD, CORS."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from analytics.api.xapi.ask import VERSION_HEADER, Ask, read_ask
from analytics.lrs.errors import Forbidden, InvalidParameter, Refused, Unauthorized
from analytics.models import XapiScope, XapiVersion
from analytics.rest.problems import MEDIA_TYPE, RETRY_SECONDS, Told, problem, tell
from analytics.xapi.errors import InvalidValue, shown

logger = logging.getLogger(__name__)
METHODS = ("GET", "PUT", "POST", "DELETE")
ALLOWED_HEADERS = f"Authorization, Content-Type, If-Match, If-None-Match, Accept-Language, {VERSION_HEADER}"
EXPOSED_HEADERS = f"ETag, Last-Modified, {VERSION_HEADER}, X-Experience-API-Consistent-Through"


@method_decorator(csrf_exempt, name="dispatch")
class Endpoint(View):
    """One address. Subclasses have `ask_get`, `ask_put`, `ask_post`, `ask_delete`, each from Ask to answer.

    Credentials come in a header and never in a cookie, so no CSRF token is wanted.
    """

    parameters: ClassVar[Mapping[str, Collection[str]]]
    """Method -> the names it takes: any other name, or case, is 400 (1.0.3 Communication 3.2, 2.0.0 section 4.1.6)."""
    scopes: ClassVar[Mapping[str, Collection[XapiScope]]]
    """Method -> the scopes of which the credential has one."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            answer = self._answer(request)
        except Exception as error:  # noqa: BLE001  (the boundary: whatever happened is told in JSON)
            answer = refusal(request, error)
        answer.headers.setdefault(VERSION_HEADER, version_of(request))
        add_cors(answer)
        return without_content(answer) if request.method == "HEAD" else answer

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if request.method == "OPTIONS":
            return HttpResponse(status=204)
        ask = read_ask(request)
        handler = getattr(self, f"ask_{ask.method.lower()}", None)
        if handler is None:
            return not_allowed(request, [method for method in METHODS if hasattr(self, f"ask_{method.lower()}")])
        check_scope(ask, self.scopes.get(ask.method, ()))
        check_parameters(ask, self.parameters.get(ask.method, ()))
        answer: HttpResponseBase = handler(ask)
        return answer


def check_scope(ask: Ask, scopes: Collection[XapiScope]) -> None:
    if not ask.credential.admits(*scopes):
        names = _(" or ").join([scope.value for scope in scopes] + [XapiScope.ALL.value])
        raise Forbidden(_("This credential lacks the scope %s.") % names)


def check_parameters(ask: Ask, known: Collection[str]) -> None:
    for name in ask.parameters:
        if name not in known:
            raise InvalidParameter(
                name,
                _("There is no parameter %(name)s here; mind the case. Known: %(known)s.")
                % {"name": shown(name), "known": ", ".join(known) or _("none")},
            )


def version_of(request: HttpRequest) -> str:
    """Every answer has the version, also to whom it is not known (2.0.0 section 4.1.5, 1.0.3 Communication 3.3)."""
    credential = getattr(request, "credential", None)
    if credential is not None:
        return str(credential.version)
    is_one = request.headers.get(VERSION_HEADER, "").startswith("1.0")
    return XapiVersion.ONE.value if is_one else XapiVersion.TWO.value


def refusal(request: HttpRequest, error: Exception) -> HttpResponse:
    """The problem that an exception is."""
    status, detail, faults = told(error)
    headers = {}
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = 'Basic realm="xAPI", charset="UTF-8"'
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s failed", request.path, exc_info=error)
    body = problem(status, detail, request.path, faults)
    return JsonResponse(body, status=status, content_type=MEDIA_TYPE, headers=headers)


def told(error: Exception) -> Told:
    """Status, sentence and faults; where the fault lies in the body, its JSON path is in the sentence too."""
    if isinstance(error, InvalidParameter):
        return 400, str(error), [{"parameter": error.name, "detail": str(error)}]
    if isinstance(error, InvalidValue):
        if not error.path:
            return 400, error.sentence, []
        return 400, str(error), [{"pointer": error.pointer, "detail": error.sentence}]
    return (error.status, str(error), []) if isinstance(error, Refused) else tell(error)


def not_allowed(request: HttpRequest, methods: list[str]) -> HttpResponse:
    allowed = ", ".join([*methods, "HEAD", "OPTIONS"])
    body = problem(405, _("This address answers to %s only.") % allowed, request.path)
    return JsonResponse(body, status=405, content_type=MEDIA_TYPE, headers={"Allow": allowed})


def add_cors(answer: HttpResponseBase) -> None:
    """Pages of courses speak to the store from their own site (2.0.0 section 4.1.2)."""
    answer["Access-Control-Allow-Origin"] = settings.NEURALINK_XAPI_ORIGINS
    answer["Access-Control-Allow-Methods"] = ", ".join([*METHODS, "HEAD", "OPTIONS"])
    answer["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
    answer["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    answer["Access-Control-Max-Age"] = "86400"


def without_content(answer: HttpResponseBase) -> HttpResponseBase:
    """HEAD: the headers of GET and no content, which servers would send if it were there."""
    if isinstance(answer, HttpResponse):
        answer["Content-Length"] = str(len(answer.content))
        answer.content = b""
        return answer
    answer.close()
    return HttpResponse(status=answer.status_code, headers=dict(answer.items()))


@csrf_exempt
def unknown_address(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Whatever else is asked for below /xapi/; it also keeps Django from redirecting to a slash at the end."""
    body = problem(404, _("There is no such address in xAPI; statements are at /xapi/statements."), request.path)
    answer = JsonResponse(body, status=404, content_type=MEDIA_TYPE)
    answer[VERSION_HEADER] = version_of(request)
    return answer
