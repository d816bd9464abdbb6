"""Errors outside the API's views: problem details below /api/ and /xapi/, Django's error pages elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template import loader
from django.utils.translation import gettext as _
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt

from analytics.rest.problems import MEDIA_TYPE, RETRY_SECONDS, is_database_away, problem, tell

PREFIXES = ("/api/", "/xapi/")
Handler = Callable[..., HttpResponseBase]


def _answer(request: HttpRequest, error: BaseException | None) -> HttpResponse:
    status, detail, faults = tell(error if isinstance(error, Exception) else Exception())
    headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else None
    return JsonResponse(
        problem(status, detail, request.path, faults), status=status, content_type=MEDIA_TYPE, headers=headers
    )


def _below_api(page: Handler) -> Handler:
    def handler(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.path.startswith(PREFIXES):
            return page(request, *args, **kwargs)
        return _answer(request, kwargs.get("exception") or (args[0] if args else sys.exc_info()[1]))

    return handler


bad_request = _below_api(defaults.bad_request)
permission_denied = _below_api(defaults.permission_denied)
page_not_found = _below_api(defaults.page_not_found)


def _failed_page(request: HttpRequest) -> HttpResponseBase:
    """A database that is away is no fault of ours: whoever asks again in a few seconds gets the page."""
    if is_database_away(sys.exc_info()[1]):
        page = loader.get_template("503.html").render()
        return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_SECONDS)})
    return defaults.server_error(request)


server_error = _below_api(_failed_page)


@csrf_exempt
def unknown_address(request: HttpRequest, rest: str) -> HttpResponse:
    """The last address below /api/.

    It also keeps Django from redirecting to the address with a slash at its end, which would turn a POST into a GET.
    """
    sentence = _("There is no such address. All addresses are listed at /api/docs/.")
    if rest and not rest.endswith("/"):
        sentence = _("There is no such address. Addresses end with a slash; all are listed at /api/docs/.")
    return _answer(request, Http404(sentence))
