"""A question asked: cells with their words, holes of time filled, beside the period before, and how many are hidden."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.aggregates.explore.cells import MOST_CELLS, Cell
from analytics.aggregates.explore.dimensions import BY
from analytics.aggregates.explore.patience import cells_of
from analytics.aggregates.explore.question import Question
from analytics.aggregates.explore.sources import STATISTICS
from analytics.aggregates.measures import MEASURES, Measure
from analytics.aggregates.period import SPANS
from analytics.aggregates.segments import LEVELS
from analytics.models import Activity, Kind, Outcome, Verb
from analytics.words import number

ADDITIVE = {"events", "completions", "hours", "clicks", "results"}
"""Measures whose cells add up; a learner or a day may stand in several."""


ORDERS: dict[str, list[str]] = {"outcome": list(Outcome.values), "level": [level.name for level in LEVELS]}


@dataclass(frozen=True)
class Answer:
    question: Question
    cells: list[Cell]
    before: dict[Any, float | None] = field(default_factory=dict)
    """By key, of the period before; by its place where keys are times."""
    names: dict[Any, str] = field(default_factory=dict)
    """Of courses, by id."""
    is_cut: bool = False
    counted_at: datetime | None = None
    """When the cells were counted, where something changed since that is still being counted."""

    @property
    def measure(self) -> Measure:
        return MEASURES[self.question.measure]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(STATISTICS) if self.question.shown == "statistics" else ("value",)

    def is_partial(self, key: Any) -> bool:
        """True of a day, week or month that the period cuts, or that is not over: it would look like a fall."""
        by = self.question.by
        if by not in {"day", *SPANS} or not isinstance(key, date):
            return False
        period, organisation = self.question.period, self.question.organisation
        first_on, last_on = SPANS[by](key) if by in SPANS else (key, key)
        is_running = period.last_on == organisation.now().astimezone(UTC).date() and organisation.as_of is None
        is_cut_at_the_start = first_on < period.first_on and not period.is_everything
        return is_cut_at_the_start or last_on > period.last_on or (is_running and last_on == period.last_on)

    @property
    def total(self) -> float | None:
        """Of all cells, where they add up and none is hidden or left out."""
        is_sum = self.measure.name in ADDITIVE and self.question.shown == "total"
        if not is_sum or self.n_hidden or self.is_cut:
            return None
        return sum(cell.value or 0.0 for cell in self.cells)

    @property
    def n_hidden(self) -> int:
        return sum(cell.is_hidden for cell in self.cells)

    @property
    def note(self) -> str:
        """What is not shown, and why; nothing where everything is."""
        told = []
        if self.n_hidden:
            words = ngettext(
                "%(n)s cell is hidden: it, or one that it could be worked out from, has fewer than %(least)s learners.",
                "%(n)s cells are hidden: they, or others that they could be worked out from, have fewer than"
                " %(least)s learners.",
                self.n_hidden,
            )
            told.append(words % {"n": number(self.n_hidden), "least": settings.NEURALINK_SMALL_CELL})
        if self.is_cut:
            told.append(_("Only the first %(n)s cells are shown: narrow the question.") % {"n": number(MOST_CELLS)})
        if self.question.is_compared and self.question.split:
            told.append(_("A question by two dimensions is not compared with the period before."))
        elif self.question.is_compared and self.question.period.is_everything:
            told.append(_("Nothing lies before all of it: choose a shorter period to compare."))
        if self.counted_at:
            at = date_format(localtime(self.counted_at), "SHORT_DATETIME_FORMAT")
            told.append(_("As counted at %(at)s; what changed since is being counted.") % {"at": at})
        return " ".join(told)

    def keys(self) -> list[Any]:
        return list(dict.fromkeys(cell.key for cell in self.cells))

    def splits(self) -> list[Any]:
        return list(dict.fromkeys(cell.split for cell in self.cells))

    def word(self, name: str, key: Any) -> str:
        """A key of the dimension as people read it."""
        return _word(name, key, self.names)

    def value_before(self, place: int, key: Any) -> float | None:
        is_time = BY[self.question.by].is_time and isinstance(key, date)
        return self.before.get(place if is_time else key)


def answer(question: Question, patience_seconds: float | None = None) -> Answer:
    """Ask the database: one query, and one more each for the period before and for names of courses.

    Raises:
        StillCounting: it takes longer than that; None waits for as long as it takes.
    """
    counted = cells_of(question, patience_seconds)
    cells = _in_order(question, _without_holes(question, counted.cells))
    before: dict[Any, float | None] = {}
    if question.is_compared and not question.split and not question.period.is_everything:
        before = _before(question, patience_seconds)
    return Answer(question, cells, before, _course_names(question, cells), counted.is_cut, counted.at)


def _in_order(question: Question, cells: list[Cell]) -> list[Cell]:
    """Outcomes and levels as people count them up, not by the alphabet."""
    by, split = ORDERS.get(question.by, []), ORDERS.get(question.split, [])

    def place(order: list[str], key: Any) -> int:
        return order.index(key) if key in order else len(order)

    if not by and not split:
        return cells
    # What has no order stays as it came.
    keys = {key: n for n, key in enumerate(dict.fromkeys(cell.key for cell in cells))}
    return sorted(cells, key=lambda cell: (place(by, cell.key) if by else keys[cell.key], place(split, cell.split)))


def _before(question: Question, patience_seconds: float | None) -> dict[Any, float | None]:
    earlier = _without_holes(question.previous(), cells_of(question.previous(), patience_seconds).cells)
    is_dated = BY[question.by].is_time and question.by not in {"weekday", "hour"}
    return {(place if is_dated else cell.key): cell.value for place, cell in enumerate(earlier)}


def _without_holes(question: Question, cells: list[Cell]) -> list[Cell]:
    """Days, weeks and months in which nothing happened are cells too, where there is one line of them."""
    every = TIMES.get(question.by)
    if every is None or question.split or question.shown == "statistics":
        return cells
    by_key = {cell.key: cell for cell in cells}
    nothing = {"value": MEASURES[question.measure].empty}
    return [by_key.get(key) or Cell(key, None, 0, nothing) for key in every(question)]


def _months(question: Question) -> list[date]:
    months = [question.period.first_on.replace(day=1)]
    while (following := (months[-1] + timedelta(days=32)).replace(day=1)) <= question.period.last_on:
        months.append(following)
    return months


TIMES: dict[str, Callable[[Question], Sequence[date]]] = {
    "day": lambda question: question.period.days(),
    "week": lambda question: question.period.weeks(),
    "month": _months,
}


def _course_names(question: Question, cells: list[Cell]) -> dict[Any, str]:
    if question.by == "course":
        ids = {cell.key for cell in cells}
    elif question.split == "course":
        ids = {cell.split for cell in cells}
    else:
        return {}
    courses = Activity.objects.filter(organisation=question.organisation, pk__in=ids - {None})
    return dict(courses.values_list("pk", "name"))


WORDS: dict[str, Callable[[Any], str]] = {
    "day": lambda key: date_format(key, "SHORT_DATE_FORMAT"),
    "week": lambda key: date_format(key, "SHORT_DATE_FORMAT"),
    "month": lambda key: date_format(key, "YEAR_MONTH_FORMAT"),
    "start": lambda key: date_format(key, "YEAR_MONTH_FORMAT"),
    "weekday": lambda key: str(WEEKDAYS[key - 1]),
    "hour": lambda key: f"{key:02}:00",
    "kind": lambda key: str(dict(Kind.choices).get(key, key)),
    "verb": lambda key: str(dict(Verb.choices).get(key, key)),
    "outcome": lambda key: str(dict(Outcome.choices).get(key, key)),
    "level": lambda key: next(str(level.label) for level in LEVELS if level.name == key),
}


def _word(name: str, key: Any, courses: dict[Any, str]) -> str:
    if key in {None, ""}:
        return _("not known")
    if name == "course":
        return courses.get(key, str(key))
    return WORDS.get(name, str)(key)
