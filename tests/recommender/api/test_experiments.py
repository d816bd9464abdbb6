"""Versions side by side, and what learners did with them, by API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from analytics.models import ApiKey, Scope
from recommender.models import Experiment, OnlineDay, Run
from tests.asking import post, told
from tests.recommender.school import School

PATH = "/api/v1/experiments/"


@pytest.fixture
def client(school: School) -> Client:
    secret = ApiKey.objects.issue(school.organisation, "owner", [Scope.VERSIONS_WRITE], None)[1]
    return Client(headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture
def two(school: School, trained: Callable[..., Run]) -> tuple[Any, Any]:
    first = trained(school.organisation)
    return first.version, trained(school.organisation, "popularity", promotes=False).version


def test_started_read_and_stopped(client: Client, two: Any) -> None:
    made = post(client, PATH, {"challenger": 2, "share": 0.25})
    assert made.status_code == 201
    assert (made.json()["control"], made.json()["challenger"], made.json()["window_days"]) == (1, 2, 14)
    assert client.get(made["Location"]).json()["verdict"] == ""
    assert len(client.get(PATH).json()["results"]) == 1
    told(post(client, PATH, {"challenger": 2}), 400)
    told(post(client, f"{made['Location']}use-winner/", {}), 400)
    stopped = post(client, f"{made['Location']}stop/", {"why": "enough"}).json()
    assert stopped["why_stopped"] == "enough (API key owner)"


def test_the_winner_goes_into_use(client: Client, two: Any) -> None:
    place = post(client, PATH, {"challenger": 2})["Location"]
    Experiment.objects.update(winner=two[1], verdict="It is better.")
    done = post(client, f"{place}use-winner/", {}).json()
    assert (done["winner"], done["stopped_at"] is not None) == (2, True)
    assert client.get("/api/v1/versions/2/").json()["is_in_use"]


def test_what_is_not_there_is_pointed_at(client: Client, two: Any) -> None:
    assert told(post(client, PATH, {"challenger": 9}), 400)["errors"][0]["pointer"] == "/challenger"
    assert told(post(client, PATH, {"challenger": 2, "share": 1}), 400)["errors"][0]["pointer"] == "/share"


def test_what_learners_did(client: Client, two: Any) -> None:
    assert client.get("/api/v1/versions/1/online/").json() == []
    OnlineDay.objects.create(
        organisation=two[0].organisation, version=two[0], on=timezone.now().date(),
        n_lists=5, n_shown=20, n_clicked=0,
    )  # fmt: skip
    [found] = client.get("/api/v1/versions/1/online/").json()
    assert (found["channel"], found["n_shown"], found["started"]) == ("", 20, None)
    assert found["clicked"]["high"] == pytest.approx(0.1611, abs=1e-4)
