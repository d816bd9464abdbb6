"""Steps on numbers: read as they are written, brought into one unit per measure, kept within what is possible."""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from analytics.imports import quantities
from analytics.imports.marks import Flags, Mark, flags, rejected, repaired, touched
from analytics.imports.steps.base import Rules, column, with_column
from analytics.models import Unit

NUMBERS = ("value", "full_mark", "grade")
WHOLE = {"position": (-(2**31) + 1, 2**31 - 1), "attempt": (1, 2**15 - 1)}
"""Columns of whole numbers, and what the database keeps of them."""


def numbers(rows: pa.Table, rules: Rules, *, is_strict: bool = False) -> tuple[pa.Table, list[Mark]]:
    """Make numbers of texts: 1.5, 1,5; 85 % and 17/20, which are shares; 1:30:00 and PT1H30M, which are seconds."""
    marks: list[Mark] = []
    for name in (name for name in NUMBERS if name in rows.column_names):
        texts = column(rows, name)
        found = quantities.numbers(texts, is_strict=is_strict)
        unreadable = flags(pc.is_valid(texts)) & ~np.isfinite(found.number)
        if name == "value":
            rows, unlike = _with_units(rows, found)
            unreadable |= unlike
        else:
            unreadable |= found.is_length
        number = np.where(found.has_percent, found.number / 100, found.number) if name == "grade" else found.number
        rows = with_column(rows, name, pa.array(number, pa.float64(), from_pandas=True))
        marks += [
            rejected(rows, unreadable, f"{name}_not_a_number", _("“{%s}” is no number.") % name),
            repaired(
                rows, found.has_comma, f"{name}_decimal_comma", _("The comma in “{%s}” was read as a point.") % name
            ),
            repaired(
                rows,
                found.has_percent,
                f"{name}_percent_sign",
                _("“{%s}” was read as a share of the full mark.") % name,
            ),
            repaired(
                rows,
                found.is_fraction,
                f"{name}_fraction",
                _("“{%s}” was read as a share of the full mark.") % name,
            ),
            repaired(rows, found.is_length, f"{name}_length", _("“{%s}” was read as a length of time.") % name),
        ]
    for name in (name for name in WHOLE if name in rows.column_names):
        if not pa.types.is_integer(rows[name].type):
            rows, mark = _whole(rows, name)
            marks.append(mark)
    return rows, marks


strict_numbers = partial(numbers, is_strict=True)


def standardise(rows: pa.Table, rules: Rules, *, is_strict: bool = False) -> tuple[pa.Table, list[Mark]]:
    """Bring values into the unit of their measure: times into seconds, percentages and marks into shares."""
    if "grade" in rows.column_names:
        return _graded(rows, rules)
    if "value" not in rows.column_names:
        return rows, []
    value = column(rows, "value").to_numpy(zero_copy_only=False)
    found = quantities.standard(value, column(rows, "unit"), is_strict=is_strict)
    unit, value = found.unit, found.value
    if "full_mark" in rows.column_names:
        full = column(rows, "full_mark").to_numpy(zero_copy_only=False)
        if rules.full_mark:
            full = np.where(np.isnan(full) & np.isin(unit, [Unit.POINTS.value]), rules.full_mark, full)
        is_marked = np.isin(unit, [Unit.NONE.value, Unit.POINTS.value]) & (full > 0) & np.isfinite(value)
        value, unit = (
            np.where(is_marked, value / np.where(full > 0, full, 1.0), value),
            np.where(is_marked, "share", unit),
        )
    is_changed = (unit != pc.fill_null(column(rows, "unit"), "").to_numpy(zero_copy_only=False)) | found.is_scaled
    rows = with_column(rows, "value", pa.array(value, pa.float64(), from_pandas=True))
    rows = with_column(rows, "unit", pa.array(unit, pa.string()))
    known = ", ".join(quantities.UNIT_WORDS)
    return rows, [
        rejected(rows, found.is_unknown, "unit_unknown", _("“{unit}” is no unit; units are: %s.") % known),
        rejected(rows, np.isinf(value), "value_not_a_number", _("“{value}” is no number.")),
        touched(rows, is_changed & ~found.is_unknown),
    ]


strict_units = partial(standardise, is_strict=True)


def bounds(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    """Shares lie in 0 to 1, times and clicks are not negative."""
    marks = []
    if "value" in rows.column_names:
        value = column(rows, "value").to_numpy(zero_copy_only=False)
        is_impossible = quantities.impossible(value, column(rows, "unit").to_numpy(zero_copy_only=False))
        sentence = _(
            "The value “{value}” is impossible: shares lie between 0 and 1, times and clicks are not negative."
        )
        marks.append(rejected(rows, is_impossible, "value_impossible", sentence))
    if "grade_share" in rows.column_names:
        share = column(rows, "grade_share")
        outside = flags(pc.or_(pc.less(share, 0), pc.greater(share, 1)))
        sentence = _("The grade “{grade}” is impossible: it is no share of 0 to 1. Say what the full mark is.")
        marks.append(rejected(rows, outside, "grade_impossible", sentence))
    return rows, marks


def _with_units(rows: pa.Table, found: quantities.Numbers) -> tuple[pa.Table, Flags]:
    """The units that values were written in, and which rows name another one that they cannot have."""
    is_unlike = np.zeros(rows.num_rows, dtype=np.bool_)
    for which, word, units in (
        (found.has_percent, "%", (Unit.SHARE,)),
        (found.is_fraction, Unit.SHARE.value, (Unit.SHARE, Unit.POINTS)),
        (found.is_length, Unit.SECONDS.value, (Unit.SECONDS,)),
    ):
        if which.any():
            unit = pc.fill_null(column(rows, "unit"), "").to_numpy(zero_copy_only=False)
            is_unlike |= which & np.array([not quantities.may_be(name, *units) for name in unit], dtype=np.bool_)
            rows = with_column(rows, "unit", pa.array(np.where(which, word, unit), pa.string()))
    return rows, is_unlike


def _graded(rows: pa.Table, rules: Rules) -> tuple[pa.Table, list[Mark]]:
    grade = column(rows, "grade").to_numpy(zero_copy_only=False)
    share = grade / rules.full_mark if rules.full_mark else grade
    rows = rows.append_column("grade_share", pa.array(share, pa.float64(), from_pandas=True))
    return rows, [touched(rows, np.isfinite(grade) & bool(rules.full_mark))]


def _whole(rows: pa.Table, name: str) -> tuple[pa.Table, Mark]:
    texts, (least, most) = column(rows, name), WHOLE[name]
    found = quantities.numbers(texts, is_strict=True).number
    is_whole = (found == np.floor(found)) & (found >= least) & (found <= most)
    wrong = flags(pc.is_valid(texts)) & ~is_whole
    whole = pa.array(np.where(is_whole, found, 0).astype(np.int64), mask=~is_whole)
    sentences = {
        "position": _("The position “{position}” is no whole number."),
        "attempt": _("The attempt “{attempt}” is no whole number from 1 on: the first attempt is 1."),
    }
    return with_column(rows, name, whole), rejected(rows, wrong, f"{name}_not_a_number", sentences[name])
