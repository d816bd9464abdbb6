"""Lists of many learners say what one question after the other says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from analytics.models import Activity, Enrolment, Learner, Prerequisite, Verb
from recommender.models import Effect, Feedback, Impression, Run
from recommender.serving import outline
from recommender.serving.everyone import frame_of, lists_of
from recommender.serving.recommend import recommend
from tests.recommender.school import School
from tests.recommender.serving.test_candidates import did
from tests.recommender.serving.test_list_rules import say

Listed = list[tuple[int, float, str]]


def together(school: School, limit: int, **options: Any) -> dict[int, Listed]:
    frame = frame_of(school.organisation, limit=limit, **options)
    ids = [learner.pk for learner in Learner.objects.filter(organisation=school.organisation).order_by("pk")]
    return {
        learner_id: list(zip(found.ids, [round(s, 4) for s in found.strengths], found.sources, strict=True))
        for learner_id, found in zip(ids, lists_of(frame, ids), strict=True)
    }


def one_by_one(school: School, limit: int, **options: Any) -> dict[int, Listed]:
    found = {}
    for learner in Learner.objects.filter(organisation=school.organisation).select_related("organisation"):
        steps = recommend(learner, limit=limit, channel="api", record=False, **options).recommendations
        found[learner.pk] = [(step.activity.pk, round(step.strength, 4), step.source) for step in steps]
    return found


def disturb(school: School) -> None:
    """Everything that rules look at, for some of the learners."""
    first, second, third, fourth, fifth, *_rest = school.learners
    red, blue = school.parts["red"], school.parts["blue"]
    Activity.objects.filter(pk=red[3].pk).update(closes_at=timezone.now() - timedelta(days=1))
    Prerequisite.objects.create(organisation=school.organisation, activity=blue[5], needed=blue[2])
    Enrolment.objects.filter(learner=second, course=school.courses["blue"]).delete()
    did(school, third, red[0], Verb.PROGRESSED, 2)
    Learner.objects.create(organisation=school.organisation, external_id="new")
    for learner, action, activity in (
        (first, "dismiss", red[5]),
        (first, "less_like_this", red[6]),
        (fourth, "not_now", blue[1]),
        (fifth, "start", red[9]),
    ):
        impression = Impression.objects.create(
            organisation=school.organisation, learner=learner, source="ease", channel="api", activity_ids=[activity.pk]
        )
        Feedback.objects.create(
            organisation=school.organisation, impression=impression, learner=learner, activity=activity, action=action
        )
    new = {"organisation": school.organisation, "kind": "reading", "course": school.courses["blue"]}
    Activity.objects.create(external_id="new", name="New", parent=school.courses["blue"], position=3, **new)
    outline.forget()


@pytest.mark.parametrize("algorithm", ["ease", "sequential_linear", "popularity"])
def test_the_same_as_one_by_one(school: School, trained: Callable[..., Run], algorithm: str, settings: Any) -> None:
    trained(school.organisation, algorithm)
    disturb(school)
    settings.NEURALINK_VARIETY_PERCENT = 0  # which looks at what rules leave of the first look
    for limit in (3, 8, 30):
        assert together(school, limit) == one_by_one(school, limit)
    say(school, Effect.PIN, school.parts["blue"][8])
    say(school, Effect.BLOCK, school.parts["red"][1], learner=school.learners[0])
    say(school, Effect.BOOST, school.courses["blue"], course=school.courses["red"])
    for limit in (3, 8):
        assert together(school, limit) == one_by_one(school, limit)


def test_courses_too(school: School, trained: Callable[..., Run]) -> None:
    trained(school.organisation, "popularity", kind="course")
    Enrolment.objects.filter(course=school.courses["blue"]).delete()
    assert together(school, 1, kind="course") == one_by_one(school, 1, kind="course")


def test_without_a_model(school: School, models_home: Any) -> None:
    assert together(school, 4) == one_by_one(school, 4)
