"""One question to a table, read from the parameters of an address: page, CSV and API answer the same one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import F, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from analytics.aggregates.period import period_from
from analytics.errors import InvalidInput
from analytics.tables.columns import Cell, Scope, TableColumn, unknown
from analytics.tables.table import Table
from analytics.tables.viewer import Viewer

PERIOD = ("period", "from", "to")
LONGEST_TEXT = 200


@dataclass(frozen=True)
class TableQuery:
    """Which rows and columns of a table, in which order."""

    table: Table
    scope: Scope
    text: str = ""
    """Searched for."""
    order: str = ""
    names: tuple[str, ...] = ()
    """Of the columns that are shown, in the order of the table."""

    @classmethod
    def read(cls, table: Table, given: QueryDict, viewer: Viewer) -> TableQuery:
        """The question of an address that people type: what is not known in it falls back to what is usual."""
        period = period_from(given, viewer.organisation) if table.has_period else None
        asked = [(each.name, given.get(each.name, "")) for each in table.filters]
        # The choices of one filter may hang on another one: they are looked at in the order of the table.
        values: list[tuple[str, str]] = []
        for (name, value), each in zip(asked, table.filters, strict=True):
            if value and each.is_choice(value, Scope(viewer, period, tuple(values))):
                values.append((name, value))
        order = given.get("sort", "")
        is_known = order.lstrip("-") in {column.name for column in table.columns if column.is_sortable}
        return cls(
            table,
            Scope(viewer, period, tuple(values)),
            given.get("q", "").strip()[:LONGEST_TEXT].replace("\0", ""),
            order if is_known and not order.startswith("--") else table.order,
            _shown(table, {part for text in given.getlist("columns") for part in text.split(",")}),
        )

    @classmethod
    def read_strictly(cls, table: Table, given: QueryDict, viewer: Viewer) -> TableQuery:
        """The same for programs: nothing is passed over.

        Raises:
            InvalidInput: a parameter is unknown, or its value is none that it may have; the pointer names it.
        """
        known = ["q", "sort", "columns", *(each.name for each in table.filters), *(PERIOD if table.has_period else ())]
        for name in given:
            if name not in known:
                raise InvalidInput(unknown(_("parameter"), name, known), name)
            if len(given.getlist(name)) > 1 and name != "columns":
                raise InvalidInput(_("This parameter was given more than once."), name)
        read = cls.read(table, given, viewer)
        columns = [column.name for column in table.columns]
        for part in (part for text in given.getlist("columns") for part in text.split(",") if part):
            if part not in columns:
                raise InvalidInput(unknown(_("column"), part, columns), "columns")
        sortable = [column.name for column in table.columns if column.is_sortable]
        if given.get("sort", "") not in {"", read.order}:
            raise InvalidInput(unknown(_("column to order by"), str(given["sort"]), sortable), "sort")
        for each in table.filters:
            value = given.get(each.name, "")
            if value and value != read.value(each.name):
                choices = [key for key, _label in each.choices(read.scope)]
                raise InvalidInput(unknown(_("choice"), value, choices[:50]), each.name)
        if missing := [name for name in table.needs if not read.value(name)]:
            raise InvalidInput(_("Say which: the parameter “%s” is missing.") % missing[0], missing[0])
        return read

    @cached_property
    def columns(self) -> list[TableColumn]:
        return [column for column in self.table.columns if column.name in self.names]

    def value(self, name: str) -> str:
        """The choice of a filter; nothing where none is made."""
        return dict(self.scope.values).get(name, "")

    @property
    def is_narrowed(self) -> bool:
        """True where the question leaves out rows that the table has."""
        return bool(self.text or [name for name, _value in self.scope.values if name not in self.table.needs])

    def found(self) -> QuerySet[Any]:
        """The rows that are asked for, without order or columns: to be counted."""
        rows = self.table.rows(self.scope)
        if any(not self.value(name) for name in self.table.needs):
            return rows.none()
        if self.text and self.table.search:
            rows = self.table.search(rows, self.text)
        for each in self.table.filters:
            if value := self.value(each.name):
                rows = each.apply(rows, value, self.scope)
        return rows

    def rows(self) -> QuerySet[Any]:
        """What is found, with the values of its columns, in its order: rows without a value come last either way."""
        chosen = self.table.column(self.order.lstrip("-"))
        wanted = {column.name: column for column in [*self.columns, chosen]}
        worked_out = {name: column.expression(self.scope) for name, column in wanted.items() if column.expression}
        key = F(chosen.name)
        is_falling = self.order.startswith("-")
        nulls_last = None if chosen.is_never_null else True
        # Ties keep one order from page to page.
        ordered = key.desc(nulls_last=nulls_last) if is_falling else key.asc(nulls_last=nulls_last)
        answer: QuerySet[Any] = self.found().annotate(**worked_out).order_by(ordered, "pk")
        return answer

    def cells(self, row: Any) -> list[Cell]:
        """A row as a page shows it."""
        cells = []
        for column in self.columns:
            value = column.value_of(row)
            cells.append(Cell(column.written(value), column, column.url(row) if column.url else "", value, row))
        return cells

    def parameters(self, **changed: str) -> str:
        """The question as the query string of an address, without what is usual; `changed` replaces parts of it."""
        usual = tuple(column.name for column in self.table.columns if column.is_shown)
        period = self.scope.period
        said = {
            "q": self.text,
            **dict(self.scope.values),
            **(period.parameters() if period else {}),
            "sort": "" if self.order == self.table.order else self.order,
            "columns": "" if self.names == usual else ",".join(self.names),
            **changed,
        }
        encoded = QueryDict(mutable=True)
        encoded.update({name: value for name, value in said.items() if value})
        return encoded.urlencode(safe=",")


def _shown(table: Table, asked: set[str]) -> tuple[str, ...]:
    """The chosen columns, or the usual ones; the first always, because it says what a row is."""
    first = table.columns[0].name
    known = {column.name for column in table.columns} & asked
    if not known:
        return tuple(column.name for column in table.columns if column.is_shown or column.name == first)
    return tuple(column.name for column in table.columns if column.name in known or column.name == first)
