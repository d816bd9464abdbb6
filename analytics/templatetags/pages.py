"""Tags and filters of the pages: navigation, and numbers as people read them."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.web.navigation import entries_for

register = template.Library()
NOTHING = "–"


@register.simple_tag(takes_context=True)
def navigation(context: Context) -> list[dict[str, object]]:
    request = context["request"]
    match = request.resolver_match
    return entries_for(request.member, match.url_name or "" if match else "")


@register.filter
def share(value: float | None, digits: int = 0) -> str:
    """0.734 -> 73%; nothing known -> a dash."""
    return NOTHING if value is None else f"{number_format(value * 100, decimal_pos=digits)}%"


@register.filter
def points(value: float | None) -> str:
    """The difference of two shares: -0.012 -> -1.2 points."""
    return NOTHING if value is None else _("%(n)s points") % {"n": number_format(value * 100, decimal_pos=1)}


@register.filter
def count(value: float | None) -> str:
    """12345 -> 12,345."""
    return NOTHING if value is None else number_format(value, decimal_pos=0, use_l10n=True, force_grouping=True)


@register.filter
def decimal(value: float | None, digits: int = 1) -> str:
    return NOTHING if value is None else number_format(value, decimal_pos=digits, force_grouping=True)


@register.filter
def duration(seconds: float | None) -> str:
    """75 -> 1 min 15 s; hours and days above that."""
    if seconds is None:
        return NOTHING
    whole = round(seconds)
    if whole < 60:
        return _("%(n)s s") % {"n": whole}
    if whole < 3600:
        return _("%(minutes)s min %(seconds)s s") % {"minutes": whole // 60, "seconds": whole % 60}
    if whole < 2 * 86_400:
        return _("%(hours)s h %(minutes)s min") % {"hours": whole // 3600, "minutes": whole % 3600 // 60}
    return ngettext("%(n)s day", "%(n)s days", whole // 86_400) % {"n": whole // 86_400}


@register.filter
def item(mapping: dict[Any, Any], key: Any) -> Any:
    """The value of a key that is itself a variable."""
    return mapping.get(key)


@register.filter
def state_badge(state: str) -> str:
    """Job state -> modifier of the class `badge`."""
    return {"succeeded": "badge--ok", "failed": "badge--bad", "running": "badge--info", "cancelled": "badge--warn"}.get(
        state, ""
    )
