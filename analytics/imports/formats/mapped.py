"""Formats of one table with a row per thing: which column of the file holds what is told by name, or by option."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pyarrow as pa
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from analytics.errors import InvalidInput
from analytics.imports import dates, instants
from analytics.imports.formats.base import Batch, Format, Option, Target
from analytics.imports.marks import Mark
from analytics.imports.quantities import NUMBER, UNIT_WORDS
from analytics.imports.rejected import as_sent
from analytics.imports.tables.base import Parsed, Position, Table
from analytics.imports.tables.encodings import ENCODINGS
from analytics.imports.tables.opened import open_table
from analytics.models import Verb

READING = (
    Option("delimiter", gettext_noop("what separates the columns; found out if not given"), (",", ";", "\t", "|")),
    Option("encoding", gettext_noop("how letters are written; found out if not given"), ENCODINGS),
    Option("sheet", gettext_noop("which sheet of a workbook; the first with a header if not given")),
)
DATES = (
    Option("date_order", gettext_noop("what 03/04/2025 means: dmy is the 3rd of April, mdy March 4th"), dates.ORDERS),
    Option("time_zone", gettext_noop("zone of instants that name none; the organisation's if not given")),
)
DEFAULT_KIND = Option("default_kind", gettext_noop("kind of the activities whose row names none; “other” if not given"))


FILLING = (
    Option(
        "default_verb", gettext_noop("verb of rows that name none; they are rejected if not given"), tuple(Verb.values)
    ),
    Option("default_unit", gettext_noop("unit of values that have none; none if not given"), UNIT_WORDS),
    Option("default_value", gettext_noop("value of rows that have none, for example 1; none if not given")),
    Option("default_course", gettext_noop("id of the course of rows that name none; none if not given")),
    Option("default_at", gettext_noop("time of rows that name none, as 2024-03-01; they are rejected if not given")),
)
FILLED = {"verb": "default_verb", "at": "default_at"}
"""A file needs no column for what the import states for all of its rows."""
FULL_MARK = Option("full_mark", gettext_noop("what points are a share of, where a row does not say; for example 100"))
COLUMNS = Option("columns", gettext_noop("which column of the file holds what, as {“learner”: “user_id”, ...}"))
SHOWN_COLUMNS = 50
SEEN_ROWS = 20_000
"""So many rows are looked through for a date that settles the order of all."""


class Mapped(Format):
    target: ClassVar[Target]
    required: ClassVar[tuple[str, ...]]
    optional: ClassVar[tuple[str, ...]] = ()
    instants: ClassVar[tuple[str, ...]] = ()
    """Those of the columns that hold instants."""

    def files(self) -> list[Path]:
        return [self.path]

    def check(self) -> None:
        if not self.path.is_file():
            raise InvalidInput(_("There is no file %(path)s.") % {"path": self.path}, "file")
        self.mapping  # noqa: B018  (finding the columns is the check)
        self.date_order  # noqa: B018

    def verify(self) -> None:
        self.table.source.verify()

    @cached_property
    def table(self) -> Table:
        return open_table(self.path, dict(self.given))

    @cached_property
    def mapping(self) -> dict[str, int]:
        """Which of our columns is which of the file's, by its place."""
        wanted = self.given.get("columns") or {}
        self._check_names(wanted)
        claimed = {str(source).lower() for source in wanted.values()}
        places: dict[str, int] = {}
        for name in self.required + self.optional:
            source = str(wanted.get(name, name))
            found = [place for place, column in enumerate(self.table.columns) if column == source]
            found = found or [p for p, column in enumerate(self.table.columns) if column.lower() == source.lower()]
            if name not in wanted and name not in self.required and source.lower() in claimed:
                continue  # it is named as something else: a file's `course` that is the activity is no course of it
            if len(found) > 1:
                raise InvalidInput(_("The header names the column %(name)r twice.") % {"name": source}, "columns")
            if found:
                places[name] = found[0]
            elif name in wanted or (name in self.required and name not in self.stated(self.given)):
                raise InvalidInput(self._missing(name, source), "columns")
        return places

    @classmethod
    def stated(cls, options: Mapping[str, Any]) -> set[str]:
        """The required columns that an import with these options can do without."""
        known = {option.name for option in cls.options}
        return {name for name, option in FILLED.items() if option in known and options.get(option)}

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        super().check_options(options)
        for name in ("default_value", "full_mark"):
            text = str(options.get(name, "0") or "0")
            if not re.fullmatch(NUMBER, text) or not math.isfinite(float(text)):
                raise InvalidInput(
                    _("The option %(name)s must be a number, but it is %(value)r.") % {"name": name, "value": text},
                    name,
                )
        told = str(options.get("default_at") or "")
        if told and instants.parsed(pa.array([told]), ZoneInfo("UTC")).at[0].as_py() is None:
            raise InvalidInput(
                _("The option default_at must be a time such as 2024-03-01T09:30, but it is %(value)r.")
                % {"value": told},
                "default_at",
            )

    @cached_property
    def date_order(self) -> str:
        """What stands first in dates of figures: as told, or as the first rows settle it; "" if there are none.

        Raises:
            InvalidInput: dates of figures could be read in several ways, and nothing was told.
        """
        if told := self.given.get("date_order"):
            return str(told)
        first = next(self.table.parsed({}, SEEN_ROWS), None)
        names = [name for name in self.instants if name in self.mapping]
        if first is None or not names:
            return ""
        places = [self.mapping[name] for name in names]
        order, shown = dates.open_order(pa.concat_arrays([first.table.column(n).combine_chunks() for n in places]))
        if order is None:
            raise self._open_dates(", ".join(self.table.columns[place] for place in places), shown)
        return order

    def batches(self, position: Position) -> Iterator[Batch]:
        for came in self.table.parsed(position, self.batch_rows):
            parsed = replace(came, table=as_sent(came.table))
            rows, marks = self.arranged(parsed)
            yield Batch(
                target=self.target,
                file_name=self.path.name,
                rows=rows,
                raw=parsed.table,
                row_numbers=parsed.row_numbers,
                position=parsed.position,
                share=parsed.share,
                broken=parsed.broken,
                marks=marks,
            )

    def arranged(self, parsed: Parsed) -> tuple[pa.Table, list[Mark]]:
        """The (n,) rows in our columns, and marks on them."""
        return parsed.table.select(list(self.mapping.values())).rename_columns(list(self.mapping)), []

    @classmethod
    def fitness(cls, rows: pa.Table) -> float:
        """Files that have all that is required, the more of it the better, and then what else is known."""
        there = {name.lower() for name in rows.column_names}
        if not there.issuperset(cls.required):
            return 0.0
        n_known = len(there.intersection(cls.required + cls.optional))
        return 0.2 + 0.05 * len(cls.required) + 0.01 * n_known

    def _check_names(self, wanted: Mapping[str, Any]) -> None:
        for name in wanted:
            if name not in self.required + self.optional:
                raise InvalidInput(
                    _("The format has no column %(name)r. Its columns are: %(known)s.")
                    % {"name": name, "known": ", ".join(self.required + self.optional)},
                    "columns",
                )

    def _missing(self, name: str, source: str) -> str:
        there = ", ".join(self.table.columns[:SHOWN_COLUMNS])
        if name == source:
            return _(
                "The file %(file)s has no column %(name)r. Its columns are: %(there)s. "
                "Say which of them it is with --column %(name)s=..."
            ) % {"file": self.path.name, "name": name, "there": there}
        return _("The file %(file)s has no column %(source)r for %(name)s. Its columns are: %(there)s.") % {
            "file": self.path.name,
            "source": source,
            "name": name,
            "there": there,
        }

    def _open_dates(self, column: str, shown: Sequence[str]) -> InvalidInput:
        return InvalidInput(
            _(
                "The dates in the column “%(column)s” can be read in several ways, for example %(shown)s. Say what "
                "comes first with the option date_order: dmy (day, month, year), mdy or ymd."
            )
            % {"column": column, "shown": ", ".join(shown)},
            "date_order",
        )
