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
from analytics.models import Activity, ActivityDay, Learner, LearnerDay, Organisation, OrganisationDay

Row = dict[str, Any]
M = TypeVar("M", bound=Model)


class Dimension(StrEnum):
    DAY = "day"
    WEEK = "week"
    COURSE = "course"
    ACTIVITY = "activity"
    LEARNER = "learner"


KEYS: dict[Dimension, str | Combinable] = {
    Dimension.DAY: F("on"),
    Dimension.WEEK: TruncWeek("on"),
    Dimension.COURSE: F("course_id"),
    Dimension.ACTIVITY: F("activity_id"),
    Dimension.LEARNER: F("learner_id"),
}
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
        answer = self._over(self._learner_days()).aggregate(**self._expressions(has_learners=True))
        return {name: self._filled(name, answer[name]) for name in self.measures}

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
        """The grouped query itself, unordered by time and with its holes; for subqueries and pages."""
        assert self.dimension is not None  # noqa: S101 - rows() has refused it
        days, has_learners = self._source()
        grouped = self._over(days).annotate(key=KEYS[self.dimension]).values("key")
        answer: QuerySet[Any, Row] = grouped.annotate(**self._expressions(has_learners)).values("key", *self.measures)
        if not self.order:
            return answer.order_by("key")
        column = F(self.order.lstrip("-"))
        falling = self.order.startswith("-")
        answer = answer.order_by(column.desc(nulls_last=True) if falling else column.asc(nulls_last=True), "key")
        return answer

    def _expressions(self, has_learners: bool) -> dict[str, Combinable]:
        return {
            # Without a column of learners, each group is one row (see _source) that has counted them.
            name: Sum("n_learners")
            if MEASURES[name].counts_learners and not has_learners
            else MEASURES[name].expression
            for name in self.measures
        }

    def _source(self) -> tuple[QuerySet[Any], bool]:
        """The smallest table that can answer, and whether its rows name their learner."""
        if self.dimension == Dimension.ACTIVITY:
            days = ActivityDay.objects.filter(organisation=self.organisation)
            if self.courses is not None:
                days = days.filter(activity__course__in=self.courses)
            return days, False
        if self.dimension == Dimension.DAY and self.courses is None and self.learner is None:
            return OrganisationDay.objects.filter(organisation=self.organisation), False
        return self._learner_days(), True

    def _learner_days(self) -> QuerySet[LearnerDay]:
        days = LearnerDay.objects.filter(organisation=self.organisation)
        if self.courses is not None:
            days = days.filter(course__in=self.courses)
        if self.learner is not None:
            days = days.filter(learner=self.learner)
        if self.dimension == Dimension.COURSE:
            days = days.filter(course__isnull=False)
        return days

    def _over(self, days: QuerySet[M]) -> QuerySet[M]:
        return days.filter(on__range=(self.period.first_on, self.period.last_on))

    def _without_holes(self, found: list[Row]) -> list[Row]:
        by_key = {row["key"]: row for row in found}
        keys = self.period.days() if self.dimension == Dimension.DAY else self.period.weeks()
        return [by_key.get(key) or self._empty_row(key) for key in keys]

    def _empty_row(self, key: date) -> Row:
        return {"key": key, **{name: MEASURES[name].empty for name in self.measures}}

    @staticmethod
    def _filled(name: str, value: Any) -> Any:
        return MEASURES[name].empty if value is None else value
