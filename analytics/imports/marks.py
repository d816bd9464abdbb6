"""Marks: verdicts on rows of a batch, told by their places in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.models import Verdict

PLACE = "place"
"""The column that says which row of the batch a row was, from 0."""

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Mark:
    """A verdict on some rows of a batch."""

    places: Places
    verdict: Verdict | None
    """None: the rows are only counted as touched."""
    code: str = ""
    sentence: str = ""
    """May hold {columns} of the row as it was read."""


def rejected(rows: pa.Table, which: Flags, code: str, sentence: str) -> Mark:
    return Mark(places_of(rows)[which], Verdict.REJECTED, code, sentence)


def repaired(rows: pa.Table, which: Flags, code: str, sentence: str) -> Mark:
    return Mark(places_of(rows)[which], Verdict.REPAIRED, code, sentence)


def touched(rows: pa.Table, which: Flags) -> Mark:
    """Rows that a step spelt otherwise, which is told of none of them."""
    return Mark(places_of(rows)[which], None)


def on_places(places: Iterable[int], verdict: Verdict, code: str, sentence: str) -> Mark:
    return Mark(np.array(sorted(places), dtype=np.int64), verdict, code, sentence)


def placed(rows: pa.Table) -> pa.Table:
    """The rows, as they stand in the batch, with their places."""
    return rows.combine_chunks().append_column(PLACE, pa.array(np.arange(rows.num_rows)))


def places_of(rows: pa.Table) -> Places:
    places: Places = rows[PLACE].to_numpy()
    return places


def without_rejected(rows: pa.Table, marks: Sequence[Mark]) -> pa.Table:
    gone = [mark.places for mark in marks if mark.verdict == Verdict.REJECTED and len(mark.places)]
    return rows.filter(pa.array(~np.isin(places_of(rows), np.concatenate(gone)))) if gone else rows


def rejected_once(marks: Sequence[Mark]) -> list[Mark]:
    """The marks, each row rejected for the first thing that was found only."""
    seen: Places = np.empty(0, dtype=np.int64)
    firsts = []
    for mark in marks:
        if mark.verdict == Verdict.REJECTED and len(mark.places):
            mark = replace(mark, places=mark.places[~np.isin(mark.places, seen)])
            seen = np.concatenate([seen, mark.places])
        firsts.append(mark)
    return firsts


def still_told(marks: Sequence[Mark], rows: pa.Table) -> list[Mark]:
    """The marks with a verdict, without repairs of rows that were rejected later, and without empty ones."""
    kept = places_of(rows)
    marks = [mark for mark in marks if mark.verdict is not None]
    told = [
        mark if mark.verdict == Verdict.REJECTED else replace(mark, places=mark.places[np.isin(mark.places, kept)])
        for mark in marks
    ]
    return [mark for mark in told if len(mark.places)]


def flags(found: pa.Array) -> Flags:
    """(n,) truth values; null counts as false."""
    true: Flags = found.fill_null(False).to_numpy(zero_copy_only=False)
    return true


def n_rows(marks: Iterable[Mark], verdict: Verdict) -> int:
    """How many rows have at least one mark with the verdict."""
    found = [mark.places for mark in marks if mark.verdict == verdict]
    return len(np.unique(np.concatenate(found))) if found else 0


def n_touched(marks: Iterable[Mark]) -> int:
    """How many rows have at least one mark."""
    found = [mark.places for mark in marks if len(mark.places)]
    return len(np.unique(np.concatenate(found))) if found else 0
