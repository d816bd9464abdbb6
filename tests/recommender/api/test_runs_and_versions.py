"""Trainings and versions by API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from analytics.models import ApiKey, JobState, Member, Role, Scope
from recommender.models import Promotion, Run
from tests.asking import all_pages, post, told
from tests.recommender.school import School, build_school

RUNS, VERSIONS = "/api/v1/runs/", "/api/v1/versions/"


@pytest.fixture
def client(school: School) -> Client:
    secret = ApiKey.objects.issue(school.organisation, "robot", [Scope.RUNS_WRITE, Scope.VERSIONS_WRITE], None)[1]
    return Client(headers={"Authorization": f"Bearer {secret}"})


def test_a_run_from_start_to_cancel(
    school: School, client: Client, woken: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = post(client, RUNS, {"algorithm": "ease", "course": "red", "seed": 7, "promotes": False})
    assert response.status_code == 202, response.content
    run = response.json()
    assert response["Location"] == f"{RUNS}{run['id']}/"
    assert (run["state"], run["course"], run["seed"], run["promotes"]) == ("queued", "red", 7, False)
    assert [message.task_name for message in woken] == ["recommender.tasks.train"]
    assert client.get(response["Location"]).json() == run
    assert "Run" in told(post(client, RUNS, {"algorithm": "popularity", "course": "red"}), 400)["detail"]
    cancelled = client.post(f"{response['Location']}cancel/")
    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
    told(client.post(f"{response['Location']}cancel/"), 409)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"algorithm": "oracle"}, "/algorithm"),
        ({"kind": "book"}, "/kind"),
        ({"course": "green"}, "/course"),
        ({"course": "red-1"}, "/course"),
        ({"course": "red", "kind": "course"}, "/course"),
        ({"seed": -1}, "/seed"),
        ({"seed": 10**20}, "/seed"),
        ({"seed": "x"}, "/seed"),
        ({"config": []}, "/config"),
        ({"config": {"colour": 3}}, "/config/colour"),
        ({"config": {"regularization": -5}}, "/config/regularization"),
        ({"config": {"regularization": "much"}}, "/config/regularization"),
        ({"config": {"regularization": [[[]]]}}, "/config/regularization"),
        ({"epochs": 3}, "/epochs"),
    ],
)
def test_wrong_runs(school: School, client: Client, fields: dict[str, Any], pointer: str) -> None:
    problem = told(post(client, RUNS, {"algorithm": "ease"} | fields), 400)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert not Run.objects.exists()


def test_what_a_run_would_cost_is_told_before_it_is_started(
    school: School, client: Client, trained: Callable[..., Run]
) -> None:
    estimate = f"{RUNS}estimate/"
    unknown = post(client, estimate, {"algorithm": "ease"}).json()
    assert (unknown["seconds"], unknown["memory_bytes"], unknown["run"]) == (None, None, None)
    run = trained(school.organisation, "ease")
    found = post(client, estimate, {"algorithm": "ease"}).json()
    assert found["run"] == run.pk
    assert found["seconds"] == pytest.approx(run.duration_seconds, rel=0.01)
    assert found["memory_bytes"] > 0
    assert found["sentence"].startswith("It should take about")
    wrong = told(post(client, estimate, {"algorithm": "ease", "config": {"depth": 3}}), 400)
    assert [error["pointer"] for error in wrong["errors"]] == ["/config/depth"]
    assert Run.objects.count() == 1


def test_a_finished_run_tells_what_was_measured(school: School, client: Client, trained: Callable[..., Run]) -> None:
    run = trained(school.organisation, "ease")
    shown = client.get(f"{RUNS}{run.pk}/").json()
    assert (shown["state"], shown["version"]) == ("succeeded", 1)
    assert shown["metrics"]["ndcg_10"] >= shown["baseline_metrics"]["ndcg_10"]
    assert shown["verdict"]
    assert all_pages(client, RUNS, state=JobState.SUCCEEDED)[0]["id"] == run.pk
    assert all_pages(client, RUNS, state=JobState.FAILED) == []


def test_versions_are_promoted_and_rolled_back(
    school: School, client: Client, trained: Callable[..., Run], django_assert_max_num_queries: Any
) -> None:
    trained(school.organisation, "popularity")
    trained(school.organisation, "ease", promotes=False)
    in_use = {row["number"]: row["is_in_use"] for row in all_pages(client, VERSIONS, limit=1)}
    assert in_use == {2: False, 1: True}
    response = post(client, f"{VERSIONS}2/promote/", {"why": "better"})
    assert response.status_code == 201, response.content
    promotion = response.json()
    assert (promotion["version"], promotion["previous"], promotion["by"]) == (2, 1, None)
    assert promotion["why"] == "better (API key robot)"
    told(post(client, f"{VERSIONS}2/promote/", {"why": "again"}), 400)
    back = post(client, f"{VERSIONS}roll-back/", {"kind": "any", "why": "worse"})
    assert (back.status_code, back.json()["version"], back.json()["action"]) == (201, 1, "roll_back")
    assert "nothing" in told(post(client, f"{VERSIONS}roll-back/", {"kind": "course", "why": "x"}), 400)["detail"]
    shown = client.get(f"{VERSIONS}1/").json()
    assert shown["is_in_use"]
    assert [row["action"] for row in shown["promotions"]] == ["roll_back", "promote"]
    with django_assert_max_num_queries(8):
        client.get(f"{VERSIONS}1/")
    assert all_pages(client, VERSIONS, kind="any", course="red") == []


@pytest.mark.parametrize("body", [{}, {"why": ""}, {"why": "a\0"}, {"why": "x", "by": 3}, {"why": "x" * 3000}])
def test_a_promotion_needs_its_reason(
    school: School, client: Client, trained: Callable[..., Run], body: dict[str, Any]
) -> None:
    trained(school.organisation, "popularity", promotes=False)
    told(post(client, f"{VERSIONS}1/promote/", body), 400)
    assert not Promotion.objects.exists()


def test_a_member_who_promotes_is_named(school: School, trained: Callable[..., Run]) -> None:
    trained(school.organisation, "popularity", promotes=False)
    login = User.objects.create_user("owner")
    Member.objects.create(organisation=school.organisation, login=login, role=Role.MODEL_OWNER)
    client = Client()
    client.force_login(login)
    promotion = post(client, f"{VERSIONS}1/promote/", {"why": "first"}).json()
    assert (promotion["by"], promotion["why"]) == ("owner", "first")


def test_numbers_of_versions_are_the_organisations_own(
    school: School, client: Client, trained: Callable[..., Run]
) -> None:
    """Both organisations have a version 1; each reaches its own only."""
    other = build_school("other")
    trained(other.organisation, "popularity")
    told(client.get(f"{VERSIONS}1/"), 404)
    trained(school.organisation, "ease")
    assert client.get(f"{VERSIONS}1/").json()["algorithm"] == "ease"


def test_a_run_has_a_budget(school: School, client: Client) -> None:
    assert post(client, RUNS, {"algorithm": "ease", "budget_seconds": 30}).json()["budget_seconds"] == 30
    told(post(client, RUNS, {"algorithm": "ease", "kind": "course", "budget_seconds": 10**6}), 400)
