"""Path converters."""

from __future__ import annotations

from django.urls import register_converter


class ExternalIdConverter:
    """Any text, slashes and line breaks included (percent-encoded by the client, decoded by the server)."""

    regex = r"[\s\S]+"

    def to_python(self, value: str) -> str:
        if "\0" in value:
            raise ValueError("PostgreSQL has no text with NUL, so there is no such id")
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(ExternalIdConverter, "external_id")
