"""Who has met nothing yet: what is popular in their courses first, then a model that knows the courses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from analytics.models import ActivityDay, Enrolment, Learner
from recommender.models import Run
from recommender.registry.card import limits_of
from recommender.serving.batch import recommend_to_each
from recommender.serving.recommend import recommend, recommend_for_session
from recommender.serving.why_not import why_not
from recommender.web.offers import source_sentence
from tests.recommender.school import School

CONFIG = {
    "embedding_size": 16,
    "dropout": 0.0,
    "learning_rate": 0.02,
    "batch_size": 16,
    "epochs": 12,
    "newcomer_share": 0.3,
}


@pytest.fixture
def newcomer(school: School) -> Learner:
    """Enrolled in blue, as half of the others are in their colour alone."""
    for learner in school.learners:
        other = {"red": "blue", "blue": "red"}[school.own_colour(learner)]
        Enrolment.objects.filter(learner=learner, course=school.courses[other]).delete()
    learner = Learner.objects.create(organisation=school.organisation, external_id="new")
    Enrolment.objects.create(organisation=school.organisation, learner=learner, course=school.courses["blue"])
    return learner


def test_a_model_that_knows_their_courses_answers_where_nothing_is_popular(
    school: School, newcomer: Learner, trained: Callable[..., Run]
) -> None:
    run = trained(school.organisation, "two_tower", config=CONFIG)
    assert run.version is not None, run.error
    asked = {"channel": "api", "version": run.version}
    answer = recommend(newcomer, limit=4, **asked)
    assert (answer.source, answer.fallback, answer.version) == ("two_tower", None, run.version)
    assert {found.activity.course for found in answer.recommendations} == {school.courses["blue"]}
    assert {found.source for found in answer.recommendations} == {"model_by_courses"}
    assert (
        source_sentence(answer)
        == f"Chosen from the learner's courses by version {run.version.number}: nothing was met yet."
    )
    assert {found.reason for found in answer.recommendations} == {"A usual first step in Blue, where you are enrolled"}
    assert not any(found.reason_activities for found in answer.recommendations)
    assert not any("nothing yet" in limit for limit in limits_of(run.version))

    first = answer.recommendations[0].activity
    assert run.verdict.startswith("Put into use"), run.verdict
    assert why_not(newcomer, first).rank == 1
    each = recommend_to_each(school.organisation, [newcomer, school.learners[0]], limit=4, channel="api")
    assert each[0].recommendations == answer.recommendations
    assert {found.source for found in each[1].recommendations} == {"model"}

    Enrolment.objects.filter(learner=newcomer).update(started_at=timezone.now() + timedelta(days=2))
    assert recommend(newcomer, **asked).fallback == "popular"  # not yet
    Enrolment.objects.filter(learner=newcomer).update(started_at=None)
    assert recommend_for_session(school.organisation, [], version=run.version).fallback == "popular"

    ActivityDay.objects.create(
        organisation=school.organisation, activity=school.parts["blue"][3], on=timezone.now().date(), n_learners=5,
        n_events=5,
    )  # fmt: skip
    assert recommend(newcomer, **asked).fallback == "popular_in_your_courses"
    school.meet(newcomer, first)
    found = recommend(newcomer, limit=1, **asked).recommendations[0]
    assert (found.source, found.reason) == ("model", f"Because you worked on {first}")
