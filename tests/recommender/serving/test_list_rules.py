"""What an organisation pins, boosts and blocks, for whom and until when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from analytics.models import Activity, Learner
from recommender.models import Effect, ListRule, Run
from recommender.serving.recommend import recommend, recommend_for_session
from recommender.serving.why_not import why_not
from tests.recommender.school import School, build_school

Trained = Callable[..., Run]


def say(school: School, effect: Effect, activity: Activity | None = None, **values: Any) -> ListRule:
    values.setdefault("factor", 5.0 if effect == Effect.BOOST else None)
    return ListRule.objects.create(
        organisation=school.organisation, effect=effect, activity=activity, why="because", **values
    )


def names(learner: Learner, **options: Any) -> list[str]:
    return [step.activity.external_id for step in recommend(learner, channel="api", **options).recommendations]


def test_pin_boost_and_block(school: School, trained: Trained) -> None:
    trained(school.organisation)
    learner = school.learners[0]
    plain = names(learner, limit=12)
    pinned = say(school, Effect.PIN, school.parts["blue"][7])
    answer = recommend(learner, limit=5, channel="api")
    first = answer.recommendations[0]
    assert (first.activity.external_id, first.source) == ("blue-7", "pinned")
    assert first.reason == "Put forward for learners of Blue"
    assert names(learner, limit=5)[1:] == plain[:4]
    assert names(learner, limit=3, course=school.courses["red"]) == plain[:3]  # pins obey every other rule
    ListRule.objects.filter(pk=pinned.pk).update(ended_at=timezone.now())

    blocked = say(school, Effect.BLOCK, school.courses["red"])
    assert {name.partition("-")[0] for name in names(learner)} == {"blue"}
    assert why_not(learner, Activity.objects.get(external_id=plain[0])).rule == "not_blocked"
    ListRule.objects.filter(pk=blocked.pk).update(ended_at=timezone.now())
    say(school, Effect.BLOCK, activity_kind="reading")
    assert names(learner) == []
    ListRule.objects.all().delete()

    by_name = {part.external_id: part for part in school.parts["red"]}
    say(school, Effect.BOOST, by_name[plain[3]], factor=10.0)
    say(school, Effect.BOOST, by_name[plain[0]], factor=0.1)
    assert names(learner, limit=4) == [plain[3], plain[1], plain[2], plain[0]]
    ListRule.objects.all().delete()
    say(school, Effect.BOOST, school.courses["red"], factor=2.0)  # with all that is in it
    assert names(learner, limit=4) == plain[:4]
    strengths = [step.strength for step in recommend(learner, limit=12, channel="api").recommendations]
    assert all(0 <= strength <= 1 for strength in strengths)


@pytest.mark.parametrize(
    ("audience", "is_meant"),
    [
        ({}, True),
        ({"starts_at": timedelta(days=1)}, False),
        ({"ends_at": timedelta(days=-1)}, False),
        ({"starts_at": timedelta(days=-1), "ends_at": timedelta(days=1)}, True),
        ({"learner": 0}, True),
        ({"learner": 1}, False),
        ({"course": "blue"}, True),
        ({"course": "green"}, False),
        ({"course": "blue", "course_run": "2014J"}, False),
    ],
)
def test_who_is_meant_and_when(school: School, models_home: Any, audience: dict[str, Any], is_meant: bool) -> None:
    green = Activity.objects.create(organisation=school.organisation, external_id="green", kind="course", name="Green")
    courses = school.courses | {"green": green}
    values = {
        name: timezone.now() + value
        if isinstance(value, timedelta)
        else school.learners[value]
        if name == "learner"
        else courses[value]
        if name == "course"
        else value
        for name, value in audience.items()
    }
    say(school, Effect.PIN, school.parts["blue"][7], **values)
    assert (names(school.learners[0], limit=3)[:1] == ["blue-7"]) is is_meant
    in_session = recommend_for_session(school.organisation, ["red-0"], limit=30).recommendations
    is_for_all = is_meant and not {"learner", "course"} & audience.keys()
    assert any(step.source == "pinned" for step in in_session) is is_for_all


def test_another_organisations_rules_do_nothing(school: School, models_home: Any) -> None:
    other = build_school("other", n_learners=1)
    say(other, Effect.BLOCK, activity_kind="reading")
    assert names(school.learners[0])
    assert names(other.learners[0]) == []
