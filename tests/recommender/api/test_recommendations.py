"""Recommendations and feedback by API, for a school whose right answers are known."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from analytics.models import Activity, ApiKey, Member, Role, Scope
from recommender.api.recommendations import AnswerSerializer, NamedActivitySerializer, RecommendationSerializer
from recommender.models import Feedback, Impression
from tests.asking import post, told
from tests.recommender.school import School, build_school

PATH = "/api/v1/learners/l0/recommendations/"


@pytest.fixture
def client(school: School) -> Client:
    return with_key(school)


def with_key(school: School, *scopes: str) -> Client:
    secret = ApiKey.objects.issue(school.organisation, "app", [Scope.RECOMMENDATIONS_READ, *scopes], None)[1]
    return Client(headers={"Authorization": f"Bearer {secret}"})


def signed_in(school: School, role: str, number: int = 0) -> Client:
    login = User.objects.create_user(f"{role}-{number}")
    learner = school.learners[number] if role == Role.LEARNER else None
    Member.objects.create(organisation=school.organisation, login=login, role=role, learner=learner)
    client = Client()
    client.force_login(login)
    return client


def answer(client: Client, path: str = PATH, **parameters: Any) -> Any:
    response = client.get(path, parameters)
    assert response.status_code == 200, response.content
    return response.json()


def test_the_right_activities_with_reasons(school: School, client: Client, trained: Callable[..., Any]) -> None:
    trained(school.organisation, "ease")
    told_ = answer(client, limit=3)
    assert (told_["learner"], told_["source"], told_["version"], told_["fallback"]) == ("l0", "ease", 1, None)
    recommendations = told_["recommendations"]
    assert [recommendation["rank"] for recommendation in recommendations] == [1, 2, 3]
    names = [recommendation["activity"]["external_id"] for recommendation in recommendations]
    right = school.not_met(school.learners[0])
    assert set(Activity.objects.filter(external_id__in=names).values_list("pk", flat=True)) <= right
    assert all(recommendation["reason"] for recommendation in recommendations)
    assert recommendations[0]["reason_activities"][0]["external_id"].startswith("red-")
    assert Impression.objects.get().token == uuid.UUID(told_["token"])
    assert Impression.objects.get().channel == "api"


def test_without_a_version_the_fallback_says_its_name(school: School, client: Client, models_home: Any) -> None:
    told_ = answer(client)
    assert told_["version"] is None
    assert told_["source"] == told_["fallback"]


def test_limit_course_and_exclude(school: School, client: Client, models_home: Any) -> None:
    everything = {row["activity"]["external_id"] for row in answer(client, limit=100)["recommendations"]}
    blue = {row["activity"]["external_id"] for row in answer(client, course="blue", limit=100)["recommendations"]}
    assert blue
    assert all(name.startswith("blue-") for name in blue)
    unwanted = sorted(everything)[:2]
    left = {row["activity"]["external_id"] for row in answer(client, limit=100, exclude=unwanted)["recommendations"]}
    assert left == everything - set(unwanted)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("kind=book", "kind"),
        ("course=green", "course"),
        ("course=red-1", "course"),
        ("exclude=%00", "exclude"),
        ("n=5", "n"),
        ("explain=perhaps", "explain"),
        ("version=0", "version"),
        ("version=two", "version"),
    ],
)
def test_wrong_parameters(school: School, client: Client, query: str, parameter: str) -> None:
    problem = told(client.get(f"{PATH}?{query}"), 400)
    assert problem["errors"][0]["parameter"].startswith(parameter)


def test_a_course_of_courses_makes_no_sense(school: School, client: Client, models_home: Any) -> None:
    assert "course" in told(client.get(f"{PATH}?kind=course&course=red"), 400)["detail"]


def test_unknown_learners(school: School, client: Client) -> None:
    problem = told(client.get("/api/v1/learners/nobody/recommendations/"), 404)
    assert problem["detail"] == "There is no learner 'nobody'."


def test_feedback_and_its_consequence(school: School, client: Client, models_home: Any) -> None:
    first = answer(client, limit=100)
    refused = first["recommendations"][0]["activity"]["external_id"]
    body = {"token": first["token"], "activity": refused, "action": "dismiss"}
    for _time in range(2):
        response = post(client, "/api/v1/feedback/", body)
        assert response.status_code == 201, response.content
        assert response.json()["activity"] == refused
    assert Feedback.objects.count() == 1
    after = {row["activity"]["external_id"] for row in answer(client, limit=100)["recommendations"]}
    assert refused not in after


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [({"action": "love"}, "/action"), ({"activity": "red-99"}, "/activity"), ({"token": "x"}, "/token")],
)
def test_wrong_feedback(school: School, client: Client, models_home: Any, fields: dict[str, str], pointer: str) -> None:
    first = answer(client, limit=1)
    shown = first["recommendations"][0]["activity"]["external_id"]
    body = {"token": first["token"], "activity": shown, "action": "click"} | fields
    problem = told(post(client, "/api/v1/feedback/", body), 400)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_learners_speak_for_themselves_only(school: School, client: Client, models_home: Any) -> None:
    first = answer(client, limit=1)
    shown = first["recommendations"][0]["activity"]["external_id"]
    body = {"token": first["token"], "activity": shown, "action": "click"}
    told(post(signed_in(school, Role.LEARNER, 1), "/api/v1/feedback/", body), 404)
    told(post(signed_in(school, Role.ADMINISTRATOR), "/api/v1/feedback/", body), 403)
    assert post(signed_in(school, Role.LEARNER, 0), "/api/v1/feedback/", body).status_code == 201
    unknown = str(uuid.uuid4())
    problem = told(post(client, "/api/v1/feedback/", body | {"token": unknown}), 404)
    assert problem["detail"].endswith(f"'{unknown}'.")


def test_a_model_never_crosses_the_wall(school: School, client: Client, cast: Any, trained: Callable[..., Any]) -> None:
    trained(school.organisation, "ease")
    secret = ApiKey.objects.issue(cast.north.organisation, "app", list(Scope.values), None)[1]
    north = Client(headers={"Authorization": f"Bearer {secret}"})
    told_ = answer(north, "/api/v1/learners/learner-01/recommendations/")
    assert told_["version"] is None
    first = answer(client, limit=1)
    shown = first["recommendations"][0]["activity"]["external_id"]
    body = {"token": first["token"], "activity": shown, "action": "click"}
    told(post(north, "/api/v1/feedback/", body), 404)


def test_context_and_explain(school: School, client: Client, trained: Callable[..., Any]) -> None:
    trained(school.organisation, "ease")
    best = answer(client, limit=1)["recommendations"][0]["activity"]["external_id"]
    after = answer(client, context=[best, "not yet known"], explain="false")["recommendations"]
    assert best not in [row["activity"]["external_id"] for row in after]
    assert {row["reason"] for row in after} == {None}


def test_a_version_is_chosen_by_those_who_may(school: School, client: Client, trained: Callable[..., Any]) -> None:
    trained(school.organisation, "popularity")
    trained(school.organisation, "ease")
    assert "version" in told(client.get(f"{PATH}?version=1"), 403)["detail"]
    told(signed_in(school, Role.LEARNER).get(f"{PATH}?version=1"), 403)
    for may in (signed_in(school, Role.MODEL_OWNER), with_key(school, Scope.VERSIONS_WRITE)):
        assert answer(may, version=1)["source"] == "popularity"
        assert answer(may)["source"] == "ease"
        assert told(may.get(f"{PATH}?version=3"), 400)["errors"][0]["parameter"].startswith("version")
    owner = with_key(school, Scope.VERSIONS_WRITE)
    found = post(owner, "/api/v1/recommendations/", {"history": ["red-0"], "version": 1, "explain": False}).json()
    assert (found["source"], found["recommendations"][0]["reason"]) == ("popularity", None)
    told(post(client, "/api/v1/recommendations/", {"history": ["red-0"], "version": 1}), 403)


def test_answers_have_the_keys_of_the_schema(school: School, client: Client, trained: Callable[..., Any]) -> None:
    trained(school.organisation, "ease")
    told_ = answer(client, limit=2)
    assert list(told_) == list(AnswerSerializer().fields)
    first = told_["recommendations"][0]
    assert list(first) == list(RecommendationSerializer().fields)
    assert list(first["activity"]) == list(NamedActivitySerializer().fields)
    assert told_["card"] == "/api/v1/versions/1/card/"


def test_what_is_the_same_for_everybody_is_remembered_for_a_while(
    school: School, client: Client, trained: Callable[..., Any], settings: Any
) -> None:
    trained(school.organisation, "popularity")
    settings.NEURALINK_SHARED_SECONDS = 60
    path = "/api/v1/activities/red-0/similar/"
    first = answer(client, path)
    shown = first["recommendations"][0]["activity"]["external_id"]
    Activity.objects.filter(external_id=shown).update(name="Another name")
    assert answer(client, path) == first
    trained(school.organisation, "ease")  # another version is another answer
    assert answer(client, path)["version"] == 2


def test_what_is_remembered_of_one_organisation_is_nothing_to_another(
    school: School, client: Client, trained: Callable[..., Any], settings: Any
) -> None:
    trained(school.organisation, "popularity")
    settings.NEURALINK_SHARED_SECONDS = 60
    path = "/api/v1/activities/red-0/similar/"
    assert answer(client, path)["version"] == 1
    assert answer(with_key(build_school("other")), path)["version"] is None
    without = build_school("without")
    without.parts["red"][0].delete()
    told(with_key(without).get(path), 404)


def test_of_equal_ids_each_key_hears_of_its_own_learner(school: School, client: Client, models_home: Any) -> None:
    other = build_school("other")
    other.learners[0].delete()
    assert answer(client)["learner"] == "l0"
    told(with_key(other).get(PATH), 404)
    shown = Impression.objects.get()
    assert (shown.organisation, shown.learner) == (school.organisation, school.learners[0])


def test_somebody_elses_transaction_stays_as_lasting_as_it_was(
    school: School, client: Client, models_home: Any
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        before = cursor.fetchone()
        answer(client)
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == before == ("on",)
