"""Tags and filters of the pages: navigation, and numbers as people read them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django import template
from django.template import Context
from django.utils.translation import gettext as _

from analytics import words
from analytics.web.navigation import entries_for, settings_for
from analytics.words import number, percent

register = template.Library()
NOTHING = "–"
UNKNOWN = (None, "")
"""The second is what Django hands on for a variable that is not there."""


@register.simple_tag(takes_context=True)
def navigation(context: Context) -> list[dict[str, object]]:
    request = context["request"]
    match = request.resolver_match
    given = {name: request.GET[name] for name in ("period", "from", "to") if request.GET.get(name)}
    return entries_for(request.member, match.url_name or "" if match else "", urlencode(given))


@register.simple_tag(takes_context=True)
def settings_navigation(context: Context) -> list[dict[str, object]]:
    match = context["request"].resolver_match
    return settings_for(context["request"].member, match.url_name or "" if match else "")


@register.filter
def share(value: Any, digits: int = 0) -> str:
    """0.734 -> 73%; nothing known -> a dash."""
    return NOTHING if value in UNKNOWN else percent(value, digits)


@register.filter
def chance(value: Any) -> str:
    """A probability: 0.734 -> 73%, 0.997 -> more than 99%."""
    return NOTHING if value in UNKNOWN else words.chance(value)


@register.filter
def full_stop(value: Any) -> str:
    """The text as a sentence, with the full stop of the language."""
    return words.full_stop(value)


@register.filter
def many(value: Any) -> int:
    """The number by which a language chooses its plural: whole, and of 1.5 one that is not 1."""
    return int(value) if value == int(value) else max(round(value), 2)


@register.filter
def opposite(value: Any) -> Any:
    """The share of the others: 0.3 -> 0.7."""
    return value if value in UNKNOWN else 1 - value


@register.filter
def points(value: Any) -> str:
    """The difference of two shares: -0.012 -> -1.2 points; what rounds to nothing has no sign."""
    if value in UNKNOWN:
        return NOTHING
    return _("%(n)s points") % {"n": number(round(value * 100, 1) + 0.0, 1)}


@register.filter
def count(value: Any) -> str:
    """12345 -> 12,345."""
    return NOTHING if value in UNKNOWN else number(value)


@register.filter
def decimal(value: Any, digits: int = 1) -> str:
    return NOTHING if value in UNKNOWN else number(value, digits)


@register.filter
def duration(seconds: Any) -> str:
    """75 -> 1 min 15 s; hours and days above that."""
    return NOTHING if seconds in UNKNOWN else words.duration(seconds)


@register.filter
def item(mapping: dict[Any, Any], key: Any) -> Any:
    """The value of a key that is itself a variable."""
    return mapping.get(key)


@register.filter
def indented(document: str) -> str:
    """JSON as people read it."""
    return json.dumps(json.loads(document), indent=2, ensure_ascii=False)


@register.filter
def state_badge(state: str) -> str:
    """Job state -> modifier of the class `badge`."""
    return {"succeeded": "badge--ok", "failed": "badge--bad", "running": "badge--info", "cancelled": "badge--warn"}.get(
        state, ""
    )
