"""Each measure against the same formula, worked out by hand from the events themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from analytics.aggregates.measures import MEASURES
from analytics.aggregates.period import Period, period_of
from analytics.aggregates.query import Query
from analytics.models import COMPLETING_VERBS, Event, Organisation, Unit
from tests.cast import Cast

Formula = Callable[[list[Event]], float | None]


def mean_result(events: list[Event]) -> float | None:
    results = [event.value for event in events if event.unit == Unit.SHARE and event.value is not None]
    return sum(results) / len(results) if results else None


def sum_of(unit: Unit) -> Formula:
    return lambda events: sum(event.value or 0 for event in events if event.unit == unit)


FORMULAS: dict[str, Formula] = {
    "learners": lambda events: len({event.learner_id for event in events}),
    "events": len,
    "completions": lambda events: sum(event.verb in COMPLETING_VERBS for event in events),
    "hours": lambda events: (sum_of(Unit.SECONDS)(events) or 0) / 3600,
    "clicks": sum_of(Unit.CLICKS),
    "results": lambda events: sum(event.unit == Unit.SHARE for event in events),
    "result_share": mean_result,
    "active_days": lambda events: len({event.occurred_at.date() for event in events}),
}


def test_every_measure_is_checked_here() -> None:
    assert FORMULAS.keys() == MEASURES.keys()


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("key", ["7", "28", "all"])
def test_total_is_the_formula_over_the_events(cast: Cast, name: str, key: str) -> None:
    period = period_of(key, cast.north.organisation)
    events = [event for event in cast.north.events if period.first_on <= event.occurred_at.date() <= period.last_on]
    total = Query(cast.north.organisation, [name], period).totals()[name]
    assert events
    assert total == pytest.approx(FORMULAS[name](events))


def test_where_nothing_happened_a_measure_is_empty(db: None) -> None:
    empty = Organisation.objects.create(slug="empty", name="Empty")
    for name, known in MEASURES.items():
        assert Query(empty, [name], period_of("28", empty)).totals()[name] == known.empty


def test_a_neighbour_does_not_count(cast: Cast) -> None:
    totals = Query(cast.south.organisation, ["events"], period_of("all", cast.south.organisation)).totals()
    assert totals["events"] == len(cast.south.events)


def test_periods(cast: Cast) -> None:
    organisation = cast.north.organisation
    week = period_of("7", organisation)
    assert week.n_days == len(week.days()) == 7
    assert week.last_on == organisation.now().date()
    assert week.previous() == Period("7", week.first_on - timedelta(days=7), week.first_on - timedelta(days=1))
    assert period_of("no period", organisation) == period_of("28", organisation) == period_of(None, organisation)
    assert period_of("all", organisation).first_on == min(event.occurred_at.date() for event in cast.north.events)
    assert {monday.weekday() for monday in period_of("90", organisation).weeks()} == {0}


def test_an_archive_has_its_own_now(cast: Cast) -> None:
    organisation = cast.north.organisation
    organisation.as_of = cast.north.events[0].occurred_at
    assert period_of("7", organisation).last_on == organisation.as_of.date()
    assert period_of(None, organisation).is_everything
