"""Numbers as people read them, in the reader's language."""

from __future__ import annotations

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def number(value: float, digits: int = 0) -> str:
    """12345.67 -> 12,346. Rounded here, because Django's number_format cuts off what it does not show."""
    return number_format(f"{value:.{digits}f}", decimal_pos=digits, force_grouping=True)


def full_stop(text: object) -> str:
    """The text as a sentence: "." in English, "。" in Chinese."""
    return _("%(text)s.") % {"text": text}


def percent(share: float, digits: int = 0) -> str:
    """0.736 -> 74%."""
    return f"{number(share * 100, digits)}%"


def chance(share: float) -> str:
    """A probability in whole percent, never as the certainty that it is not: 0.997 -> more than 99%."""
    if share > 0.995:
        return _("more than %(percent)s") % {"percent": percent(0.99)}
    if share < 0.005:
        return _("less than %(percent)s") % {"percent": percent(0.01)}
    return percent(share)


def duration(seconds: float) -> str:
    """75 -> 1 min 15 s; hours and days above that, a tenth below a second: nothing that was done took 0 s."""
    whole = round(seconds)
    if 0 < seconds < 0.95:
        return _("%(n)s s") % {"n": number(max(seconds, 0.1), 1)}
    if whole < 60:
        return _("%(n)s s") % {"n": whole}
    if whole < 3600:
        return _("%(minutes)s min %(seconds)s s") % {"minutes": whole // 60, "seconds": whole % 60}
    if whole < 2 * 86_400:
        return _("%(hours)s h %(minutes)s min") % {"hours": whole // 3600, "minutes": whole % 3600 // 60}
    return ngettext("%(n)s day", "%(n)s days", whole // 86_400) % {"n": whole // 86_400}
