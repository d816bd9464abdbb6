"""Weeks in a row: what counts, what ends them, and that no sentence reproaches."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from analytics.profiles.weeks import SHOWN, counted, weeks_of
from tests.cast import Cast, last_day

FIRST = date(2026, 9, 7)  # a Monday


def active_in(*weeks: int) -> list[date]:
    return [FIRST + timedelta(days=7 * week + 2) for week in weeks]


@pytest.mark.parametrize(
    ("weeks", "in_a_row"),
    [
        ((11,), 1),
        ((9, 10, 11), 3),
        ((9, 10), 2),
        ((8, 9), 0),
        ((7, 9, 10, 11), 3),
        ((), 0),
        (tuple(range(SHOWN)), SHOWN),
    ],
)
def test_weeks_in_a_row(weeks: tuple[int, ...], in_a_row: int) -> None:
    found = counted(active_in(*weeks), FIRST)
    assert found.n_in_a_row == in_a_row, "the running week, the last one, ends nothing while it has no event"
    assert found.n_active == len(weeks)
    assert [week.monday for week in found.weeks][-1] == FIRST + timedelta(days=7 * (SHOWN - 1))


def test_no_sentence_reproaches() -> None:
    assert counted(active_in(9, 10, 11), FIRST).sentence == "You have been here 3 weeks in a row."
    assert counted(active_in(1), FIRST).sentence == "You were here in 1 of the last 12 weeks; what you did stays done."
    assert "any day is a good one" in counted([], FIRST).sentence


def test_of_a_learner(cast: Cast) -> None:
    found = weeks_of(cast.north.learners[0], last_day().date() + timedelta(days=1))
    days = {event.occurred_at.date() for event in cast.north.events_of(cast.north.learners[0])}
    assert sum(week.n_days for week in found.weeks) == len(days)
