"""Writing events in bulk: what is taken, what is told of what is not, and what nobody can break."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from analytics.models import Activity, Event, Import, Learner
from tests.asking import post, told
from tests.cast import Cast

KeyClient = Callable[..., Client]
PATH = "/api/v1/events/"


def row(**fields: Any) -> dict[str, Any]:
    return {
        "learner": "learner-01",
        "activity": "algebra-1",
        "verb": "viewed",
        "at": timezone.now().isoformat(),
    } | fields


def written(client: Client, rows: Any) -> Any:
    response = post(client, PATH, rows)
    assert response.status_code == 200, response.content
    answer = response.json()
    assert answer["read"] == answer["accepted"] + answer["merged"] + answer["rejected"]
    return answer


def test_an_array_of_events(cast: Cast, api_client: KeyClient) -> None:
    client, n_before = api_client("events:write"), Event.objects.count()
    answer = written(client, [row(value=0.5, unit="share"), row(activity="algebra-2", verb="completed")])
    assert (answer["accepted"], answer["rejected"], answer["verdicts"]) == (2, 0, [])
    assert Event.objects.count() == n_before + 2
    assert Import.objects.get(pk=answer["from_import"]).organisation == cast.north.organisation


def test_one_event_and_its_way_back_out(cast: Cast, api_client: KeyClient) -> None:
    client = api_client()
    written(client, row(learner="learner-12", value=12, unit="seconds"))
    shown = client.get(PATH, {"learner": "learner-12"}).json()["results"]
    assert [(event["verb"], event["value"], event["unit"]) for event in shown] == [("viewed", 12.0, "seconds")]


def test_new_learners_and_activities_are_made(cast: Cast, api_client: KeyClient) -> None:
    strange = "new / ä💡"
    written(api_client(), row(learner=strange, learner_name="New", activity=strange, kind="video", name="A film"))
    assert Learner.objects.get(external_id=strange).name == "New"
    activity = Activity.objects.get(external_id=strange)
    assert (activity.kind, activity.name, activity.organisation) == ("video", "A film", cast.north.organisation)


def test_an_id_is_taken_once(cast: Cast, api_client: KeyClient) -> None:
    client = api_client()
    rows = [row(id="a"), row(id="b"), row(id="a")]
    assert written(client, rows)["accepted"] == 2
    again = written(client, rows)
    assert (again["accepted"], again["merged"]) == (0, 3)
    # Another organisation's ids are its own.
    assert written(api_client(organisation="south"), rows[:2])["accepted"] == 2


def test_each_rejected_row_is_told_with_its_field(cast: Cast, api_client: KeyClient) -> None:
    client = api_client()
    rows = [
        row(),
        row(at="soon"),
        row(learner=""),
        row(value="many"),
        row(activity="nul\0"),
        row(verb=["viewed"]),
        row(colour="red"),
        row(at="9999-12-31T23:59:59Z"),
        row(value=1e308, unit="share"),
    ]
    for _time in range(2):  # the second request tells of its own rows only
        answer = written(client, rows)
        assert (answer["accepted"], answer["rejected"]) == (1, 8)
        told_of = {verdict["index"]: verdict["field"] for verdict in answer["verdicts"]}
        assert told_of == {1: "at", 2: "learner", 3: "value", 4: None, 5: None, 6: None, 7: "at", 8: "value"}
        assert all(verdict["sentence"].endswith(".") for verdict in answer["verdicts"])


def test_nothing_good_is_no_success(cast: Cast, api_client: KeyClient) -> None:
    client = api_client()
    problem = told(post(client, PATH, [row(at="soon"), row(learner=None)]), 400)
    assert [error["pointer"] for error in problem["errors"]] == ["/0/at", "/1/learner"]
    problem = told(post(client, PATH, row(at="soon")), 400)
    assert [error["pointer"] for error in problem["errors"]] == ["/at"]


NO_EVENTS = {
    "empty": [],
    "a number": [1],
    "one of two": [row(), "x"],
    "a list in a list": [[row()]],
    "text": "x",
    "number": 5,
    "null": None,
    "object": {},
}


@pytest.mark.parametrize("body", NO_EVENTS.values(), ids=NO_EVENTS)
def test_bodies_that_are_no_events(cast: Cast, api_client: KeyClient, body: Any) -> None:
    n_before = Event.objects.count()
    told(post(api_client(), PATH, body), 400)
    assert Event.objects.count() == n_before


def test_the_row_at_fault_is_pointed_at(cast: Cast, api_client: KeyClient) -> None:
    problem = told(post(api_client(), PATH, [row(), "x"]), 400)
    assert problem["errors"][0]["pointer"] == "/1"


def test_too_many_rows(cast: Cast, api_client: KeyClient) -> None:
    assert "10000" in told(post(api_client(), PATH, [{}] * 10_001), 413)["detail"]


def test_as_many_rows_as_are_promised(cast: Cast, api_client: KeyClient) -> None:
    assert written(api_client(), [row()] * 10_000)["accepted"] == 10_000


HOSTILE = [
    row(value=10**400),
    row(value=-(10**30)),
    row(learner="x" * 100_000),
    row(learner={"a": 1}),
    row(at=10**30),
    row(at=-1),
    row(at=True),
    row(verb=None),
    row(verb=0),
    row(id=1.5),
    row(unit=7),
    row(course="algebra-1"),
    row(course="\ufffe"),
    row(activity="'; DROP TABLE analytics_event; --"),
    {"": ""},
    {"at\0": "x"},
]


def test_hostile_rows_get_a_verdict_and_never_a_crash(cast: Cast, api_client: KeyClient) -> None:
    client = api_client()
    for each in HOSTILE:
        response = post(client, PATH, [each])
        assert response.status_code in {200, 400}, (each, response.content)
    assert written(client, [row(), *HOSTILE])["accepted"] >= 1


def test_only_members_who_may_write(cast: Cast, client_of: Callable[..., Client]) -> None:
    assert written(client_of("administrator"), row())["accepted"] == 1
    for role in ("model_owner", "instructor", "learner"):
        told(post(client_of(role), PATH, row()), 403)


def test_the_day_tables_are_asked_to_follow(
    cast: Cast, api_client: KeyClient, woken: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        written(api_client(), row())
    assert [message.task_name for message in woken] == ["analytics.tasks.refresh_rollups"]
