"""One question to the day tables: measures, by a dimension, over a period, within courses or of one learner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from django.db.models import DateField, F, Model, QuerySet, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, TruncWeek

from analytics.aggregates import learner_counts
from analytics.aggregates.measures import MEASURES
from analytics.aggregates.period import Period
from analytics.errors import InvalidInput
from analytics.models import (
    Activity,
    ActivityDay,
    Kind,
    Learner,
    LearnerDay,
    Organisation,
    OrganisationDay,
)

Row = dict[str, Any]
M = TypeVar("M", bound=Model)


class Dimension(StrEnum):
    DAY = "day"
    WEEK = "week"
    COURSE = "course"
    ACTIVITY = "activity"
    LEARNER = "learner"


TIME = (Dimension.DAY, Dimension.WEEK)
BITS_BY: dict[Dimension, tuple[Combinable, Combinable]] = {
    Dimension.DAY: (F("on"), F("on")),
    Dimension.WEEK: (TruncWeek("on"), Cast(TruncWeek("on"), DateField())),
    Dimension.COURSE: (F("activity_id"), F("course_id")),
}
"""Dimensions whose learners are counted from bits: the key in the day tables, and that in the bits."""


@dataclass(frozen=True)
class Query:
    """Answers with rows of `key` (day, Monday of the week, or id) and one value per measure.

    Days and weeks come in their order and without holes; other groups come by `order`.
    """

    organisation: Organisation
    measures: Sequence[str]
    period: Period
    dimension: Dimension | None = None
    courses: QuerySet[Activity] | Sequence[int] | None = None
    """Only events within these courses; None: all events, those outside any course too."""
    learner: Learner | None = None
    order: str = ""
    """A measure's name, with "-" for the largest first; groups without a value come last."""
    limit: int | None = None

    def __post_init__(self) -> None:
        unknown = [
            name for name in [*self.measures, *([self.order.lstrip("-")] if self.order else [])] if name not in MEASURES
        ]
        if unknown:
            known = ", ".join(MEASURES)
            raise InvalidInput(f"There is no measure named {', '.join(unknown)}; there are {known}.", "measures")
        if self.dimension == Dimension.ACTIVITY and "learners" in self.measures:
            raise InvalidInput(
                "Learners per activity cannot be counted from sums per day; ask for events or completions.", "measures"
            )

    def totals(self) -> Row:
        """One value per measure over everything that the question covers."""
        sums = [name for name in self.measures if not MEASURES[name].counts_learners]
        found: Row = self._over(self._sums()).aggregate(**{name: MEASURES[name].expression for name in sums})
        found |= {name: self._n_learners() for name in self.measures if name not in found}
        return {name: MEASURES[name].empty if found[name] is None else found[name] for name in self.measures}

    def rows(self) -> list[Row]:
        """Grouped by the dimension.

        Raises:
            InvalidInput: the question has no dimension.
        """
        if self.dimension is None:
            raise InvalidInput("Rows need a dimension: " + ", ".join(Dimension) + ".", "dimension")
        # A day of the whole organisation is one row, which has its number of learners.
        is_counted = self.dimension == Dimension.DAY and self.courses is None
        by_bits = self._counts_learners and self.learner is None and self.dimension in BITS_BY and not is_counted
        found = self._rows_with_learners(self.dimension) if by_bits else list(self.groups()[: self.limit])
        return self._without_holes(found) if self.dimension in TIME else found

    @property
    def _counts_learners(self) -> bool:
        return any(MEASURES[name].counts_learners for name in self.measures)

    def _rows_with_learners(self, dimension: Dimension) -> list[Row]:
        """Sums from the smallest table and learners from their bits: without a look at every learner of every day."""
        days = self._course_days() if dimension == Dimension.COURSE else self._sums()
        key, bits_key = BITS_BY[dimension]
        sums = {name: MEASURES[name].expression for name in self.measures if not MEASURES[name].counts_learners}
        found = self._over(days).order_by().annotate(key=key).values("key").annotate(**sums)
        is_of_courses = dimension == Dimension.COURSE and self.courses is None
        courses = self._all_courses() if is_of_courses else self.courses
        bits = learner_counts.rows_of(self.organisation, courses, self.period)
        n_learners = learner_counts.n_learners_by(bits, bits_key)
        return self._ordered([row | {"learners": n_learners.get(row["key"], 0)} for row in found])[: self.limit]

    def _all_courses(self) -> QuerySet[Activity]:
        return Activity.objects.filter(organisation=self.organisation).courses()

    def _ordered(self, rows: list[Row]) -> list[Row]:
        """As `groups` orders them: without a value last, ties by key."""
        rows.sort(key=lambda row: row["key"])
        name = self.order.lstrip("-")
        if name:
            sign = -1 if self.order.startswith("-") else 1
            rows.sort(key=lambda row: (row[name] is None, sign * (row[name] or 0)))
        return rows

    def groups(self) -> QuerySet[Any, Row]:
        """The grouped query itself, time with its holes; for subqueries and pages."""
        days, key, is_counted = self._source()
        expressions = {
            name: Sum("n_learners") if is_counted and MEASURES[name].counts_learners else MEASURES[name].expression
            for name in self.measures
        }
        grouped = self._over(days).annotate(key=key).values("key")
        answer: QuerySet[Any, Row] = grouped.annotate(**expressions).values("key", *self.measures)
        if not self.order:
            return answer.order_by("key")
        column = F(self.order.lstrip("-"))
        is_falling = self.order.startswith("-")
        return answer.order_by(column.desc(nulls_last=True) if is_falling else column.asc(nulls_last=True), "key")

    def _source(self) -> tuple[QuerySet[Any], Combinable, bool]:
        """The smallest table that can answer, its key, and whether each group is one row that has counted learners."""
        counts_learners = self._counts_learners
        match self.dimension:
            case Dimension.ACTIVITY:
                return self._parts(), F("activity_id"), False
            case Dimension.DAY if self.courses is None and self.learner is None:
                return self._sums(), F("on"), True
            case Dimension.DAY if not counts_learners:
                return self._sums(), F("on"), False
            case Dimension.DAY:
                return self._learner_days(), F("on"), False
            case Dimension.WEEK if not counts_learners:
                return self._sums(), TruncWeek("on"), False
            case Dimension.WEEK:
                return self._learner_days(), TruncWeek("on"), False
            case Dimension.COURSE if self.learner is None and not counts_learners:
                return self._course_days(), F("activity_id"), False
            case Dimension.COURSE:
                return self._learner_days().filter(course__isnull=False), F("course_id"), False
            case _:
                return self._learner_days(), F("learner_id"), False

    def _sums(self) -> QuerySet[Any]:
        """The smallest table whose rows add up to everything that the question covers, learners excepted."""
        if self.learner is not None:
            return self._learner_days()
        if self.courses is not None:
            return self._course_days()
        return OrganisationDay.objects.filter(organisation=self.organisation)

    def _n_learners(self) -> int:
        if self.learner is None:
            return learner_counts.n_learners(learner_counts.rows_of(self.organisation, self.courses, self.period))
        return int(self._over(self._learner_days()).exists())

    def _course_days(self) -> QuerySet[ActivityDay]:
        """The courses' own rows, which count what happened in their parts too."""
        days = ActivityDay.objects.filter(organisation=self.organisation, activity__kind=Kind.COURSE)
        return days if self.courses is None else days.filter(activity__in=self.courses)

    def _parts(self) -> QuerySet[ActivityDay]:
        days = ActivityDay.objects.filter(organisation=self.organisation)
        return days if self.courses is None else days.filter(activity__course__in=self.courses)

    def _learner_days(self) -> QuerySet[LearnerDay]:
        days = LearnerDay.objects.filter(organisation=self.organisation)
        if self.courses is not None:
            days = days.filter(course__in=self.courses)
        return days if self.learner is None else days.filter(learner=self.learner)

    def _over(self, days: QuerySet[M]) -> QuerySet[M]:
        return days.filter(on__range=(self.period.first_on, self.period.last_on))

    def _without_holes(self, found: list[Row]) -> list[Row]:
        by_key = {row["key"]: row for row in found}
        keys = self.period.days() if self.dimension == Dimension.DAY else self.period.weeks()
        return [by_key.get(key) or self._empty_row(key) for key in keys]

    def _empty_row(self, key: date) -> Row:
        return {"key": key, **{name: MEASURES[name].empty for name in self.measures}}
