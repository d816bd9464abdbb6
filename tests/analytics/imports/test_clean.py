"""Cleaning: whatever texts come, every row has one fate, and what is kept is fit to keep."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.imports import clean, instants
from analytics.imports.marks import PLACE, Mark, n_rows, rejected_once
from analytics.imports.steps.base import EARLIEST, ID_CHARACTERS, Rules
from analytics.imports.vocabulary import kind_of, unit_of, verb_of
from analytics.models import Kind, Unit, Verb, Verdict

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RULES = Rules(ZoneInfo("America/Sao_Paulo"), Kind.OTHER, NOW)
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", "NULL", "nan", "inf", "-1", "1,5", "85%", "%", "1e308", "9e999", "0x10", "viewed", "seconds", "share",
         "percent", "2024-03-01", "2024-03-01T10:00:00Z",
         "9999-12-31T23:59:59-14:00", "0001-01-01", "1709283600", "1709283600000",
         "99999999999999999", "2018-11-04 00:30", "2018-02-17 23:30", "a\0b", "x" * 600, "😀"]
    ),
)  # fmt: skip
COLUMNS = ("learner", "activity", "verb", "at", "value", "unit", "id", "kind", "course", "name", "learner_name")


def table(rows: list[tuple[str, ...]], columns: tuple[str, ...] = COLUMNS) -> pa.Table:
    return pa.table({name: pa.array([row[n] for row in rows], pa.string()) for n, name in enumerate(columns)})


@settings(deadline=None)
@given(st.lists(st.tuples(*[TEXTS] * len(COLUMNS)), max_size=15))
def test_every_row_has_one_fate(rows: list[tuple[str, ...]]) -> None:
    cleaned = clean.clean(table(rows), RULES, clean.TEXTS)
    kept = set(cleaned.rows[PLACE].to_pylist())
    rejected = [place for mark in cleaned.marks if mark.verdict == Verdict.REJECTED for place in mark.places.tolist()]
    repaired = {place for mark in cleaned.marks if mark.verdict == Verdict.REPAIRED for place in mark.places.tolist()}
    assert sorted([*kept, *rejected]) == list(range(len(rows)))
    assert repaired <= kept
    for row in cleaned.rows.to_pylist():
        assert 0 < len(row["learner"]) <= ID_CHARACTERS
        assert 0 < len(row["activity"]) <= ID_CHARACTERS
        assert EARLIEST <= row["at"] <= datetime(2026, 1, 2, tzinfo=UTC)
        assert row["verb"] in Verb.values
        assert row["kind"] in {None, *Kind.values}
        assert row["unit"] in Unit.values
        assert row["value"] is None or math.isfinite(row["value"])
        assert row["value"] is None or row["unit"] != "share" or 0 <= row["value"] <= 1
        assert not any("\0" in text for text in row.values() if isinstance(text, str))


@settings(deadline=None)
@given(st.lists(st.tuples(*[TEXTS] * len(COLUMNS)), min_size=1, max_size=8))
def test_a_row_fares_the_same_in_any_company(rows: list[tuple[str, ...]]) -> None:
    together = clean.clean(table(rows), RULES, clean.TEXTS)
    alone = clean.clean(table(rows[-1:]), RULES, clean.TEXTS)
    last = together.rows.filter(pa.array(np.array(together.rows[PLACE].to_pylist(), dtype=int) == len(rows) - 1))
    assert last.drop_columns([PLACE]).to_pylist() == alone.rows.drop_columns([PLACE]).to_pylist()


@given(st.datetimes(datetime(1990, 1, 2), datetime(2025, 12, 30), timezones=st.timezones()))
def test_instants_come_back(at: datetime) -> None:
    at = at.replace(second=at.second, microsecond=at.microsecond // 1000 * 1000)
    offset = at.utcoffset()
    assert offset is not None
    if offset.seconds % 60:
        return  # ISO 8601 has no seconds of offset
    found = instants.parsed(pa.array([at.isoformat(), str(at.timestamp()), "?"]), ZoneInfo("UTC")).at
    assert found[0].as_py() == at.astimezone(UTC)
    assert abs((found[1].as_py() - at).total_seconds()) < 1e-3
    assert found[2].as_py() is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-01", "2024-03-01T03:00:00"),
        ("2024-03-01 10:00", "2024-03-01T13:00:00"),
        ("20240301T101500", "2024-03-01T13:15:00"),
        ("2024-03-01T10:00:00,5Z", "2024-03-01T10:00:00.500000"),
        ("2024-03-01 10:00:00 +0200", "2024-03-01T08:00:00"),
        ("2024-03-01t10:00z", "2024-03-01T10:00:00"),
        ("1709283600", "2024-03-01T09:00:00"),
        ("1709283600.25", "2024-03-01T09:00:00.250000"),
        ("1709283600000", "2024-03-01T09:00:00"),
        ("1709283600000000", "2024-03-01T09:00:00"),
        ("2018-11-04 00:30", "2018-11-04T03:00:00"),
        ("2018-02-17 23:30", "2018-02-18T01:30:00"),
    ],
)
def test_spellings_of_instants(text: str, expected: str) -> None:
    found = instants.parsed(pa.array([text, "hello"]), ZoneInfo("America/Sao_Paulo")).at[0].as_py()
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["01.03.2024", "3/1/2024", "2024-02-30", "2024-13-01", "yesterday", "12", "1e9", "NaT"]
)
def test_no_instants(text: str) -> None:
    assert instants.parsed(pa.array([text]), ZoneInfo("UTC")).at[0].as_py() is None


def test_words() -> None:
    assert verb_of("https://w3id.org/xapi/video/verbs/Played") == Verb.STARTED
    assert verb_of(" Handed in ") == Verb.SUBMITTED
    assert verb_of("frobnicated") is None
    assert kind_of("http://adlnet.gov/expapi/activities/lesson") == Kind.MODULE
    assert unit_of("Minutes") == (Unit.SECONDS, 60.0)
    assert unit_of("parsec") is None


def test_a_row_is_rejected_once() -> None:
    marks = [
        Mark(np.array(places), verdict, str(code), "")
        for code, (places, verdict) in enumerate(
            [([0, 1], Verdict.REJECTED), ([1, 2], Verdict.REJECTED), ([1, 3], Verdict.REPAIRED)]
        )
    ]
    assert [mark.places.tolist() for mark in rejected_once(marks)] == [[0, 1], [2], [1, 3]]
    assert n_rows(marks, Verdict.REJECTED) == 3
