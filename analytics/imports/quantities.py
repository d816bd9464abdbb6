"""Texts of values and units, as numbers in the units that are known here."""

from __future__ import annotations

import re
from collections.abc import Callable
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
CLOCK = r"^[0-9]{1,4}:[0-5][0-9]:[0-5][0-9]([.][0-9]+)?$"
"""Hours, minutes, seconds; two parts only may be hours and minutes or minutes and seconds: such a text is no number."""
ISO_LENGTH = r"^P([0-9.]+D)?(T([0-9.]+H)?([0-9.]+M)?([0-9.]+S)?)?$"
"""ISO 8601-1, 5.5.2, without years and months, which have no fixed length."""
FRACTION = r"^[0-9]+([.,][0-9]+)? *(/|out of|of) *[0-9]+([.,][0-9]+)?$"
"""A mark beside the full mark."""
PART_SECONDS = {"D": 86_400.0, "H": 3600.0, "M": 60.0, "S": 1.0}
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
    is_length: Flags
    """A length of time (1:30:00, PT1H30M): the number is seconds."""
    is_fraction: Flags
    """A mark beside the full mark (15/20): the number is the share."""


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
        return Numbers(texts.to_numpy(zero_copy_only=False), nowhere, nowhere, nowhere, nowhere)
    has_comma, has_percent, is_length, is_fraction = nowhere, nowhere, nowhere, nowhere
    plain = texts
    if not is_strict:
        is_length = flags(pc.match_substring_regex(texts, f"{CLOCK}|{ISO_LENGTH}"))
        is_fraction = flags(pc.match_substring_regex(texts, FRACTION))
        has_comma, has_percent = (flags(pc.match_substring_regex(texts, each)) for each in (DECIMAL_COMMA, PERCENT))
        dotted = pc.if_else(pa.array(has_comma), pc.replace_substring(texts, ",", "."), texts)
        plain = pc.replace_substring_regex(dotted, " *%$", "")
    number = pc.if_else(pc.match_substring_regex(plain, NUMBER), plain, None).cast(pa.float64())
    found = number.to_numpy(zero_copy_only=False).astype(np.float64)
    for which, read in ((is_length, _seconds), (is_fraction, _share)):
        if which.any():
            found = np.where(which, _each(texts, which, read), found)
    return Numbers(found, has_comma, has_percent, is_length, is_fraction)


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


def may_be(word: str, *units: Unit) -> bool:
    """Whether a value that was written as one of the units may have this word for its unit."""
    found = unit_of(word)
    return found is None or found[0] in {Unit.NONE, *units}


def _each(texts: pa.Array, which: Flags, read: Callable[[str], float]) -> NDArray[np.float64]:
    """(n,) numbers read of the chosen texts, each distinct one once; NaN elsewhere."""
    coded = pc.if_else(pa.array(which), texts, None).dictionary_encode()
    known = np.array([read(text) for text in coded.dictionary.to_pylist()] or [np.nan], dtype=np.float64)
    return np.where(which, known[coded.indices.fill_null(0).to_numpy(zero_copy_only=False)], np.nan)


def _seconds(text: str) -> float:
    if ":" in text:
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    parts = re.findall(r"([0-9]+[.]?[0-9]*)([DHMS])", text)
    is_whole = "".join(number + unit for number, unit in parts) == text.replace("P", "").replace("T", "")
    return sum(float(number) * PART_SECONDS[unit] for number, unit in parts) if parts and is_whole else np.nan


def _share(text: str) -> float:
    mark, full = (float(part.replace(",", ".")) for part in re.split(r" *(?:/|out of|of) *", text))
    return mark / full if full else np.nan
