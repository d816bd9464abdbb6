"""A table by name: which rows, columns and filters it has, and who may ask for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.models import Role
from analytics.models import Scope as KeyScope
from analytics.tables.columns import Scope, TableColumn, TableFilter

STAFF = (Role.ADMINISTRATOR, Role.MODEL_OWNER, Role.INSTRUCTOR)


@dataclass
class Table:
    """What is declared once and asked for as a page, as CSV and by the API."""

    name: str
    label: str | Promise
    url_name: str
    """The page that shows it."""
    rows: Callable[[Scope], QuerySet[Any]]
    """Only what the viewer may see, whatever else is asked."""
    columns: list[TableColumn]
    order: str
    """The column that it is ordered by before anybody chooses, with "-" for the largest first."""
    filters: list[TableFilter] = field(default_factory=list)
    search: Callable[[QuerySet[Any], str], QuerySet[Any]] | None = None
    search_label: str | Promise = _("Search name or id")
    has_period: bool = False
    needs: tuple[str, ...] = ()
    """Filters without which there are no rows: the course of a course's learners."""
    roles: Sequence[Role] = STAFF
    key_scope: KeyScope | None = KeyScope.LEARNERS_READ
    """What a key needs to read it; None: no key may."""
    has_views: bool = False
    """Whether filters, order and columns can be kept under a name."""

    def column(self, name: str) -> TableColumn:
        return next(column for column in self.columns if column.name == name)

    def extend(
        self, columns: Sequence[TableColumn] = (), filters: Sequence[TableFilter] = (), before: str = ""
    ) -> None:
        """Add columns (in front of the one named) and filters; twice is as once."""
        known = {column.name for column in self.columns} | {each.name for each in self.filters}
        names = [column.name for column in self.columns]
        place = names.index(before) if before in names else len(names)
        self.columns[place:place] = [column for column in columns if column.name not in known]
        self.filters.extend(each for each in filters if each.name not in known)
