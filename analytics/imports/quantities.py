"""Texts of values and units, as numbers in the units that are known here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.imports.marks import Flags, flags
from analytics.imports.vocabulary import unit_of
from analytics.models import Unit

NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
DECIMAL_COMMA = r"^[+-]?[0-9]+,([0-9]{1,2}|[0-9]{4,})$"
"""Three digits behind a comma may be thousands: such a text is no number."""
PERCENT = r"[0-9] *%$"
NOT_NEGATIVE = (Unit.SECONDS.value, Unit.CLICKS.value, Unit.SHARE.value)
UNIT_WORDS = ("seconds", "minutes", "hours", "clicks", "share", "percent", "stars", "points")


@dataclass(frozen=True)
class Quantities:
    """n values with their units, and what was met on the way: (n,) each."""

    value: NDArray[np.float64]
    """In `unit`; NaN where there is none."""
    unit: NDArray[np.object_]
    has_comma: Flags
    """A decimal comma."""
    has_percent: Flags
    """A percent sign, which makes a share of the value."""
    is_unknown: Flags
    """The unit is none."""
    is_unreadable: Flags
    """The value is no number, or a percentage of something that is no share."""
    is_impossible: Flags
    """A share beyond 1, or a negative share, time or number of clicks."""


def parsed(texts: pa.Array, units: pa.Array) -> Quantities:
    """Parse (n,) values, as texts or numbers, and (n,) words for units."""
    has_comma, has_percent, number = _numbers(texts)
    coded = pc.fill_null(units, "").dictionary_encode()
    known = [unit_of(word) for word in coded.dictionary.to_pylist()]
    found = np.array([(each or (Unit.NONE, 1.0)) for each in known], dtype=object).reshape(-1, 2)
    place = coded.indices.to_numpy(zero_copy_only=False)
    unit = np.array([each.value for each in found[:, 0]], dtype=object)[place]
    is_unlike = has_percent & ~np.isin(unit, [Unit.NONE.value, Unit.SHARE.value])
    unit = np.where(has_percent, Unit.SHARE.value, unit)
    value = number * np.where(has_percent, 0.01, found[:, 1].astype(np.float64)[place])
    with np.errstate(invalid="ignore"):
        is_impossible = (np.isin(unit, NOT_NEGATIVE) & (value < 0)) | ((unit == Unit.SHARE.value) & (value > 1))
    return Quantities(
        value=value,
        unit=unit,
        has_comma=has_comma,
        has_percent=has_percent,
        is_unknown=np.array([each is None for each in known], dtype=np.bool_)[place],
        is_unreadable=(flags(pc.is_valid(texts)) & np.isnan(number)) | is_unlike | np.isinf(value),
        is_impossible=is_impossible,
    )


def _numbers(texts: pa.Array) -> tuple[Flags, Flags, NDArray[np.float64]]:
    """Which of (n,) texts have a decimal comma, which a percent sign, and the numbers; NaN where there is none."""
    nowhere = np.zeros(len(texts), dtype=np.bool_)
    if pa.types.is_floating(texts.type):
        return nowhere, nowhere, texts.to_numpy(zero_copy_only=False)
    has_comma, has_percent = (flags(pc.match_substring_regex(texts, each)) for each in (DECIMAL_COMMA, PERCENT))
    dotted = pc.if_else(pa.array(has_comma), pc.replace_substring(texts, ",", "."), texts)
    plain = pc.replace_substring_regex(dotted, " *%$", "")
    number = pc.if_else(pc.match_substring_regex(plain, NUMBER), plain, None).cast(pa.float64())
    return has_comma, has_percent, number.to_numpy(zero_copy_only=False).astype(np.float64)
