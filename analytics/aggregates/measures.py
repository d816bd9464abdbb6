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
    formula: str | Promise
    """In words, as people read it below the number."""
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
            _("learners with at least one event, each counted once"),
            Count("learner", distinct=True),
            0,
            counts_learners=True,
        ),
        Measure("events", _("Events"), "events", _("everything that learners did, counted"), _total("n_events"), 0),
        Measure(
            "completions",
            _("Completions"),
            "completions",
            _("events that say completed, passed or submitted"),
            _total("n_completions"),
            0,
        ),
        Measure(
            "hours",
            _("Hours"),
            "hours",
            _("time that events report, added up"),
            _total_real("seconds") / Value(3600.0),
            0,
        ),
        Measure("clicks", _("Clicks"), "clicks", _("clicks that events report, added up"), _total_real("clicks"), 0),
        Measure("results", _("Results"), "results", _("events that come with a result"), _total("n_results"), 0),
        Measure(
            "result_share",
            _("Mean result"),
            "share",
            _("all results added up and divided by their number, so that every result weighs the same"),
            Sum("result_sum") / NullIf(Cast(Sum("n_results"), FloatField()), Value(0.0)),
            None,
        ),
        Measure(
            "active_days",
            _("Active days"),
            "days",
            _("days with at least one event, each counted once"),
            Count("on", distinct=True),
            0,
        ),
    )
}
