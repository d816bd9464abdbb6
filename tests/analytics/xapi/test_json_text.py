"""JSON from outside: everything that two readers could read differently is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.xapi.errors import InvalidValue
from analytics.xapi.json_text import dump_json, parse_json

CHARACTERS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | CHARACTERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(CHARACTERS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_is_read_back(value):
    assert parse_json(dump_json(value), 100) == value
    assert parse_json(json.dumps(value).encode(), 100) == value


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b'{"a": 1, "a": 1}', "'a' is given twice"),
        (b'[{"b": {"a": 1, "a": 2}}]', "'a' is given twice"),
        (b"NaN", "NaN is not"),
        (b"[Infinity]", "Infinity is not"),
        (b"1e999", "too large"),
        (b'"\xff"', "byte 1"),
        (b"\xef\xbb\xbf{}", "not valid JSON"),
        (b'"\\ud800"', "surrogate"),
        (b'"\\uD800x"', "surrogate"),
        (b'"\\u0000"', "U+0000"),
        (b"[" * 6 + b"]" * 6, "at most 5 levels"),
        (b"[" * 100_000 + b"]" * 100_000, "at most 5 levels"),
        (b'{"a":' * 100_000, "at most 5 levels"),
    ],
)
def test_refused(body, said):
    with pytest.raises(InvalidValue, match=said.replace("+", r"\+")):
        parse_json(body, 5)


def test_many_small_values_are_refused_before_they_take_memory():
    assert parse_json("[" + "1," * 9 + "1]", 5, 9) == [1] * 10
    with pytest.raises(InvalidValue, match="more than 9 commas"):
        parse_json("[" + "1," * 10 + "1", 5, 9)


def test_allowed():
    assert parse_json(b'"\\\\u0000 \\ud83d\\ude00"', 5) == "\\u0000 😀"
    assert parse_json(b"[" * 5 + b"]" * 5, 5) == [[[[[]]]]]
    assert parse_json(b'["[[[[[[[[", {}]', 2) == ["[[[[[[[[", {}]
