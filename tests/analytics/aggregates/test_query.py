"""The query object: every dimension adds up to what the events say."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta

import pytest

from analytics.aggregates.course import parts_with_activity
from analytics.aggregates.lists import courses_with_activity, learners_with_activity
from analytics.aggregates.period import period_of
from analytics.aggregates.query import Dimension, Query
from analytics.aggregates.reach import reach
from analytics.errors import InvalidInput
from analytics.models import COMPLETING_VERBS, Activity, Learner
from tests.cast import Cast


def test_days_have_no_holes_and_count_each_learner_once_a_day(cast: Cast) -> None:
    period = period_of("28", cast.north.organisation)
    learners = defaultdict(set)
    for event in cast.north.events:
        learners[event.occurred_at.date()].add(event.learner_id)
    rows = Query(cast.north.organisation, ["learners", "result_share"], period, Dimension.DAY).rows()
    assert [row["key"] for row in rows] == period.days()
    assert [row["learners"] for row in rows] == [len(learners[day]) for day in period.days()]
    assert {row["result_share"] for row in rows if not row["learners"]} == {None}


def test_days_within_courses(cast: Cast) -> None:
    algebra = cast.north.courses["algebra"]
    period = period_of("28", cast.north.organisation)
    rows = Query(cast.north.organisation, ["events"], period, Dimension.DAY, courses=[algebra.pk]).rows()
    expected = Counter(
        event.occurred_at.date() for event in cast.north.events if event.activity.course_id == algebra.pk
    )
    assert {row["key"]: row["events"] for row in rows if row["events"]} == dict(expected)


def test_weeks_begin_on_mondays(cast: Cast) -> None:
    period = period_of("28", cast.north.organisation)
    rows = Query(cast.north.organisation, ["learners", "events"], period, Dimension.WEEK).rows()
    learners = defaultdict(set)
    for event in cast.north.events:
        on = event.occurred_at.date()
        learners[on - timedelta(days=on.weekday())].add(event.learner_id)
    assert {row["key"]: row["learners"] for row in rows} == {week: len(learners[week]) for week in period.weeks()}
    assert sum(row["events"] for row in rows) == len(cast.north.events)


@pytest.mark.parametrize("dimension", [Dimension.COURSE, Dimension.ACTIVITY, Dimension.LEARNER])
def test_groups_add_up_in_the_order_asked_for(cast: Cast, dimension: Dimension) -> None:
    period = period_of("all", cast.north.organisation)
    rows = Query(cast.north.organisation, ["events"], period, dimension, order="-events").rows()
    of_event = {
        Dimension.COURSE: lambda event: event.activity.course_id,
        Dimension.ACTIVITY: lambda event: event.activity_id,
        Dimension.LEARNER: lambda event: event.learner_id,
    }[dimension]
    expected = Counter(of_event(event) for event in cast.north.events)
    found = {row["key"]: row["events"] for row in rows}
    assert {key: found[key] for key in expected} == dict(expected)
    assert [row["events"] for row in rows] == sorted(found.values(), reverse=True)


def test_limit_and_learner(cast: Cast) -> None:
    learner = cast.north.learners[0]
    period = period_of("all", cast.north.organisation)
    rows = Query(
        cast.north.organisation, ["events"], period, Dimension.COURSE, learner=learner, order="-events", limit=1
    ).rows()
    assert len(rows) == 1
    totals = Query(cast.north.organisation, ["events"], period, learner=learner).totals()
    assert totals["events"] == len(cast.north.events_of(learner))


def test_what_cannot_be_answered_says_so(cast: Cast) -> None:
    period = period_of("7", cast.north.organisation)
    with pytest.raises(InvalidInput, match="no measure named tears; there are learners, events"):
        Query(cast.north.organisation, ["tears"], period)
    with pytest.raises(InvalidInput, match="Learners per activity"):
        Query(cast.north.organisation, ["learners"], period, Dimension.ACTIVITY)
    with pytest.raises(InvalidInput, match="Rows need a dimension: day, week"):
        Query(cast.north.organisation, ["events"], period).rows()


def test_courses_with_activity(cast: Cast) -> None:
    period = period_of("28", cast.north.organisation)
    organisation = cast.north.organisation
    rows = courses_with_activity(Activity.objects.filter(organisation=organisation).courses(), period)
    for course in rows:
        events = [event for event in cast.north.events if event.activity.course_id == course.pk]
        assert course.n_events == len(events)
        assert course.n_completions == sum(event.verb in COMPLETING_VERBS for event in events)
        assert course.n_active == len({event.learner_id for event in events})
        assert course.n_enrolled == sum(enrolment.course_id == course.pk for enrolment in cast.north.enrolments)
        assert course.last_on == max(event.occurred_at.date() for event in events)


@pytest.mark.parametrize("slugs", [None, ["algebra"], ["algebra", "ceramics"]])
def test_learners_with_activity(cast: Cast, slugs: list[str] | None) -> None:
    course_ids = None if slugs is None else [cast.north.courses[slug].pk for slug in slugs]
    rows = learners_with_activity(Learner.objects.filter(organisation=cast.north.organisation), course_ids)
    assert rows.count() == len(cast.north.learners)
    for learner in rows:
        events = [
            event
            for event in cast.north.events_of(learner)
            if course_ids is None or event.activity.course_id in course_ids
        ]
        assert learner.n_events == len(events)
        assert learner.n_active_days == len({event.occurred_at.date() for event in events})
        assert learner.last_on == max((event.occurred_at.date() for event in events), default=None)


def test_reach_counts_each_learner_once(cast: Cast) -> None:
    algebra = cast.north.courses["algebra"]
    rows = reach(algebra)
    assert [row.part.pk for row in rows] == [part.pk for part in cast.north.parts["algebra"]]
    # Learners 0 to 7 met 3 + i % 4 parts: two each of 3, 4, 5 and 6.
    assert [row.n_reached for row in rows] == [8, 8, 8, 6, 4, 2]
    assert [row.n_ended for row in rows] == [0, 0, 2, 2, 2, 2]
    assert {row.of for row in rows} == {8}
    assert rows[0].n_completed == 8  # a video: completed
    assert rows[2].n_completed == 0  # a quiz: answered only
    assert rows[3].reached_share == pytest.approx(6 / 8)


def test_parts_with_activity(cast: Cast) -> None:
    parts = parts_with_activity(cast.north.courses["algebra"], period_of("28", cast.north.organisation))
    assert [part.n_events for part in parts] == [16, 16, 16, 12, 8, 4]
    assert [part.result_share for part in parts] == [None, None, 0.5, None, None, 0.75]
