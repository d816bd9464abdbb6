"""A question of Explore, read from the parameters of an address: page, CSV, API and tiles ask the same one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from analytics.aggregates.explore.dimensions import BY, FILTERS
from analytics.aggregates.measures import MEASURES
from analytics.aggregates.period import Period, period_from
from analytics.aggregates.segments import LEVELS
from analytics.errors import InvalidInput
from analytics.models import Activity, Kind, Organisation, Outcome, Verb

CHARTS = ("auto", "line", "bar", "heat", "table")
SHOWN = ("total", "statistics")
"""One value a cell, or how it is spread over the learners of the cell."""
PARAMETERS = ("measure", "by", "split", "show", "chart", "compare", *FILTERS, "period", "from", "to")
CHOICES: dict[str, Callable[[], set[str]]] = {
    "kind": lambda: set(Kind.values) - {Kind.COURSE},
    "verb": lambda: set(Verb.values),
    "outcome": lambda: set(Outcome.values),
    "level": lambda: {level.name for level in LEVELS},
}


@dataclass(frozen=True)
class Question:
    organisation: Organisation
    period: Period
    course_ids: tuple[int, ...] | None = None
    """The courses that whoever asks is confined to; None: everything."""
    measure: str = "events"
    by: str = "week"
    split: str = ""
    shown: str = "total"
    chart: str = "auto"
    is_compared: bool = False
    filters: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, given: Mapping[str, str], organisation: Organisation, course_ids: list[int] | None) -> Question:
        """The question of an address; what is left out is what is usual.

        Raises:
            InvalidInput: a value is none that the parameter may have, or the question cannot be answered.
        """
        filters = [(name, given[name]) for name in FILTERS if given.get(name)]
        question = cls(
            organisation,
            period_from(given, organisation),
            None if course_ids is None else tuple(course_ids),
            _one_of("measure", given.get("measure") or "events", MEASURES),
            _one_of("by", given.get("by") or "week", BY),
            _one_of("split", given.get("split") or "", ["", *BY]),
            _one_of("show", given.get("show") or "total", SHOWN),
            _one_of("chart", given.get("chart") or "auto", CHARTS),
            given.get("compare") in {"1", "on", "true"},
            tuple((name, _filter_value(name, value, organisation, course_ids)) for name, value in filters),
        )
        question.check()
        return question

    @property
    def needed(self) -> set[str]:
        """Names of the dimensions that the answering table must know."""
        return {self.by, *([self.split] if self.split else []), *(name for name, _value in self.filters)}

    @property
    def counts_learners(self) -> bool:
        """True where a row for each learner is needed, because theirs are counted or compared."""
        return MEASURES[self.measure].counts_learners or self.shown == "statistics"

    def value(self, name: str) -> str:
        return dict(self.filters).get(name, "")

    def check(self) -> None:
        """Refuse what no table can answer.

        Raises:
            InvalidInput: says which parts do not go together.
        """
        if self.split == self.by:
            raise InvalidInput(_("“split” repeats “by”: choose another dimension, or none."), "split")
        by_activity = self.needed & {"kind", "verb", "hour"}
        if len(by_activity) > 1:
            raise InvalidInput(_("Kind, verb and hour are counted apart: ask for one of them at a time."), "by")
        if by_activity and (self.counts_learners or any(BY[name].of_learner for name in self.needed)):
            raise InvalidInput(
                _("Kind, verb and hour are counted without learners: ask for another measure or dimension."), "measure"
            )
        if "hour" in by_activity and (
            self.measure != "events" or "course" in self.needed or self.course_ids is not None
        ):
            raise InvalidInput(_("By hour only events of the whole organisation are counted."), "by")
        if self.shown == "statistics" and self.measure == "learners":
            raise InvalidInput(_("One learner is always one learner: ask statistics of another measure."), "measure")
        if self.shown == "statistics" and self.split:
            raise InvalidInput(_("Statistics are shown by one dimension: leave “split” out."), "split")

    def previous(self) -> Question:
        return Question(**{**self.__dict__, "period": self.period.previous(), "is_compared": False})

    def parameters(self, **changed: str) -> str:
        """The question as a query string, without what is usual."""
        said: dict[str, Any] = {
            "measure": self.measure,
            "by": self.by,
            "split": self.split,
            "show": "" if self.shown == "total" else self.shown,
            "chart": "" if self.chart == "auto" else self.chart,
            "compare": "1" if self.is_compared else "",
            **dict(self.filters),
            **self.period.parameters(),
            **changed,
        }
        return urlencode({name: value for name, value in said.items() if value})


def _one_of(name: str, value: str, known: Any) -> str:
    if value not in known:
        raise InvalidInput(
            _("“%(value)s” is nothing that “%(name)s” may be. Known: %(known)s.")
            % {"value": value[:50], "name": name, "known": ", ".join(each for each in known if each)},
            name,
        )
    return value


def _filter_value(name: str, value: str, organisation: Organisation, course_ids: list[int] | None) -> str:
    if name != "course":
        return _one_of(name, value, sorted(CHOICES[name]()))
    is_number = value.isascii() and value.isdigit() and len(value) < 19
    is_seen = is_number and (course_ids is None or int(value) in course_ids)
    courses = Activity.objects.filter(organisation=organisation).courses()
    if not is_seen or not courses.filter(pk=value).exists():
        raise InvalidInput(_("There is no course %(value)s here that you may see.") % {"value": value[:20]}, "course")
    return value
