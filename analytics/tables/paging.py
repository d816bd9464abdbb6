"""Pages of a list and the order of its columns, both done by the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise

COUNTED_ROWS = 10_000
"""Further rows are not counted and not shown: whoever looks for one of them searches."""


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # generic in the stubs only
    """Counts no further than COUNTED_ROWS, so that a page of a large list costs no count of all of it."""

    counted_rows: QuerySet[Any] | None = None
    """Where the rows are shown with columns that their count does not need: the same rows without."""

    @cached_property
    def count(self) -> int:
        return min(self._counted, COUNTED_ROWS)

    @property
    def is_capped(self) -> bool:
        return self._counted > COUNTED_ROWS

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list if self.counted_rows is None else self.counted_rows
        return int(rows.order_by()[: COUNTED_ROWS + 1].count())


@dataclass(frozen=True)
class Column:
    """One column that a list can be ordered by."""

    name: str
    """As in the address; the annotation or field that is ordered by."""
    label: str | Promise
    is_number: bool = False
    """Right-aligned, and largest first at the first click."""


@dataclass(frozen=True)
class Heading:
    column: Column
    sort: str
    """Value of the parameter `sort` that a click asks for."""
    aria_sort: str
    """"ascending", "descending" or "" where the list is ordered by another column."""


@dataclass(frozen=True)
class Order:
    columns: Sequence[Column]
    chosen: str
    """A column's name, with "-" for the largest first."""

    def apply(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Rows without a value come last either way; ties keep one order from page to page."""
        column = F(self.chosen.lstrip("-"))
        is_falling = self.chosen.startswith("-")
        return rows.order_by(column.desc(nulls_last=True) if is_falling else column.asc(nulls_last=True), "pk")

    def headings(self) -> list[Heading]:
        return [self._heading(column) for column in self.columns]

    def _heading(self, column: Column) -> Heading:
        falling = f"-{column.name}"
        first, second = (falling, column.name) if column.is_number else (column.name, falling)
        directions = {column.name: "ascending", falling: "descending"}
        return Heading(column, second if self.chosen == first else first, directions.get(self.chosen, ""))


def order_of(request: HttpRequest, columns: Sequence[Column], default: str) -> Order:
    """The order that the address asks for, or the default if it names no column."""
    asked = request.GET.get("sort", "")
    return Order(columns, asked if asked.lstrip("-") in {column.name for column in columns} else default)


def page_of(request: HttpRequest, rows: QuerySet[Any], parameter: str = "page") -> Page[Any]:
    """The page that the address asks for; the nearest one there is for what is no page."""
    return CappedPaginator(rows, settings.NEURALINK_PAGE_ROWS).get_page(request.GET.get(parameter))
