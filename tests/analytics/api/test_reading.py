"""Learners, activities and events as the API shows them: fields, filters, pages, ids of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from analytics.models import Activity, Event, Kind, Learner, Verb
from tests.asking import all_pages, told
from tests.cast import Cast

KeyClient = Callable[..., Client]
STRANGE_IDS = [
    "a/b",
    "a//b/",
    "/",
    "ä ö",
    "50% off",
    "a?b#c",
    "line\nbreak",
    " blanks ",
    "💡",
    "..",
    "a+b&c=d",
    "x" * 500,
]


def test_a_learner(cast: Cast, api_client: KeyClient) -> None:
    shown = api_client("learners:read").get("/api/v1/learners/learner-01/").json()
    assert shown["name"] == "Amara Okafor"
    assert shown["created_at"].endswith("Z")
    assert {enrolment["course"] for enrolment in shown["enrolments"]} == {"algebra", "ceramics"}
    assert shown["total"]["n_events"] == len(cast.north.events_of(cast.north.learners[0]))


def test_a_learner_who_did_nothing_yet(cast: Cast, api_client: KeyClient) -> None:
    total = api_client("learners:read").get("/api/v1/learners/learner-12/").json()["total"]
    assert total == {"n_events": 0, "n_completions": 0, "n_days": 0, "first_on": None, "last_on": None}


def test_an_instructor_counts_what_happened_in_their_courses(cast: Cast, client_of: KeyClient) -> None:
    learner = cast.north.learners[0]
    within = [
        event for event in cast.north.events_of(learner) if event.activity.course_id == cast.north.courses["algebra"].pk
    ]
    assert 0 < len(within) < len(cast.north.events_of(learner))
    client = client_of("instructor")
    one = client.get("/api/v1/learners/learner-01/").json()
    assert one["total"]["n_events"] == len(within)
    assert one["total"]["last_on"] == max(event.occurred_at for event in within).date().isoformat()
    listed = {row["external_id"]: row["total"] for row in all_pages(client, "/api/v1/learners/")}
    assert listed["learner-01"] == one["total"]


def test_searching_learners(cast: Cast, api_client: KeyClient) -> None:
    client = api_client("learners:read")
    assert [row["name"] for row in all_pages(client, "/api/v1/learners/", search="o'NEILL")] == ["Grace O'Neill"]
    assert len(all_pages(client, "/api/v1/learners/", search="learner-0")) == 9
    assert all_pages(client, "/api/v1/learners/", search="%") == []


def test_ids_of_every_kind(cast: Cast, api_client: KeyClient) -> None:
    for external_id in STRANGE_IDS:
        ask_for(external_id, cast, api_client())


def ask_for(external_id: str, cast: Cast, client: Client) -> None:
    Learner.objects.create(organisation=cast.north.organisation, external_id=external_id)
    Activity.objects.create(organisation=cast.north.organisation, external_id=external_id, name="strange")
    for noun in ("learners", "activities"):
        if external_id not in {"/", ".."}:  # clients normalise such paths away; the parameter carries them
            shown = client.get(f"/api/v1/{noun}/{quote(external_id, safe='')}/")
            assert shown.json()["external_id"] == external_id
        listed = client.get(f"/api/v1/{noun}/", {"external_id": external_id}).json()["results"]
        assert [row["external_id"] for row in listed] == [external_id]
    assert client.get(f"/api/v1/learners/{quote(external_id, safe='')}/recommendations/").status_code == 200


@pytest.mark.parametrize("external_id", ["%00", "nobody", "%ff%fe"])
def test_ids_that_nobody_has(cast: Cast, api_client: KeyClient, external_id: str) -> None:
    told(api_client().get(f"/api/v1/learners/{external_id}/"), 404)


@pytest.mark.parametrize("pk", [0, 10**9, 10**19, 10**40])
def test_numbers_that_no_row_has(api_client: KeyClient, pk: int) -> None:
    for path in (f"imports/{pk}/", f"runs/{pk}/", f"versions/{pk}/", f"imports/{pk}/verdicts/"):
        told(api_client().get(f"/api/v1/{path}"), 404)


def test_activities_by_kind_and_course(cast: Cast, api_client: KeyClient) -> None:
    client = api_client("activities:read")
    assert len(all_pages(client, "/api/v1/activities/", kind=Kind.COURSE)) == 3
    videos = all_pages(client, "/api/v1/activities/", kind=Kind.VIDEO, course="biology")
    assert [(row["external_id"], row["course"], row["parent"]) for row in videos] == [
        ("biology-1", "biology", "biology"),
        ("biology-4", "biology", "biology"),
    ]
    problem = told(client.get("/api/v1/activities/?course=biology-1"), 400)
    assert problem["errors"][0]["parameter"] == "course"


def test_events_by_everything(cast: Cast, api_client: KeyClient) -> None:
    client, learner = api_client("events:read"), cast.north.learners[3]
    own = cast.north.events_of(learner)
    rows = all_pages(client, "/api/v1/events/", learner=learner.external_id, limit=3)
    assert [row["id"] for row in rows] == [event.pk for event in sorted(own, key=lambda e: (e.occurred_at, e.pk))]
    middle = own[len(own) // 2].occurred_at
    late = all_pages(client, "/api/v1/events/", learner=learner.external_id, since=middle.isoformat())
    early = all_pages(client, "/api/v1/events/", learner=learner.external_id, until=middle.isoformat())
    assert len(late) + len(early) == len(own)
    assert min(row["at"] for row in late) > max(row["at"] for row in early)
    viewed = all_pages(client, "/api/v1/events/", verb=Verb.VIEWED, activity="algebra-1")
    assert {(row["verb"], row["activity"]) for row in viewed} == {("viewed", "algebra-1")}


@pytest.mark.parametrize("query", ["verb=flew", "since=yesterday", "until=2026-13-01", "since=2026-01-01T00:00 01:00"])
def test_wrong_filters(cast: Cast, api_client: KeyClient, query: str) -> None:
    problem = told(api_client().get(f"/api/v1/events/?{query}"), 400)
    assert problem["errors"][0]["parameter"] == query.partition("=")[0]


@pytest.mark.parametrize("limit", [1, 2, 7, 500])
def test_pages_hold_every_row_once(cast: Cast, api_client: KeyClient, limit: int) -> None:
    """Many events of the cast happen at the same instant; the pages must not split or repeat them."""
    house = cast.north
    Event.objects.bulk_create(
        Event(
            organisation=house.organisation,
            learner=learner,
            activity=house.parts["algebra"][0],
            verb=Verb.VIEWED,
            occurred_at=house.events[0].occurred_at,
            from_import=house.from_import,
        )
        for learner in house.learners
    )
    learner = {} if limit > 1 else {"learner": "learner-01"}
    rows = all_pages(api_client("events:read"), "/api/v1/events/", limit=limit, **learner)
    expected = Event.objects.filter(organisation=house.organisation)
    if learner:
        expected = expected.filter(learner=house.learners[0])
    assert [row["id"] for row in rows] == list(expected.order_by("occurred_at", "id").values_list("pk", flat=True))


def test_pages_stay_when_rows_come_and_go(cast: Cast, api_client: KeyClient) -> None:
    client = api_client("learners:read")
    first = client.get("/api/v1/learners/?limit=5").json()
    Learner.objects.filter(external_id="learner-02", organisation=cast.north.organisation).delete()
    Learner.objects.create(organisation=cast.north.organisation, external_id="newcomer")
    seen = [row["external_id"] for row in first["results"]]
    seen += [row["external_id"] for row in all_pages(client, first["next"])]
    assert seen == [f"learner-{number:02}" for number in range(1, 13)] + ["newcomer"]


def test_pages_keep_their_filters(cast: Cast, api_client: KeyClient) -> None:
    client = api_client("activities:read")
    rows = all_pages(client, "/api/v1/activities/", kind=Kind.VIDEO, limit=1)
    assert [row["kind"] for row in rows] == ["video"] * 6


@pytest.mark.parametrize(
    ("path", "most"),
    [("learners/", 4), ("learners/learner-01/", 4), ("activities/", 4), ("events/", 4), ("imports/", 4), ("me/", 3)],
)
def test_the_number_of_queries_does_not_grow(
    cast: Cast, api_client: KeyClient, path: str, most: int, django_assert_max_num_queries: Any
) -> None:
    client = api_client()
    with django_assert_max_num_queries(most):
        assert client.get(f"/api/v1/{path}").status_code == 200


def test_who_am_i(cast: Cast, api_client: KeyClient, client_of: Callable[..., Client]) -> None:
    key = api_client("events:read").get("/api/v1/me/").json()
    assert (key["organisation"]["slug"], key["role"], key["scopes"]) == ("north", None, ["events:read"])
    member = client_of("learner").get("/api/v1/me/").json()
    assert (member["role"], member["learner"], member["scopes"]) == ("learner", "learner-01", None)
    assert member["name"] == "north-learner"
    # North lives in Madrid; programs are told the time in UTC all the same.
    assert member["organisation"]["now"].endswith("Z")
