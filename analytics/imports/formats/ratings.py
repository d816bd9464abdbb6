"""Ratings and other interactions: who met what, perhaps how it was liked, perhaps when.

Where there is no time, the order alone is taken: with a column `position` a row's event happened so many hours after
`first_at`, without one so many seconds as rows stand before it in the file. Such times are right in their order only.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from analytics.errors import InvalidInput
from analytics.imports.formats.base import Option, Target
from analytics.imports.formats.mapped import COLUMNS, DATES, DEFAULT_KIND, READING, Mapped
from analytics.imports.instants import MICROSECONDS
from analytics.imports.marks import Mark, placed, rejected
from analytics.imports.quantities import numbers
from analytics.imports.tables.base import Parsed
from analytics.models import Unit, Verb

FIRST_AT = "2000-01-01"
HOUR, SECOND = np.timedelta64(1, "h"), np.timedelta64(1, "s")
MOST_POSITIONS = 1_000_000


class Ratings(Mapped):
    label = gettext_noop("Ratings, or learner and activity in order")
    implies_enrolment = True
    target = Target.EVENTS
    required = ("learner", "activity")
    optional = ("rating", "at", "position", "kind", "course", "name", "learner_name", "id")
    instants = ("at",)
    options = (
        COLUMNS,
        *READING,
        *DATES,
        DEFAULT_KIND,
        Option("verb", gettext_noop("what rows without a rating say; “viewed” if not given"), tuple(Verb.values)),
        Option(
            "first_at",
            gettext_noop("day from which times are made where there is only an order; 2000-01-01 if not given"),
        ),
    )

    def check(self) -> None:
        super().check()
        self._first_at()

    def arranged(self, parsed: Parsed) -> tuple[pa.Table, list[Mark]]:
        rows, marks = super().arranged(parsed)
        if "at" not in self.mapping:
            at, found = self._at(rows, parsed)
            rows, marks = rows.append_column("at", at), [*marks, *found]
        rating = rows["rating"].combine_chunks() if "rating" in self.mapping else pa.nulls(rows.num_rows, pa.string())
        is_rated = pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(pc.fill_null(rating, ""))), 0)
        unrated = self.given.get("verb", Verb.VIEWED.value)
        columns = {
            "value": rating,
            "verb": pc.if_else(is_rated, Verb.RATED.value, unrated),
            "unit": pc.if_else(is_rated, Unit.STARS.value, ""),
        }
        for name, column in columns.items():
            rows = rows.append_column(name, column)
        return rows.drop_columns([name for name in ("rating", "position") if name in self.mapping]), marks

    def _at(self, rows: pa.Table, parsed: Parsed) -> tuple[pa.Array, list[Mark]]:
        """(n,) instants made of the order, and the rows that have no place in it."""
        first = np.datetime64(self._first_at(), "us")
        if "position" not in self.mapping:
            return pa.array(first + (parsed.row_numbers - 1) * SECOND).cast(MICROSECONDS), []
        texts = pc.utf8_trim_whitespace(rows["position"].combine_chunks())
        number = numbers(texts, is_strict=True).number
        wrong = ~((number >= 0) & (number <= MOST_POSITIONS))
        at = pa.array(first + np.where(wrong, 0, number).astype(np.int64) * HOUR).cast(MICROSECONDS)
        sentence = (
            _("The position “{%s}” is no number from 0 to a million.") % self.table.columns[self.mapping["position"]]
        )
        return at, [rejected(placed(rows), wrong, "position_not_a_number", sentence)]

    def _first_at(self) -> datetime:
        told = self.given.get("first_at", FIRST_AT)
        try:
            day = datetime.fromisoformat(str(told))
        except ValueError as error:
            raise InvalidInput(
                _("%(told)r is no day; write for example 2024-09-01.") % {"told": told}, "first_at"
            ) from error
        return day.astimezone(UTC).replace(tzinfo=None) if day.tzinfo else day
