"""JSON as it comes from outside: RFC 8259, with nothing in it that two readers could read differently."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from analytics.xapi.errors import InvalidValue, shown

MOST_VALUES = 1_000_000
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def parse_json(body: bytes | str, most_levels: int, most_values: int = MOST_VALUES) -> Any:
    """The value of the text.

    Raises:
        InvalidValue: it is not UTF-8 or not JSON, names a property twice, holds NaN or infinity, is nested deeper than
            `most_levels`, has more than about `most_values` values (each takes some 60 bytes of memory and 2 of the
            text), or holds what no database can keep (U+0000, half a surrogate pair).
    """
    try:
        text = body if isinstance(body, str) else body.decode()
        # Those in strings are counted too: that is quick, and no honest text comes near.
        if text.count(",") > most_values:
            raise InvalidValue(f"The JSON has more than {most_values} commas. Send it in several requests.")
        parsed = _DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise InvalidValue(f"The text is not UTF-8: byte {error.start} begins no character.") from None
    except RecursionError:
        raise _too_deep(most_levels) from None
    except ValueError as error:
        raise InvalidValue(f"The text is not valid JSON: {str(error).rstrip('.')}.") from None
    if text.count("[") + text.count("{") > most_levels and _is_deeper(parsed, most_levels):
        raise _too_deep(most_levels)
    # Both can only stand there escaped, so that most texts need no second look.
    if "\\u0000" in text or "\\ud" in text or "\\uD" in text:
        _check_characters(parsed)
    return parsed


def dump_json(value: Any) -> str:
    """Without blanks; characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _is_deeper(parsed: Any, n_levels: int) -> bool:
    level = [parsed] if isinstance(parsed, dict | list) else []
    for _ in range(n_levels):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return bool(level)


def _too_deep(most_levels: int) -> InvalidValue:
    return InvalidValue(f"The JSON is nested too deeply; at most {most_levels} levels are taken.")


def _check_characters(parsed: Any) -> None:
    text = dump_json(parsed)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidValue("A string holds half a surrogate pair, which is no character.") from None
    if NUL.search(text):
        raise InvalidValue("A string holds U+0000, which cannot be stored. Remove it.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    properties = dict(pairs)
    if len(properties) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the property {shown(twice)} is given twice in one object")
    return properties


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _parse_float(digits: str) -> float:
    number = float(digits)
    if number in {float("inf"), float("-inf")}:
        raise ValueError(f"the number {digits[:40]} is too large")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refuse_constant, parse_float=_parse_float)
