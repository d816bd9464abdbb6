"""Shapes of JSON: objects whose every property is known, arrays, choices.

A check takes a value and raises InvalidValue. An object is a table of its properties and their checks, so that the
tables in the neighbouring modules read like those of the specification.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from analytics.xapi.errors import InvalidValue, shown

Check = Callable[[Any], None]
Table = Mapping[str, Check]


def check_object(value: Any, table: Table, required: Collection[str] = ()) -> None:
    """Every property is in the table, none is missing (1.0.3 Data 2.2: names are compared with their case)."""
    if not isinstance(value, dict):
        raise InvalidValue(f"This must be an object, but it is {shown(value)}.")
    for name in required:
        if name not in value:
            raise InvalidValue(f"The property {name} is missing.")
    for name, inner in value.items():
        check = table.get(name)
        if check is None:
            raise InvalidValue(f"There is no such property here. Known: {', '.join(table)}.", name)
        try:
            check(inner)
        except InvalidValue as error:
            raise error.below(name) from None


def check_array(value: Any, check: Check) -> None:
    if not isinstance(value, list):
        raise InvalidValue(f"This must be an array, but it is {shown(value)}.")
    for index, inner in enumerate(value):
        try:
            check(inner)
        except InvalidValue as error:
            raise error.below(index) from None


def object_of(table: Table, *required: str) -> Check:
    return lambda value: check_object(value, table, required)


def array_of(check: Check) -> Check:
    return lambda value: check_array(value, check)


def one_of(*words: str) -> Check:
    """One of some strings, with their case."""

    def check(value: Any) -> None:
        if not isinstance(value, str) or value not in words:
            raise InvalidValue(f"This must be {' or '.join(words)}, but it is {shown(value)}.")

    return check


def check_boolean(value: Any) -> None:
    if not isinstance(value, bool):
        raise InvalidValue(f"This must be true or false, but it is {shown(value)}.")


def check_number(value: Any) -> None:
    # True is an int to Python.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValue(f"This must be a number, but it is {shown(value)}.")


def check_whole_number(value: Any) -> None:
    """Not negative; JSON has one kind of number, so 3.0 is whole."""
    check_number(value)
    if value < 0 or value != int(value):
        raise InvalidValue(f"This must be a whole number from 0 on, but it is {shown(value)}.")
