"""What this store speaks: for everybody, with or without a version."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _

from analytics.api.xapi.ask import VERSION_HEADER, single
from analytics.api.xapi.endpoint import Endpoint, not_allowed
from analytics.lrs.errors import InvalidParameter
from analytics.models import XapiVersion
from analytics.xapi.errors import shown


class About(Endpoint):
    """2.0.0 section 4.1.6.7, 1.0.3 Communication 2.8."""

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if request.method == "OPTIONS":
            return super()._answer(request)
        if request.method not in {"GET", "HEAD"}:
            return not_allowed(request, ["GET"])
        for name in single(request.GET):
            raise InvalidParameter(name, _("There is no parameter %s here.") % shown(name))
        # Clients of 1.0 that meet a later version here give up (PyPI's tincan raises): who says 1.0 is told of 1.0.
        speaks_one = request.headers.get(VERSION_HEADER, "").startswith("1.0")
        return JsonResponse({"version": [XapiVersion.ONE.value] if speaks_one else XapiVersion.values})
