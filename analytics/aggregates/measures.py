"""What can be measured: name, label, unit, formula and what stands where there is nothing to measure.

Every page, API answer and chart takes its numbers from this table. A further measure is a further entry.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, FloatField, Sum, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, NullIf
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Measure:
    name: str
    label: str | Promise
    unit: str
    """learners, events, completions, hours, clicks, results or days; share is 0 to 1."""
    formula: str
    """In words, with the columns of the day tables."""
    expression: Combinable
    """Over any group of rows of a day table; where `counts_learners`, of a table with a column of learners."""
    empty: float | None
    """Of a group without rows: 0 where nothing happened is a fact, None where nothing can be said."""
    counts_learners: bool = False
    """A learner of two days counts once, so the days' own counts cannot be added up."""


def _total(column: str) -> Combinable:
    return Coalesce(Sum(column), Value(0))


def _total_real(column: str) -> Combinable:
    return Coalesce(Sum(column), Value(0.0), output_field=FloatField())


MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure(
            "learners",
            _("Active learners"),
            "learners",
            "distinct learners with at least one event",
            Count("learner", distinct=True),
            0,
            counts_learners=True,
        ),
        Measure("events", _("Events"), "events", "sum of n_events", _total("n_events"), 0),
        Measure(
            "completions",
            _("Completions"),
            "completions",
            "sum of n_completions, which counts the verbs completed, passed and submitted",
            _total("n_completions"),
            0,
        ),
        Measure("hours", _("Hours"), "hours", "sum of seconds / 3600", _total_real("seconds") / Value(3600.0), 0),
        Measure("clicks", _("Clicks"), "clicks", "sum of clicks", _total_real("clicks"), 0),
        Measure("results", _("Results"), "results", "sum of n_results", _total("n_results"), 0),
        Measure(
            "result_share",
            _("Mean result"),
            "share",
            "sum of result_sum / sum of n_results, so that every result weighs the same",
            Sum("result_sum") / NullIf(Cast(Sum("n_results"), FloatField()), Value(0.0)),
            None,
        ),
        Measure(
            "active_days",
            _("Active days"),
            "days",
            "distinct days with at least one event",
            Count("on", distinct=True),
            0,
        ),
    )
}
