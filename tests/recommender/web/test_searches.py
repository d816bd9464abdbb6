"""Searches from the page and by API: started, followed, stopped, and their best parameters trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from analytics.models import ApiKey, JobState, Scope
from analytics.public import working_on
from recommender.models import Run, Search
from recommender.training import search as module
from tests.asking import post, told
from tests.recommender.school import School

SEARCHES = "/api/v1/searches/"


@pytest.fixture
def browser(browser_of: Callable[..., Client]) -> Client:
    return browser_of("model_owner")


def do(search: Search, monkeypatch: pytest.MonkeyPatch) -> Search:
    monkeypatch.setattr(module, "MOST_BRACKETS", 1)
    with working_on(Search, search.pk) as lease:
        assert lease is not None
        module.search(lease)
    search.refresh_from_db()
    return search


def test_a_search_is_started_followed_and_its_best_trained(
    browser: Client, woken: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    response = browser.post(reverse("search_list"), {"algorithm": "ease", "minutes": "1.5", "kind": "any", "seed": "2"})
    search = Search.objects.get()
    assert response.url == reverse("search_page", args=[search.pk])
    assert (search.budget_seconds, search.seed) == (90, 2)
    assert b"Waiting for a worker" in browser.get(response.url).content
    do(search, monkeypatch)
    page = browser.get(response.url)
    assert search.verdict in page.content.decode()
    assert page.context["best"].config == search.best_config
    assert f"#{Run.objects.earliest('id').pk}" in page.content.decode()
    assert b"hx-get" not in page.content.partition(b'id="search"')[2], "an ended search is not asked for again"
    form = browser.get(reverse("run_new"), {"algorithm": "ease", "parameter-regularization": "123.5"})
    assert b'value="123.5"' in form.content


def test_trials_are_not_among_the_runs_but_can_be_opened(
    browser: Client, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = Search.objects.create(organisation=school.organisation, algorithm="ease", budget_seconds=60)
    do(search, monkeypatch)
    assert browser.get(reverse("run_list")).context["page"].paginator.count == 0
    page = browser.get(reverse("run_page", args=[search.trials.first().pk]))
    assert f"Trial of search #{search.pk}" in page.content.decode()


def test_a_faulty_wish_is_told_at_its_field(browser: Client) -> None:
    page = browser.post(reverse("search_list"), {"algorithm": "ease", "minutes": "100000", "kind": "any", "seed": "0"})
    assert page.status_code == 200
    assert "budget_seconds must be from 1" in page.context["form"].errors["minutes"][0]
    assert not Search.objects.exists()


def test_stopping_a_search(browser: Client, school: School) -> None:
    search = Search.objects.create(organisation=school.organisation, algorithm="ease", budget_seconds=60)
    browser.post(reverse("search_cancel", args=[search.pk]))
    search.refresh_from_db()
    assert search.state == JobState.CANCELLED


def test_the_api_starts_lists_and_stops(
    school: School, woken: list[Any], django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = ApiKey.objects.issue(school.organisation, "robot", [Scope.RUNS_WRITE], None)[1]
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    with django_capture_on_commit_callbacks(execute=True):
        response = post(client, SEARCHES, {"algorithm": "ease", "budget_seconds": 30})
    assert response.status_code == 202, response.content
    assert [message.task_name for message in woken] == ["recommender.tasks.search"]
    told(post(client, SEARCHES, {"algorithm": "ease", "budget_seconds": -1}), 400)
    do(Search.objects.get(), monkeypatch)
    found = client.get(response["Location"]).json()
    assert (found["state"], found["n_trials"]) == ("succeeded", 14)
    runs = client.get("/api/v1/runs/", {"search": found["id"], "limit": 50}).json()["results"]
    assert {run["search"] for run in runs} == {found["id"]}
    assert len(runs) == 14
    assert client.get("/api/v1/runs/").json()["results"] == []
    told(client.post(f"{response['Location']}cancel/"), 409)
