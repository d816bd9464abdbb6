"""A table as a part of a page, and as a page of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from analytics.access import MemberRequest
from analytics.models import Member
from analytics.tables.catalogue import TABLES
from analytics.tables.columns import Cell
from analytics.tables.paging import CappedPaginator, Column, Heading, Order
from analytics.tables.query import TableQuery
from analytics.tables.table import Table
from analytics.tables.viewer import Viewer


@dataclass(frozen=True)
class Choice:
    """One filter of the bar, with what is chosen."""

    name: str
    label: str | Promise
    anything: str | Promise
    value: str
    choices: list[tuple[str, str | Promise]]


@dataclass(frozen=True)
class TablePage:
    """What templates/analytics/_table.html and _filter_bar.html show."""

    query: TableQuery
    page: Page[Any]
    path: str
    kept: tuple[tuple[str, str], ...] = ()
    """Parameters of the page that are none of the table's, kept in its links and its form."""

    @property
    def table(self) -> Table:
        return self.query.table

    @cached_property
    def lines(self) -> list[list[Cell]]:
        return [self.query.cells(row) for row in self.page]

    @property
    def has_rows(self) -> bool:
        """False where the table itself is empty: the page says then how it is filled."""
        return bool(self.lines) or self.query.is_narrowed

    @property
    def has_search(self) -> bool:
        return self.table.search is not None

    @property
    def headings(self) -> list[Heading]:
        shown = [Column(column.name, column.label, column.is_number) for column in self.query.columns]
        return Order(shown, self.query.order).headings()

    @property
    def sort_links(self) -> list[tuple[Heading, str]]:
        """Each heading with its address; none where nothing can be ordered by it."""
        sortable = {column.name for column in self.query.columns if column.is_sortable}
        return [
            (heading, self.address(sort=heading.sort) if heading.column.name in sortable else "")
            for heading in self.headings
        ]

    @property
    def filters(self) -> list[Choice]:
        return [
            Choice(each.name, each.label, each.anything, self.query.value(each.name), choices)
            for each in self.table.filters
            if each.name not in self.table.needs and (choices := list(each.choices(self.query.scope)))
        ]

    @property
    def column_choices(self) -> list[tuple[str, str | Promise, bool]]:
        """Name, label and whether it is shown; the first column cannot be left out."""
        return [(column.name, column.label, column.name in self.query.names) for column in self.table.columns[1:]]

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What the form of the filters sends along: the period, the order, and what belongs to the page."""
        period, order = self.query.scope.period, self.query.order
        told = [*self.kept, *(period.parameters().items() if period else ())]
        return told if order == self.table.order else [*told, ("sort", order)]

    @property
    def csv_url(self) -> str:
        return f"{reverse('table_csv', args=[self.table.name])}?{self.query.parameters()}"

    @property
    def api_url(self) -> str:
        return f"{reverse('api_table', args=[self.table.name])}?{self.query.parameters()}"

    @property
    def previous_url(self) -> str:
        return self.address(page=str(self.page.previous_page_number()))

    @property
    def next_url(self) -> str:
        return self.address(page=str(self.page.next_page_number()))

    def address(self, **changed: str) -> str:
        """This page with another order, page or filter: everything that is chosen stands in it."""
        asked = self.query.parameters(**dict(self.kept), **dict.fromkeys(self.table.needs, ""), **changed)
        return f"{self.path}?{asked}" if asked else self.path

    @property
    def here(self) -> str:
        return self.address(page=str(self.page.number) if self.page.number > 1 else "")

    @property
    def everything(self) -> str:
        """The same table without search and filters."""
        names = ["q", *(each.name for each in self.table.filters if each.name not in self.table.needs)]
        return self.address(**dict.fromkeys(names, ""))


def table_page(
    request: MemberRequest, name: str, fixed: dict[str, str] | None = None, keep: Sequence[str] = ()
) -> TablePage:
    """The table as the address asks for it; `fixed` sets filters by the page itself, `keep` names parameters of it."""
    given: QueryDict = request.GET.copy()
    for parameter, value in (fixed or {}).items():
        given[parameter] = value
    query = TableQuery.read(TABLES[name], given, Viewer.of(request.member))
    # Counted without columns and order, which a count does not need.
    paginator = CappedPaginator(query.rows(), settings.NEURALINK_PAGE_ROWS)
    paginator.counted_rows = query.found()
    kept = tuple((parameter, request.GET[parameter]) for parameter in keep if request.GET.get(parameter))
    return TablePage(query, paginator.get_page(request.GET.get("page")), request.path, kept)


def with_address(response: HttpResponse, shown: TablePage) -> HttpResponse:
    """A fragment that tells htmx its short address, without the empty fields of the form."""
    response["HX-Push-Url"] = shown.here
    return response


def wants_fragment(request: HttpRequest) -> bool:
    """True for htmx asking for a part; a page that it restores from history must be whole."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.history_restore_request


def list_page(
    request: MemberRequest, name: str, template: str, context: Callable[[], dict[str, Any]] = dict
) -> HttpResponse:
    """The page about one table, or only the table where its bar asks for it; `context` is what else the page shows."""
    shown = table_page(request, name)
    if wants_fragment(request):
        return with_address(render(request, "analytics/_table.html", {"shown": shown}), shown)
    return render(request, template, {"shown": shown, "page": shown.page, **context()})


def table_for(name: str, member: Member) -> Table:
    """The table, if the member's role may see it.

    Raises:
        Http404: there is none of this name.
        PermissionDenied: the role may not.
    """
    if name not in TABLES:
        raise Http404(_("There is no table named %(name)s.") % {"name": name})
    if member.role not in TABLES[name].roles:
        raise PermissionDenied(_("Your role does not open this page."))
    return TABLES[name]
