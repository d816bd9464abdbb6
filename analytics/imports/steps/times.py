"""The step that parses instants: ISO 8601, seconds since 1970, dates as people write them; with the import's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from analytics.imports import instants
from analytics.imports.instants import MICROSECONDS
from analytics.imports.marks import Mark, flags, rejected, repaired
from analytics.imports.steps.base import EARLIEST, Rules, column, with_column

PLANNED = ("opens_at", "closes_at", "started_at", "ended_at")
"""These may lie in the future."""
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def times(rows: pa.Table, rules: Rules, *, is_strict: bool = False) -> tuple[pa.Table, list[Mark]]:
    """Parse instants; an event can be neither older than 1990 nor later than tomorrow."""
    marks: list[Mark] = []
    if "at" in rows.column_names:
        missing = flags(pc.is_null(column(rows, "at")))
        marks.append(rejected(rows, missing, "at_missing", _("The row does not say when.")))
        rows, found = _parsed(rows, "at", rules, rules.now + timedelta(days=1), is_strict=is_strict)
        marks += found
    for name in PLANNED:
        if name in rows.column_names:
            rows, found = _parsed(rows, name, rules, LATEST, is_strict=is_strict)
            marks += found
    return rows, marks


strict_times = partial(times, is_strict=True)


def _parsed(
    rows: pa.Table, name: str, rules: Rules, latest: datetime, *, is_strict: bool
) -> tuple[pa.Table, list[Mark]]:
    texts = column(rows, name)
    found = instants.parsed(texts, rules.zone, rules.date_order, is_strict=is_strict)
    unreadable = flags(pc.is_null(found.at)) & flags(pc.is_valid(texts))
    early = pc.less(found.at, pa.scalar(EARLIEST, MICROSECONDS))
    outside = flags(pc.or_(early, pc.greater(found.at, pa.scalar(latest, MICROSECONDS))))

    def about(sentence: str) -> str:
        return sentence.replace("{at}", f"{{{name}}}")

    no_instant = _("“{at}” is no instant that can be read; write 2024-03-01T09:30:00+01:00 or seconds since 1970.")
    impossible = _("“{at}” is before 1990 or in the future.")
    skipped = _("The clocks skipped “{at}”; it was moved on to the jump.")
    came_twice = _("“{at}” came twice when clocks went back; the first was taken.")
    return with_column(rows, name, found.at), [
        rejected(rows, unreadable, f"{name}_unreadable", about(no_instant)),
        rejected(rows, outside, f"{name}_impossible", about(impossible)),
        repaired(rows, found.in_gap, f"{name}_skipped_hour", about(skipped)),
        repaired(rows, found.twice, f"{name}_repeated_hour", about(came_twice)),
    ]
