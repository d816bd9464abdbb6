"""Addresses below /xapi/ where nothing is."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
def unknown_address(request: HttpRequest, rest: str) -> HttpResponse:
    """It also keeps Django from redirecting to an address with a slash at its end."""
    sentence = _("There is no resource of xAPI at this address. Look at /xapi/about for what is here.")
    return JsonResponse({"error": sentence}, status=404)
