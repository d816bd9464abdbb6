"""What a step of cleaning is: rows in, rows and marks out; named, versioned, and on or off in every import."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa

from analytics.imports.marks import Mark
from analytics.models import Kind

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
ID_CHARACTERS = 500
"""Longer ids would not fit the unique indexes (2,704 bytes at 4 bytes a character)."""
NAME_CHARACTERS = 1000
IDS = ("learner", "activity", "course", "parent", "id")
NAMES = ("name", "learner_name")


@dataclass(frozen=True)
class Rules:
    """What cleaning depends on beside the rows."""

    zone: ZoneInfo
    default_kind: Kind
    now: datetime
    date_order: str = ""
    """What comes first in dates of figures; "" where there are none."""
    default_verb: str = ""
    default_unit: str = ""
    default_value: str = ""
    default_course: str = ""
    default_at: str = ""
    full_mark: float | None = None
    """What a grade or a value in points is a share of, where the row itself does not say."""
    steps_off: frozenset[str] = frozenset()


Work = Callable[[pa.Table, Rules], tuple[pa.Table, list[Mark]]]


@dataclass(frozen=True)
class Step:
    """A change of a step's behaviour is a new version: ledgers name it beside their counts."""

    version: int
    label: str
    help: str
    work: Work | None
    """None where the load does the work, because it asks the database."""
    when_off: str
    """What becomes of the rows without the step."""
    work_off: Work | None = None
    """What is done instead when the step is off: most steps then refuse what they would have changed."""


def column(rows: pa.Table, name: str) -> pa.Array:
    """(n,) the column as one array."""
    return rows[name].combine_chunks()


def with_column(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    if name not in rows.column_names:
        return rows.append_column(name, values)
    return rows.set_column(rows.column_names.index(name), name, values)


def by_distinct(texts: pa.Array, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """(n,) texts changed, each distinct one once: texts repeat themselves in learning data."""
    coded = texts.dictionary_encode()
    return change(coded.dictionary).take(coded.indices)


def texts_of(rows: pa.Table) -> list[str]:
    """The columns that are texts."""
    return [name for name in rows.column_names if pa.types.is_string(rows[name].type)]
