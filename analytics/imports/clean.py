"""Cleaning: rows pass through named steps and come back with the marks of those that were touched.

A row is kept, kept after a repair, or rejected; a repair or a rejection has a code and a sentence. What a step merely
spells otherwise is counted under the step's name, and told of no row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from analytics.imports.marks import Mark, n_touched, placed, rejected_once, still_told, without_rejected
from analytics.imports.steps import STEPS
from analytics.imports.steps.base import Rules

TEXTS = (
    "learner", "activity", "course", "id", "name", "learner_name", "verb", "at", "value", "unit", "kind", "full_mark",
)  # fmt: skip


@dataclass(frozen=True)
class Cleaned:
    rows: pa.Table
    """The rows that were kept, with their PLACE."""
    marks: list[Mark]
    by_step: Counter[str]
    """Step and its version -> rows that it touched."""


def clean(rows: pa.Table, rules: Rules, columns: Iterable[str] = (), marks: Sequence[Mark] = ()) -> Cleaned:
    """Pass (n,) rows of text through the steps; columns that are typed already pass as they are.

    `columns` are those that the rows must have in the end, empty where the source has none; `marks` are those that the
    reader itself made.
    """
    told = rejected_once(marks)
    rows = without_rejected(placed(_completed(rows, columns)), told)
    by_step: Counter[str] = Counter()
    for name, step in STEPS.items():
        if (work := step.work_off if name in rules.steps_off else step.work) is not None:
            rows, found = work(rows, rules)
            found = rejected_once(found)
            rows = without_rejected(rows, found)
            told += found
            by_step[label_of(name)] += n_touched(found)
    return Cleaned(rows, still_told(told, rows), +by_step)


def label_of(name: str) -> str:
    """How a ledger names a step."""
    return f"{name}@{STEPS[name].version}"


def _completed(rows: pa.Table, columns: Iterable[str]) -> pa.Table:
    for name in columns:
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.nulls(rows.num_rows, pa.string()))
    return rows
