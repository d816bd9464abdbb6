"""One question to the day tables: measures, by a dimension, over a period, within courses or of one learner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from django.db.models import F, Model, QuerySet, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import TruncWeek

from analytics.aggregates.measures import MEASURES
from analytics.aggregates.period import Period
from analytics.errors import InvalidInput
from analytics.models import (
    Activity,
    ActivityDay,
    CourseTotal,
    Kind,
    Learner,
    LearnerDay,
    LearnerTotal,
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
        found = list(self.groups()[: self.limit])
        return self._without_holes(found) if self.dimension in TIME else found

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
        counts_learners = any(MEASURES[name].counts_learners for name in self.measures)
        match self.dimension:
            case Dimension.ACTIVITY:
                return self._parts(), F("activity_id"), False
            case Dimension.DAY if self.courses is None and self.learner is None:
                return self._sums(), F("on"), True
            case Dimension.DAY:
                return self._learner_days(), F("on"), False
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
        if self.period.is_everything and self.courses is None and self.learner is None:
            return LearnerTotal.objects.filter(organisation=self.organisation, n_events__gt=0).count()
        if self.period.is_everything and self.courses is not None and self.learner is None:
            totals = CourseTotal.objects.filter(organisation=self.organisation, course__in=self.courses)
            return totals.order_by().values("learner_id").distinct().count()
        # Counting distinct rows hashes, where COUNT(DISTINCT ...) sorts: 10 s against 1 s over 1.8 M rows.
        return self._over(self._learner_days()).order_by().values("learner_id").distinct().count()

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
