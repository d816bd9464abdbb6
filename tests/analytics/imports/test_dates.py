"""Dates as people write them: known answers, and no guess."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.imports import dates


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("03/04/2025", "dmy", "2025-04-03"),
        ("03/04/2025", "mdy", "2025-03-04"),
        ("2025/4/3", "ymd", "2025-04-03"),
        ("3.4.25 14:05", "dmy", "2025-04-03T14:05:00"),
        ("3/4/70, 2:05:06 pm", "dmy", "1970-04-03T14:05:06"),
        ("12/31/2024 12:00 AM", "mdy", "2024-12-31T00:00:00"),
        ("3/4/2025 14:05 UTC", "dmy", "2025-04-03T14:05:00Z"),
        ("3/4/2025 14:05:01,5 +0200", "dmy", "2025-04-03T14:05:01.5+0200"),
        ("3 mars 2025", "", "2025-03-03"),
        ("März 3, 2025", "", "2025-03-03"),
        ("3. Dez. 2025, 08:00", "", "2025-12-03T08:00:00"),
        ("31/02/2025", "dmy", None),
        ("03/04/2025", "", None),
        ("03/04-2025", "dmy", None),
        ("25/04/03", "ymd", None),
        ("3/4/2025 25:00", "dmy", None),
        ("3/4/2025 13:00 PM", "dmy", None),
        ("3 foo 2025", "", None),
        ("2025-04-03", "dmy", None),
    ],
)
def test_one_date(text: str, order: str, expected: str | None) -> None:
    assert dates.iso(text, order) == expected


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["03/04/2025"], None),
        (["03/04/2025", "13/04/2025"], "dmy"),
        (["03/04/2025", "04/13/2025"], "mdy"),
        (["13/04/2025", "04/13/2025"], None),
        (["2025/04/03"], "ymd"),
        (["2025-04-03", "x"], ""),
        (["13/04/2025", "99/99/2025", "1/2/3/4"], "dmy"),
        ([], ""),
    ],
)
def test_the_order_is_told_by_what_can_be_read_once(texts: list[str], order: str | None) -> None:
    assert dates.order_of(texts) == order


@given(st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2069, 1, 1)), max_size=8), st.sampled_from(["dmy", "mdy"]))
def test_what_is_written_is_read(instants: list[datetime], order: str) -> None:
    day = "%d/%m/%Y" if order == "dmy" else "%m/%d/%Y"
    texts = pa.array([*(each.strftime(f"{day} %H:%M:%S") for each in instants), None, "2025-04-03"], pa.string())
    expected = [each.strftime("%Y-%m-%dT%H:%M:%S") for each in instants]
    assert dates.as_iso(texts, order).to_pylist() == [*expected, None, "2025-04-03"]


@given(st.text(max_size=30), st.sampled_from(["", *dates.ORDERS]))
def test_anything_may_stand_in_a_column_of_dates(text: str, order: str) -> None:
    found = dates.iso(text, order)
    assert found is None or datetime.fromisoformat(found[:19])


def test_a_month_that_languages_do_not_agree_on_is_none() -> None:
    assert dates.month_of("ju") is None
    assert dates.month_of("jui") is None
    assert [dates.month_of(word) for word in ("Jan.", "févr.", "MÄRZ", "mrt", "giugno", "août", "dez")] == [
        1, 2, 3, 3, 6, 8, 12,
    ]  # fmt: skip
