"""Dates as people write them: 03/04/2025 14:05, 3. April 2025, 4/3/25 2:05 PM; made into ISO 8601.

What 03/04/2025 means depends on where it was written. The order of day, month and year is told by the values where one
of them can be read in one way only (25/04/2025), or by whoever imports; it is never guessed.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

ORDERS = ("dmy", "mdy", "ymd")
NUMERIC = r"^\s*([0-9]{1,4})([./-])([0-9]{1,2})([./-])([0-9]{1,4})([T ,].*)?$"
ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
WORDED = (
    r"^\s*(?:\p{L}+\.?,? +)?([0-9]{1,2}[.,]?|\p{L}{3,}\.?)[ -]+(?:de )?([0-9]{1,2},?|\p{L}{3,}\.?)"
    r"[ ,-]+(?:de )?([0-9]{4}|[0-9]{2})([T ,].*)?$"
)
TIME = re.compile(
    r"^[T ,]*(\d{1,2})[:.h](\d{2})(?:[:.](\d{2})([.,]\d{1,6})?)?\s*([AaPp])?\.?(?:[Mm]\.?)?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?$"
)
_NUMERIC = re.compile(NUMERIC)
_WORDED = re.compile(WORDED.replace(r"\p{L}", r"[^\W\d_]"))
MONTHS = """
january february march april may june july august september october november december
januar februar maerz april mai juni juli august september oktober november dezember
janner feber marz april mai juni juli august september oktober november dezember
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre
gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro
januari februari maart april mei juni juli augustus september oktober november december
januari februari mars april maj juni juli augusti september oktober november december
gener febrer marc abril maig juny juliol agost setembre octubre novembre desembre
"""
"""A language a line: English, German, Austrian, Spanish, French, Italian, Portuguese, Dutch, Swedish, Catalan."""


def order_of(texts: Iterable[str]) -> str | None:
    """The order of the parts in dates of figures: one of ORDERS; "" where no text is such a date; None where open.

    It is open where several orders fit every date, and where none does.
    """
    possible, is_any = set(ORDERS), False
    for text in texts:
        found = None if _is_iso(text) else _NUMERIC.match(text)
        if found and (fitting := {order for order in ORDERS if _numeric(found, order)}):
            is_any = True
            possible &= fitting
    if not is_any:
        return ""
    return possible.pop() if len(possible) == 1 else None


def open_order(texts: pa.Array) -> tuple[str | None, tuple[str, ...]]:
    """The order of the parts in (n,) texts as `order_of` tells it, and two of the dates of figures to show."""
    is_numeric = pc.and_not(pc.match_substring_regex(texts, NUMERIC), pc.match_substring_regex(texts, ISO))
    numeric = pc.unique(texts.filter(is_numeric)).drop_null().to_pylist()
    return order_of(numeric), tuple(numeric[:2])


def is_date(text: str) -> bool:
    return any(iso(text, order) is not None for order in ORDERS)


def as_iso(texts: pa.Array, order: str) -> pa.Array:
    """(n,) texts with those dates that are written otherwise in ISO 8601; without an order, only dates with words."""
    is_other = pc.or_(pc.match_substring_regex(texts, NUMERIC), pc.match_substring_regex(texts, WORDED))
    likely = pc.fill_null(pc.and_not(is_other, pc.match_substring_regex(texts, ISO)), False)
    if not pc.any(likely).as_py():
        return texts
    coded = texts.filter(likely).dictionary_encode()
    changed = [iso(text, order) or text for text in coded.dictionary.to_pylist()]
    return pc.replace_with_mask(texts, likely, pa.array(changed, pa.string()).take(coded.indices))


def iso(text: str, order: str) -> str | None:
    """One date, perhaps with a time of day and a zone, in ISO 8601; None if it is none, or is so already."""
    if _is_iso(text):
        return None
    if found := _NUMERIC.match(text):
        day = _numeric(found, order) if order else None
    elif found := _WORDED.match(text):
        day = _worded(*found.group(1, 2, 3))
    else:
        return None
    time = _time(found.group(found.re.groups) or "")
    return None if day is None or time is None else day + time


def _is_iso(text: str) -> bool:
    return len(text) >= 10 and text[:4].isdigit() and text[4] == text[7] == "-"


def _numeric(found: re.Match[str], order: str) -> str | None:
    parts = dict(zip(order, found.group(1, 3, 5), strict=True))
    if found.group(2) != found.group(4) or (order == "ymd" and len(parts["y"]) < 4):
        return None  # nobody puts a year of two figures first
    return _day(parts["y"], int(parts["m"]), parts["d"])


def _worded(first: str, second: str, year: str) -> str | None:
    for day, word in ((first, second), (second, first)):
        number = day.rstrip(".,")
        if number.isdigit() and (month := month_of(word)):
            return _day(year, month, number)
    return None


def _day(year: str, month: int, day: str) -> str | None:
    """Years of two figures are those of 1970 to 2069."""
    if len(year) not in {2, 4} or len(day) > 2 or not 1 <= month <= 12:
        return None
    full = int(year) if len(year) == 4 else int(year) + (1900 if int(year) >= 70 else 2000)
    if full < 1 or not 1 <= int(day) <= calendar.monthrange(full, month)[1]:
        return None
    return f"{full:04}-{month:02}-{int(day):02}"


def _time(text: str) -> str | None:
    if not text.strip(" ,T"):
        return ""
    if not (found := TIME.match(text)):
        return None
    hour, minute, second, fraction, half, zone = found.groups()
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if half in "pP" else 0)
    if hours > 23 or int(minute) > 59 or int(second or 0) > 59:
        return None
    offset = "Z" if zone in {"UTC", "GMT"} else zone or ""
    return f"T{hours:02}:{minute}:{second or '00'}{(fraction or '').replace(',', '.')}{offset}"


@cache
def month_of(word: str) -> int | None:
    """The month that a word, or its beginning of three letters or more, names in every language that has it."""
    decomposed = unicodedata.normalize("NFD", word.lower().rstrip("."))
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    if plain == "mrt":
        return 3
    found = {
        place
        for line in MONTHS.strip().splitlines()
        for place, name in enumerate(line.split(), start=1)
        if len(plain) >= 3 and name.startswith(plain)
    }
    return found.pop() if len(found) == 1 else None
