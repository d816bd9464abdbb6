"""The Content-Security-Policy of every answer: scripts and styles from this server's own files, and nothing inline."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",  # Plotly: an empty sheet that it then fills by script
    "'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='",  # Plotly: what its maps would need
    "'sha256-MMpT0iDxyjALd9PdfepImGX3DBfJPXZ4IlDWdPAgtn0='",  # Swagger: margins of the page
)
"""Hashes of the only style sheets that are written into a page. Another release of these libraries may bring others:
the browser's console, and with it a test of the pages, then names the new one."""
POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": " ".join(("'self'", *STYLES)),
    "img-src": "'self' data: blob:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
HEADER = "; ".join(f"{name} {value}" for name, value in POLICY.items())


class ContentPolicyMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", HEADER)
        return response
