"""Lists that are nobody's own: of a session, of an activity, of everybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from analytics.aggregates import rollups
from analytics.models import Activity, ApiKey, Event, Scope
from analytics.public import InvalidInput
from recommender.algorithms.ease import EASE
from recommender.history import recent_meetings_of
from recommender.models import Impression, Run
from recommender.serving.everyone import frame_of, lists_of
from recommender.serving.recommend import popular_now, recommend, recommend_for_session, similar_to
from tests.asking import post, told
from tests.recommender.school import School, build_school

SESSION = "/api/v1/recommendations/"


def names(answer: Any) -> list[str]:
    return [step.activity.external_id for step in answer.recommendations]


@pytest.fixture
def ready(school: School, trained: Callable[..., Run]) -> School:
    trained(school.organisation)
    return school


@pytest.fixture
def client(ready: School) -> Client:
    secret = ApiKey.objects.issue(ready.organisation, "site", [Scope.RECOMMENDATIONS_READ], None)[1]
    return Client(headers={"Authorization": f"Bearer {secret}"})


def test_a_session_gets_its_own_colour_and_leaves_no_trace(ready: School) -> None:
    answer = recommend_for_session(ready.organisation, ["red-0", "red-1", "nothing we know"], limit=5)
    assert {name.partition("-")[0] for name in names(answer)} == {"red"}
    assert not {"red-0", "red-1"} & set(names(answer))
    assert answer.source == "ease"
    assert answer.token is None
    assert answer.learner is None
    assert not Impression.objects.exists()
    assert answer.recommendations[0].reason.startswith("Because you worked on Red")


def test_a_session_is_asked_what_a_learner_with_that_history_is(ready: School) -> None:
    learner = ready.learners[0]
    met = list(
        Event.objects.filter(learner=learner).order_by("occurred_at").values_list("activity__external_id", flat=True)
    )
    same = recommend_for_session(ready.organisation, met, limit=4)
    assert names(same) == names(recommend(learner, limit=4, channel="api"))


def test_a_model_is_told_when_what_was_met_was_met(ready: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """By one and by all; nobody knows it of a session."""
    told: list[Any] = []
    score, explain_each = EASE.score, EASE.explain_each

    def scoring(self: EASE, histories: Any, times: Any = None, among: Any = None, features: Any = None) -> Any:
        told.append(None if times is None else [one.tolist() for one in times])
        return score(self, histories, times, among, features)

    def explaining(self: EASE, history: Any, indices: Any, n: int = 2, times: Any = None) -> Any:
        told.append(None if times is None else [times.tolist()])
        return explain_each(self, history, indices, n, times)

    monkeypatch.setattr(EASE, "score", scoring)
    monkeypatch.setattr(EASE, "explain_each", explaining)
    learner = ready.learners[0]
    right = [one.at for one in recent_meetings_of(ready.organisation, [learner.pk], kind="any")[learner.pk]]
    recommend(learner, limit=3, channel="api")
    assert told == [[right], [right]]
    told.clear()
    list(lists_of(frame_of(ready.organisation, limit=3), [learner.pk]))
    assert told == [[right]]
    told.clear()
    recommend_for_session(ready.organisation, ["red-0"], limit=3)
    assert told == [None, None]


def test_without_a_history_the_fallback_is_named(ready: School) -> None:
    days = Event.objects.filter(organisation=ready.organisation).dates("occurred_at", "day")
    rollups.mark_dirty(ready.organisation.pk, days)
    rollups.refresh(ready.organisation.pk)
    answer = recommend_for_session(ready.organisation, [], limit=3)
    assert (answer.fallback, len(answer.recommendations)) == ("popular", 3)
    assert names(answer) == names(popular_now(ready.organisation, limit=3))
    of_red = popular_now(ready.organisation, limit=3, course=ready.courses["red"])
    assert {name.partition("-")[0] for name in names(of_red)} == {"red"}


def test_similar_is_what_comes_after(ready: School) -> None:
    red = ready.parts["red"][0]
    answer = similar_to(Activity.objects.select_related("organisation").get(pk=red.pk), limit=4)
    assert {name.partition("-")[0] for name in names(answer)} == {"red"}
    assert red.external_id not in names(answer)
    assert answer.recommendations[0].reason == "Often comes after Red 0"


def test_what_is_closed_is_in_none_of_them(ready: School) -> None:
    Activity.objects.filter(course=ready.courses["red"]).update(closes_at=timezone.now() - timedelta(days=1))
    assert "red-2" not in names(recommend_for_session(ready.organisation, ["red-0", "red-1"], limit=50))


def test_faults_name_their_parameter(ready: School) -> None:
    with pytest.raises(InvalidInput) as caught:
        recommend_for_session(ready.organisation, [], limit=0)
    assert caught.value.pointer == "limit"
    with pytest.raises(InvalidInput) as caught:
        popular_now(ready.organisation, course=build_school("other").courses["red"])
    assert caught.value.pointer == "course"


def test_by_api(client: Client, ready: School) -> None:
    answer = post(client, SESSION, {"history": ["red-0", "red-1"], "limit": 3, "exclude": ["red-2"]})
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert (found["learner"], found["token"], found["version"], len(found["recommendations"])) == (None, None, 1, 3)
    assert "red-2" not in {step["activity"]["external_id"] for step in found["recommendations"]}
    similar = client.get("/api/v1/activities/red-0/similar/", {"limit": 2}).json()
    assert len(similar["recommendations"]) == 2
    assert client.get("/api/v1/activities/popular/", {"course": "red"}).status_code == 200
    told(client.get("/api/v1/activities/nothing/similar/"), 404)
    for wrong, pointer in (
        ({}, "/history"),
        ({"history": "red-0"}, "/history"),
        ({"history": ["x"] * 1001}, "/history"),
        ({"history": [], "course": "green"}, "/course"),
        ({"history": [], "limit": 0}, "/limit"),
    ):
        assert told(post(client, SESSION, wrong), 400)["errors"][0]["pointer"].startswith(pointer)


def test_other_organisations_activities_are_not_known(client: Client, ready: School) -> None:
    other = build_school("other")
    Activity.objects.filter(pk=other.parts["red"][0].pk).update(external_id="theirs")
    told(client.get("/api/v1/activities/theirs/similar/"), 404)
    assert post(client, SESSION, {"history": ["theirs"]}).json()["fallback"] is not None
