"""What a table is made of: columns that can be shown, ordered by and exported, and filters with their choices."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Any

from django.db.models import F, QuerySet, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, NullIf
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.aggregates.period import Period
from analytics.tables.viewer import Viewer
from analytics.words import chance, duration, number, percent

NOTHING = "–"


@dataclass(frozen=True)
class Scope:
    """What columns and filters may ask about the question that they are part of."""

    viewer: Viewer
    period: Period | None = None
    values: tuple[tuple[str, str], ...] = ()
    """The filters that are set: name and value."""


class Form(StrEnum):
    """How a value is written on a page. Exports hold it as it is."""

    TEXT = "text"
    CODE = "code"
    COUNT = "count"
    DECIMAL = "decimal"
    SHARE = "share"
    FIGURE = "figure"
    CHANCE = "chance"
    DAY = "day"
    INSTANT = "instant"
    SECONDS = "seconds"
    BYTES = "bytes"


NUMBERS = frozenset(set(Form) - {Form.TEXT, Form.CODE})
"""Right-aligned, and largest first at the first click."""


def _day(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        value = localtime(value)
    return date_format(value, "SHORT_DATE_FORMAT")


WRITTEN: dict[Form, Callable[[Any], str]] = {
    Form.TEXT: str,
    Form.CODE: str,
    Form.COUNT: number,
    Form.DECIMAL: lambda value: number(value, 1),
    Form.SHARE: percent,
    Form.FIGURE: lambda value: number(value, 4),
    Form.CHANCE: chance,
    Form.DAY: _day,
    Form.INSTANT: lambda value: date_format(localtime(value), "SHORT_DATETIME_FORMAT"),
    Form.SECONDS: duration,
    Form.BYTES: filesizeformat,
}
Expression = Callable[[Scope], Combinable]


@dataclass(frozen=True)
class TableColumn:
    """One column: in the address, in the head of the page's table, in the first line of the CSV, in the API."""

    name: str
    """Of the row's field or annotation too, unless `value` says otherwise."""
    label: str | Promise
    form: Form = Form.TEXT
    expression: Expression | None = None
    """What the database works out; None where the rows have it. It is asked only for columns shown or ordered by."""
    value: Callable[[Any], Any] | None = None
    url: Callable[[Any], str] | None = None
    """Where the cell of a row leads."""
    choices: Callable[[], dict[str, str | Promise]] | None = None
    """Words for values that are names."""
    template: str = ""
    """Of a page's cell that is more than a text; it takes `cell`."""
    is_long: bool = False
    """A sentence, for which a cell may have several lines."""
    is_shown: bool = True
    """Before anybody chooses columns. The first column of a table is always shown."""
    is_sortable: bool = True
    is_never_null: bool = False
    """No row is without a value. Said of what an index has in order: it would have nulls at the other end."""

    @property
    def is_number(self) -> bool:
        return self.form in NUMBERS

    def value_of(self, row: Any) -> Any:
        return self.value(row) if self.value else getattr(row, self.name)

    def written(self, value: Any) -> str:
        if value in {None, ""}:
            return NOTHING
        if self.choices is not None:
            return str(self.choices().get(value, value))
        return WRITTEN[self.form](value)


def who(path: str, label: str | Promise) -> TableColumn:
    """The login of the member that a row names by `path`; the server, where nobody asked for it."""
    login = f"{path}__login__username"
    return TableColumn(
        "by_login", label, expression=lambda scope: F(login), value=lambda row: row.by_login or _("the server")
    )


def learner_name(path: str) -> Expression:
    """What a list of rows that name a learner is ordered by: the name, or the id where there is none."""
    name = NullIf(f"{path}__name", Value("", output_field=TextField()))
    return lambda scope: Coalesce(name, f"{path}__external_id", output_field=TextField())


def learner_columns(path: str) -> list[TableColumn]:
    """Name, which leads to the portrait, and id of the learner whom rows name by `path`."""
    learner_of = attrgetter(path.replace("__", "."))
    return [
        TableColumn(
            "name",
            gettext_lazy("Learner"),
            expression=learner_name(path),
            value=lambda row: str(learner_of(row)),
            url=lambda row: reverse("learner_page", args=[learner_of(row).pk]),
        ),
        TableColumn(
            "external_id",
            gettext_lazy("Id"),
            Form.CODE,
            lambda scope: F(f"{path}__external_id"),
            value=lambda row: learner_of(row).shown_id,
            is_shown=False,
        ),
    ]


def when(
    name: str, label: str | Promise, expression: Expression | None = None, is_never_null: bool = False
) -> TableColumn:
    """An instant, told as how long ago it was."""
    template = "analytics/_instant_cell.html"
    return TableColumn(name, label, Form.INSTANT, expression, template=template, is_never_null=is_never_null)


@dataclass(frozen=True)
class Cell:
    text: str
    column: TableColumn
    url: str = ""
    value: Any = None
    row: Any = None


@dataclass(frozen=True)
class TableFilter:
    """A choice that leaves some of the rows."""

    name: str
    label: str | Promise
    anything: str | Promise
    """What the list says where nothing is chosen."""
    choices: Callable[[Scope], Sequence[tuple[str, str | Promise]]]
    apply: Callable[[QuerySet[Any], str, Scope], QuerySet[Any]]
    admits: Callable[[str, Scope], bool] | None = None
    """Whether a value may be chosen, where the choices are only the first of many; None: it must be among them."""

    def is_choice(self, value: str, scope: Scope) -> bool:
        if self.admits is not None:
            return self.admits(value, scope)
        return value in {key for key, _label in self.choices(scope)}


def field_filter(field: str, label: str | Promise, anything: str | Promise, choices: Any) -> TableFilter:
    """One value of a field that has few."""
    return TableFilter(
        field, label, anything, lambda scope: list(choices), lambda rows, value, scope: rows.filter(**{field: value})
    )


def plain(value: Any) -> Any:
    """A value as CSV and JSON hold it: dates in ISO 8601, instants in UTC."""
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, datetime.date) else value


def unknown(kind: str, given: str, known: Sequence[str]) -> str:
    """The sentence for a name that is none of those known."""
    return _("There is no %(kind)s “%(given)s” here. Known: %(known)s.") % {
        "kind": kind,
        "given": given,
        "known": ", ".join(known),
    }
