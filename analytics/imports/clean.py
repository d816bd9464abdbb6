"""Cleaning: named steps, each taking the rows and giving them back with its marks on those it touched.

A row is kept, kept after a repair, or rejected; a repair or a rejection has a code and a sentence. Texts repeat
themselves in learning data, so steps work on the distinct values of a column wherever they can.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from analytics.imports import instants, quantities
from analytics.imports.marks import Mark, flags, placed, rejected, rejected_once, repaired, still_told, without_rejected
from analytics.imports.vocabulary import MISSING, kind_of, verb_of
from analytics.models import Kind, Verb

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
ID_CHARACTERS = 500
"""Longer ids would not fit the unique indexes (2,704 bytes at 4 bytes a character)."""
NAME_CHARACTERS = 1000
IDS = ("learner", "activity", "course", "id")
NAMES = ("name", "learner_name")
TEXTS = (*IDS, *NAMES, "verb", "at", "value", "unit", "kind")


@dataclass(frozen=True)
class Rules:
    """What cleaning depends on beside the rows."""

    zone: ZoneInfo
    default_kind: Kind
    now: datetime
    date_order: str = ""
    """What comes first in dates of figures; "" where there are none."""


@dataclass(frozen=True)
class Cleaned:
    rows: pa.Table
    """The rows that were kept, with their PLACE."""
    marks: list[Mark]


Step = Callable[[pa.Table, Rules], tuple[pa.Table, list[Mark]]]


def clean(rows: pa.Table, rules: Rules, steps: Sequence[Step], marks: Sequence[Mark] = ()) -> Cleaned:
    """Pass (n,) rows of text through the steps; columns that are typed already pass as they are.

    `marks` are those that the reader itself made.
    """
    told = rejected_once(marks)
    rows = without_rejected(placed(rows), told)
    for step in steps:
        rows, found = step(rows, rules)
        found = rejected_once(found)
        rows = without_rejected(rows, found)
        told += found
    return Cleaned(rows, still_told(told, rows))


def complete(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    """Give events the columns that the source does not have, empty."""
    for name in TEXTS:
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.nulls(rows.num_rows, pa.string()))
    return rows, []


def trim(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    """Cut white space, compose accents (NFC), and take words for nothing as nothing (null)."""

    def plain(texts: pa.Array, missing: list[str]) -> pa.Array:
        texts = pc.utf8_trim_whitespace(pc.utf8_normalize(texts, form="NFC"))
        return pc.if_else(pc.is_in(pc.utf8_lower(texts), pa.array(missing)), None, texts)

    for name in rows.column_names:
        if pa.types.is_string(rows[name].type):
            # There are people whose name is Nan or Null.
            missing = [""] if name in NAMES else sorted(MISSING)
            rows = _with(rows, name, _by_distinct(_column(rows, name), partial(plain, missing=missing)))
    return rows, []


def named(*required: str) -> Step:
    """Make the step that wants ids, and ids and texts that PostgreSQL can keep."""

    def ids(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
        marks = []
        for name in required:
            missing = flags(pc.is_null(_column(rows, name)))
            marks.append(rejected(rows, missing, f"{name}_missing", _("The row names no %s.") % name))
        for name in (name for name in IDS if name in rows.column_names):
            long = flags(pc.greater(pc.utf8_length(_column(rows, name)), ID_CHARACTERS))
            sentence = _("The %(name)s id is longer than %(most)s characters.") % {"name": name, "most": ID_CHARACTERS}
            marks.append(rejected(rows, long, f"{name}_too_long", sentence))
        for name in (name for name in rows.column_names if pa.types.is_string(rows[name].type)):
            nul = flags(pc.match_substring(_column(rows, name), "\0"))
            marks.append(rejected(rows, nul, "nul_character", _("The row holds a NUL character, which no text has.")))
        return rows, marks

    return ids


def verbs(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    """Map verbs by their synonyms; one that has none is kept as “other”."""
    texts = _column(rows, "verb")
    missing = flags(pc.is_null(texts))
    known = _by_distinct(texts, lambda words: pa.array([verb_of(word) for word in words.to_pylist()], pa.string()))
    unknown = flags(pc.is_null(known)) & ~missing
    return _with(rows, "verb", pc.fill_null(known, Verb.OTHER.value)), [
        rejected(rows, missing, "verb_missing", _("The row has no verb.")),
        repaired(rows, unknown, "verb_unknown", _("The verb “{verb}” is not known; it was kept as “other”.")),
    ]


def times(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    """Parse instants; an event can be neither older than 1990 nor later than tomorrow."""
    found = instants.parsed(_column(rows, "at"), rules.zone, rules.date_order)
    latest = rules.now + timedelta(days=1)
    missing = flags(pc.is_null(_column(rows, "at")))
    unreadable = flags(pc.is_null(found.at)) & ~missing
    early = pc.less(found.at, pa.scalar(EARLIEST, instants.MICROSECONDS))
    outside = flags(pc.or_(early, pc.greater(found.at, pa.scalar(latest, instants.MICROSECONDS))))
    return _with(rows, "at", found.at), [
        rejected(rows, missing, "at_missing", _("The row does not say when.")),
        rejected(
            rows,
            unreadable,
            "at_unreadable",
            _("“{at}” is no instant that can be read; write 2024-03-01T09:30:00+01:00 or seconds since 1970."),
        ),
        rejected(rows, outside, "at_impossible", _("“{at}” is before 1990 or in the future.")),
        repaired(rows, found.in_gap, "at_skipped_hour", _("The clocks skipped “{at}”; it was moved on to the jump.")),
        repaired(
            rows, found.twice, "at_repeated_hour", _("“{at}” came twice when clocks went back; the first was taken.")
        ),
    ]


def values(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    """Make numbers of values and known units of units; shares lie in 0 to 1, times and clicks are not negative."""
    found = quantities.parsed(_column(rows, "value"), _column(rows, "unit"))
    cleaned = _with(rows, "value", pa.array(found.value, pa.float64(), from_pandas=True))
    known = ", ".join(quantities.UNIT_WORDS)
    return _with(cleaned, "unit", pa.array(found.unit, pa.string())), [
        rejected(rows, found.is_unknown, "unit_unknown", _("“{unit}” is no unit; units are: %s.") % known),
        rejected(rows, found.is_unreadable, "value_not_a_number", _("The value “{value}” is no number.")),
        rejected(
            rows,
            found.is_impossible,
            "value_impossible",
            _("The value “{value}” is impossible: shares lie between 0 and 1, times and clicks are not negative."),
        ),
        repaired(rows, found.has_comma, "value_decimal_comma", _("The comma in “{value}” was read as a point.")),
        repaired(rows, found.has_percent, "value_percent_sign", _("“{value}” was read as a share of the full mark.")),
    ]


def kinds(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    """What an activity is that is met for the first time."""
    texts = _column(rows, "kind")
    known = _by_distinct(texts, lambda words: pa.array([kind_of(word) for word in words.to_pylist()], pa.string()))
    unknown = flags(pc.is_valid(texts)) & flags(pc.is_null(known))
    sentence = _("The kind “{kind}” is not known; “%s” was taken.") % rules.default_kind.value
    rows = _with(rows, "kind", pc.fill_null(known, rules.default_kind.value))
    return rows, [repaired(rows, unknown, "kind_unknown", sentence)]


def names(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    marks = []
    for name in NAMES:
        texts = _column(rows, name)
        long = flags(pc.greater(pc.utf8_length(texts), NAME_CHARACTERS))
        marks.append(repaired(rows, long, f"{name}_cut", _("The name was cut to %s characters.") % NAME_CHARACTERS))
        rows = _with(rows, name, pc.utf8_slice_codeunits(texts, 0, NAME_CHARACTERS))
    return rows, marks


EVENTS: tuple[Step, ...] = (complete, trim, named("learner", "activity"), verbs, times, values, kinds, names)
ACTIVITIES: tuple[Step, ...] = (trim, named("activity"), kinds)
ENROLMENTS: tuple[Step, ...] = (trim, named("learner", "course"))


def _column(rows: pa.Table, name: str) -> pa.Array:
    """(n,) the column as one array."""
    return rows[name].combine_chunks()


def _with(rows: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return rows.set_column(rows.column_names.index(name), name, column)


def _by_distinct(column: pa.Array, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    coded = column.dictionary_encode()
    return change(coded.dictionary).take(coded.indices)
