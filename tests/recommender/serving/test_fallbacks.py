"""Named fallbacks: who has no history, or no model, still gets an answer that says what it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from analytics.models import ActivityDay, Enrolment, Learner
from recommender.serving.recommend import recommend
from tests.recommender.school import School


@pytest.fixture
def newcomer(school: School) -> Learner:
    learner = Learner.objects.create(organisation=school.organisation, external_id="new")
    Enrolment.objects.create(organisation=school.organisation, learner=learner, course=school.courses["blue"])
    return learner


def was_met(school: School, activity_name: str, n_learners: int, days_ago: int = 3) -> None:
    colour, _, position = activity_name.partition("-")
    ActivityDay.objects.create(
        organisation=school.organisation,
        activity=school.parts[colour][int(position)],
        on=(timezone.now() - timedelta(days=days_ago)).date(),
        n_learners=n_learners,
        n_events=n_learners,
    )


def names(answer: object) -> list[str]:
    return [found.activity.external_id for found in answer.recommendations]


def test_popular_in_your_courses(school: School, newcomer: Learner, trained: Callable[..., object]) -> None:
    trained(school.organisation)
    was_met(school, "blue-3", 5)
    was_met(school, "blue-3", 5, days_ago=4)
    was_met(school, "blue-7", 8)
    was_met(school, "red-1", 99)
    was_met(school, "blue-9", 99, days_ago=60)
    answer = recommend(newcomer, channel="api")
    assert (answer.source, answer.fallback, answer.version) == ("popular_in_your_courses",) * 2 + (None,)
    assert names(answer) == ["blue-3", "blue-7"]
    assert [found.strength for found in answer.recommendations] == [1.0, 0.8]
    assert answer.recommendations[0].reason == "Popular in Blue lately"
    assert not answer.recommendations[0].reason_activities


def test_a_course_that_nobody_began_starts_at_its_beginning(school: School, newcomer: Learner) -> None:
    answer = recommend(newcomer, limit=3, channel="api")
    assert answer.fallback == "first_in_your_courses"
    assert names(answer) == ["blue-0", "blue-1", "blue-2"]
    assert answer.recommendations[0].reason == "A first step in Blue"


def test_popular_where_nobody_enrols(school: School) -> None:
    Enrolment.objects.all().delete()
    newcomer = Learner.objects.create(organisation=school.organisation, external_id="new")
    was_met(school, "red-2", 2)
    was_met(school, "blue-2", 4)
    answer = recommend(newcomer, channel="api")
    assert answer.fallback == "popular"
    assert names(answer) == ["blue-2", "red-2"]


def test_without_anything_there_is_an_empty_answer(school: School) -> None:
    Enrolment.objects.filter(learner=school.learners[0]).delete()
    answer = recommend(school.learners[0], channel="api")
    assert answer.recommendations == []
    assert (answer.fallback, answer.token) == ("popular", None)


def test_the_rules_hold_for_fallbacks_too(school: School) -> None:
    learner = school.learners[0]
    met = next(part for part in school.parts["red"] if part.pk not in school.not_met(learner))
    was_met(school, met.external_id, 50)
    assert met.external_id not in names(recommend(learner, channel="api"))
