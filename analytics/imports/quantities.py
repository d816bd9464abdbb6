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
DECIMAL_COMMA = r"^[+-]?[0-9]+,([0-9]{1,2}|[0-9]{4,})( *%)?$"
"""Three digits behind a comma may be thousands: such a text is no number."""
PERCENT = r"[0-9] *%$"
NOT_NEGATIVE = (Unit.SECONDS.value, Unit.CLICKS.value, Unit.SHARE.value)
UNIT_WORDS = ("seconds", "minutes", "hours", "clicks", "share", "percent", "stars", "points")


@dataclass(frozen=True)
class Numbers:
    """n numbers, and how they were written: (n,) each."""

    number: NDArray[np.float64]
    """NaN where the text is none."""
    has_comma: Flags
    """A decimal comma."""
    has_percent: Flags
    """A percent sign."""


@dataclass(frozen=True)
class Standard:
    """n values in the unit of their measure: (n,) each."""

    value: NDArray[np.float64]
    unit: NDArray[np.object_]
    is_scaled: Flags
    is_unknown: Flags
    """The unit is none."""


def numbers(texts: pa.Array, *, is_strict: bool) -> Numbers:
    """Parse (n,) texts, or take numbers as they are; strictly, neither comma nor percent sign may stand in them."""
    nowhere = np.zeros(len(texts), dtype=np.bool_)
    if pa.types.is_floating(texts.type):
        return Numbers(texts.to_numpy(zero_copy_only=False), nowhere, nowhere)
    has_comma, has_percent = nowhere, nowhere
    plain = texts
    if not is_strict:
        has_comma, has_percent = (flags(pc.match_substring_regex(texts, each)) for each in (DECIMAL_COMMA, PERCENT))
        dotted = pc.if_else(pa.array(has_comma), pc.replace_substring(texts, ",", "."), texts)
        plain = pc.replace_substring_regex(dotted, " *%$", "")
    number = pc.if_else(pc.match_substring_regex(plain, NUMBER), plain, None).cast(pa.float64())
    return Numbers(number.to_numpy(zero_copy_only=False).astype(np.float64), has_comma, has_percent)


def standard(value: NDArray[np.float64], units: pa.Array, *, is_strict: bool) -> Standard:
    """Bring (n,) values into base units; strictly, only base units are known."""
    coded = pc.fill_null(units, "").dictionary_encode()
    known = [unit_of(word) for word in coded.dictionary.to_pylist()]
    if is_strict:
        plain = {unit.value: (unit, 1.0) for unit in Unit}
        known = [plain.get(word) for word in coded.dictionary.to_pylist()]
    place = coded.indices.to_numpy(zero_copy_only=False)
    factor = np.array([each[1] if each else 1.0 for each in known], dtype=np.float64)[place]
    unit = np.array([each[0].value if each else Unit.NONE.value for each in known], dtype=object)[place]
    with np.errstate(over="ignore"):
        scaled = value * factor
    unknown = np.array([each is None for each in known], dtype=np.bool_)[place]
    return Standard(scaled, unit, factor != 1.0, unknown)


def impossible(value: NDArray[np.float64], unit: NDArray[np.object_]) -> Flags:
    """Which of (n,) values are shares beyond 1, or negative shares, times or numbers of clicks."""
    with np.errstate(invalid="ignore"):
        beyond: Flags = (np.isin(unit, NOT_NEGATIVE) & (value < 0)) | ((unit == Unit.SHARE.value) & (value > 1))
    return beyond


def may_be_share(word: str) -> bool:
    """Whether a value with a percent sign may have this unit."""
    found = unit_of(word)
    return found is None or found[0] in {Unit.NONE, Unit.SHARE}
