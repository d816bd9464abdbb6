"""The portrait: what it says of somebody whose history is known, and what it does not say too early."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from analytics.models import Activity, Enrolment, Event, Kind, Learner, Organisation, Unit, Verb
from analytics.profiles import features
from analytics.profiles.features import Activeness, Result, Topic
from analytics.profiles.portrait import (
    Confidence,
    Portrait,
    confidence,
    portrait,
    say_activeness,
    say_interests,
    say_results,
    say_rhythm,
    summary,
)
from tests.cast import Cast, last_day

MADRID = ZoneInfo("Europe/Madrid")
NOW = datetime(2026, 3, 31, tzinfo=UTC)


def drawn(cast: Cast, number: int) -> Portrait:
    learner = cast.north.learners[number]
    events = Event.objects.filter(learner=learner)
    return portrait(learner, events, Enrolment.objects.filter(learner=learner), last_day(), MADRID)


def test_known_learner(cast: Cast) -> None:
    # Learner 3 is in algebra and ceramics and met all six parts of both, two events each.
    portrait = drawn(cast, 3)
    assert portrait.activeness.n_events == 24
    assert portrait.activeness.n_days == portrait.activeness.n_recent_days == 6
    assert [(course.n_met, course.n_done, course.n_parts) for course in portrait.courses] == [(6, 4, 6), (6, 4, 6)]
    assert portrait.courses[0].done_share == pytest.approx(4 / 6)
    assert [topic.name for topic in portrait.topics] == ["arts", "mathematics"]
    assert sum(topic.weight_share for topic in portrait.topics) == pytest.approx(1)
    assert [result.result_share for result in portrait.results] == [0.5, 0.5, 0.75, 0.75]
    assert [statement.n for statement in portrait.statements] == [24, 24, 24, 4]
    assert summary(portrait).startswith("Daria Novak is regularly active, last seen on ")
    assert summary(portrait).endswith("with 8 of 12 activities done.")


def test_an_outcome_that_comes_later_is_not_shown(cast: Cast) -> None:
    now = last_day()
    enrolments = cast.north.learners[0].enrolments
    first, second = enrolments.order_by("id")
    Enrolment.objects.filter(pk=first.pk).update(outcome="withdrawn", grade_share=0.2, ended_at=now + timedelta(days=1))
    Enrolment.objects.filter(pk=second.pk).update(outcome="completed", grade_share=0.9, ended_at=None)
    Activity.objects.filter(pk=second.course_id).update(closes_at=now + timedelta(days=9))

    Organisation.objects.filter(pk=cast.north.organisation.pk).update(as_of=now)

    def told(at: datetime) -> dict[int, tuple[str, float | None]]:
        rows = features.progress(enrolments.all(), Event.objects.none(), at)
        return {row.enrolment.pk: (row.enrolment.outcome, row.enrolment.grade_share) for row in rows}

    assert told(now) == {first.pk: ("active", None), second.pk: ("active", None)}
    assert told(now + timedelta(days=1)) == {first.pk: ("withdrawn", 0.2), second.pk: ("active", None)}
    Organisation.objects.filter(pk=cast.north.organisation.pk).update(as_of=None)
    assert told(now)[second.pk] == ("completed", 0.9), "who completes early has completed"
    assert told(now + timedelta(days=9)) == {first.pk: ("withdrawn", 0.2), second.pk: ("completed", 0.9)}


def test_somebody_who_has_done_nothing(cast: Cast) -> None:
    portrait = drawn(cast, 11)
    assert {statement.confidence for statement in portrait.statements} == {Confidence.NONE}
    assert {statement.value for statement in portrait.statements} == {""}
    assert summary(portrait) == "Nothing is known of Lars van der Berg yet: no event has come in."
    assert [course.n_met for course in portrait.courses] == [0]


def test_the_week_is_on_the_organisations_clock(cast: Cast) -> None:
    learner = cast.north.learners[0]
    week = features.week(Event.objects.filter(learner=learner), MADRID)
    expected = [[0] * 24 for _ in range(7)]
    for event in cast.north.events_of(learner):
        there = event.occurred_at.astimezone(MADRID)
        expected[there.weekday()][there.hour] += 1
    assert week == expected


def test_an_old_interest_weighs_less(cast: Cast) -> None:
    learner = Learner.objects.create(organisation=cast.north.organisation, external_id="new")
    now = last_day()
    met = {"old": now - timedelta(days=features.HALF_LIFE_DAYS), "new": now}
    for tag, at in met.items():
        activity = Activity.objects.create(
            organisation=cast.north.organisation, external_id=tag, name=tag, tags=[tag], kind=Kind.VIDEO
        )
        Event.objects.create(
            organisation=cast.north.organisation,
            learner=learner,
            activity=activity,
            verb=Verb.VIEWED,
            occurred_at=at,
            unit=Unit.NONE,
            from_import=cast.north.from_import,
        )
    topics = features.topics(Event.objects.filter(learner=learner), now)
    assert [topic.name for topic in topics] == ["new", "old"]
    assert [topic.weight_share for topic in topics] == pytest.approx([2 / 3, 1 / 3])


def test_an_activity_without_topics_lends_its_courses(cast: Cast) -> None:
    Activity.objects.filter(course=cast.north.courses["algebra"]).update(tags=[])
    learner = cast.north.learners[1]
    topics = features.topics(Event.objects.filter(learner=learner), last_day())
    assert [topic.name for topic in topics] == ["mathematics"]


@pytest.mark.parametrize(("n", "sure"), [(0, "none"), (9, "none"), (10, "low"), (99, "low"), (100, "good")])
def test_confidence_grows_with_observations(n: int, sure: str) -> None:
    assert confidence(n, 10, 100) == Confidence(sure)


@pytest.mark.parametrize(
    ("n_days", "words"), [(0, "Quiet"), (1, "Occasionally active"), (4, "Regularly active"), (12, "Very active")]
)
def test_levels_of_activity(n_days: int, words: str) -> None:
    said = say_activeness(Activeness(50, 20, n_days, 3, NOW, NOW))
    assert said.value == words
    assert f"{n_days} active day" in said.basis


def a_portrait(week: list[list[int]], n_events: int) -> Portrait:
    return Portrait(Learner(), Activeness(n_events, 1, 1, 0, NOW, NOW), week, [], [], [])


def test_rhythm_names_day_and_part_of_the_day() -> None:
    week: Any = [[0] * 24 for _ in range(7)]
    week[1][19], week[1][20], week[4][9] = 20, 20, 10
    said = say_rhythm(a_portrait(week, 50))
    assert said.value == "Mostly in the evening, most on Tuesdays"
    assert said.basis == "80% of 50 events"


def test_rhythm_of_a_source_that_tells_days_only() -> None:
    week: Any = [[0] * 24 for _ in range(7)]
    week[2][0], week[2][1], week[3][0] = 20, 10, 20
    said = say_rhythm(a_portrait(week, 50))
    assert said.value == "Most on Wednesdays"
    assert said.basis == "60% of 50 events; the source tells days, not hours"


def test_too_few_events_say_nothing() -> None:
    assert say_rhythm(a_portrait([[0] * 24] * 7, 19)).confidence == Confidence.NONE
    assert say_interests([Topic("x", 1.0, 9)]).value == ""
    assert say_results([Result(NOW, "x", 0.5)] * 2).value == ""


@pytest.mark.parametrize(
    ("shares", "trend"), [([0.2, 0.2, 0.8, 0.8], "rising"), ([0.8, 0.2], "falling"), ([0.5] * 4, "steady")]
)
def test_trend_of_results(shares: list[float], trend: str) -> None:
    said = say_results([Result(NOW, "x", share) for share in [shares[0], *shares]])
    assert said.basis.endswith(trend)
