"""Numbers as people read them, in the reader's language."""

from __future__ import annotations

from django.utils.formats import number_format


def number(value: float, digits: int = 0) -> str:
    """12345.67 -> 12,346. Rounded here, because Django's number_format cuts off what it does not show."""
    return number_format(f"{value:.{digits}f}", decimal_pos=digits, force_grouping=True)


def percent(share: float, digits: int = 0) -> str:
    """0.736 -> 74%."""
    return f"{number(share * 100, digits)}%"
