"""Risks, worklist and interventions by API: as the pages tell them, to whom they may be told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from analytics.models import Enrolment
from recommender.models import Case, Intervention, LearnerView, OutcomePolicy, Risk
from recommender.worklist.seen import today
from tests.asking import all_pages, post, told
from tests.cast import Cast
from tests.recommender.risks import add_risk, add_risks

KeyClient = Callable[..., Client]
Risks = dict[int, Risk]
RISKS, WORKLIST, ACTIONS = "/api/v1/risks/", "/api/v1/worklist/", "/api/v1/worklist/actions/"
INTERVENTIONS = "/api/v1/interventions/"


def shares(rows: list[dict[str, Any]]) -> list[float | None]:
    return [row["risk_share"] for row in rows]


def test_a_risk_is_told_with_its_words(api_client: KeyClient, risks: Risks) -> None:
    (row,) = api_client("risks:read").get(RISKS, {"learner": "learner-01"}).json()["results"]
    assert row["enrolment"] == risks[0].enrolment_id
    assert (row["course"], row["risk_share"], row["confidence"]) == ("algebra", 0.9, "medium")
    assert row["factors"][1] == {
        "feature": "pause",
        "value": 9.0,
        "peers_value": 2.0,
        "effect": 0.2,
        "sentence": "No activity for 9 days; peers at this point: 2 days.",
    }
    assert row["strengths"][0]["sentence"] == "Mean result 80%; peers at this point: 60%."


def test_filters_and_history(api_client: KeyClient, risks: Risks) -> None:
    add_risk(risks[0].enrolment, 0.2, on=risks[0].on - timedelta(days=7))
    client = api_client("risks:read")
    assert shares(all_pages(client, RISKS, limit=3)) == [None, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    assert shares(all_pages(client, RISKS, course="algebra", min_share=0.7)) == [0.7, 0.8, 0.9]
    assert all_pages(client, RISKS, course="biology") == []
    assert shares(all_pages(client, RISKS, learner="learner-01", history="true")) == [0.2, 0.9]
    for wrong in ({"min_share": "2"}, {"learner": "nobody"}, {"history": "perhaps"}, {"students": "1"}):
        told(client.get(RISKS, wrong), 400)


def test_who_hears_of_which_risks(cast: Cast, risks: Risks, client_of: Callable[..., Client]) -> None:
    biology = Enrolment.objects.filter(course=cast.north.courses["biology"]).first()
    assert biology is not None
    add_risk(biology, 0.95)
    add_risks(cast.south)
    count = {role: len(all_pages(client_of(role), RISKS)) for role in ("administrator", "instructor", "learner")}
    assert count == {"administrator": 9, "instructor": 8, "learner": 0}
    assert len(all_pages(client_of("administrator", "south"), RISKS)) == 3


@pytest.mark.parametrize("view", [LearnerView.NOTHING, LearnerView.HINTS])
def test_a_learner_hears_nothing_that_the_policy_keeps(
    cast: Cast, risks: Risks, client_of: Callable[..., Client], view: str
) -> None:
    OutcomePolicy.objects.create(organisation=cast.north.organisation, learner_sees=view)
    assert all_pages(client_of("learner"), RISKS, history="true") == []


def test_a_learner_hears_of_themselves_and_not_of_peers(
    cast: Cast, risks: Risks, client_of: Callable[..., Client]
) -> None:
    OutcomePolicy.objects.create(organisation=cast.north.organisation, learner_sees=LearnerView.FULL)
    (row,) = all_pages(client_of("learner"), RISKS, history="true")
    assert row["learner"] == "learner-01"
    assert [factor["feature"] for factor in row["factors"]] == ["pause", "missing_work"]
    assert {factor["peers_value"] for factor in row["factors"] + row["strengths"]} == {None}
    told(client_of("learner").get(RISKS, {"learner": "learner-02"}), 400)


def test_the_worklist_is_the_pages(api_client: KeyClient, client_of: Callable[..., Client], risks: Risks) -> None:
    for client in (api_client("risks:read"), client_of("instructor")):
        rows = all_pages(client, WORKLIST, limit=2)
        assert shares(rows) == [0.9, 0.8, 0.7, 0.6, 0.5]
        assert {row["case"] for row in rows} == {None}
        assert all_pages(client, WORKLIST, state="mine") == []


def test_actions(cast: Cast, client_of: Callable[..., Client], risks: Risks) -> None:
    client = client_of("instructor")
    ids = [risks[0].enrolment_id, risks[1].enrolment_id]
    until = (today(cast.north.organisation) + timedelta(days=3)).isoformat()
    done = post(client, ACTIONS, {"action": "assign", "enrolments": ids, "assigned_to": "north-instructor"})
    assert done.status_code == 200, done.content
    assert [row["assigned_to"] for row in done.json()] == ["north-instructor"] * 2
    assert shares(all_pages(client, WORKLIST, state="mine")) == [0.9, 0.8]
    post(client, ACTIONS, {"action": "snooze", "enrolments": ids[:1], "until": until})
    (snoozed,) = all_pages(client, WORKLIST, state="snoozed")
    assert snoozed["case"]["snoozed_until"] == until
    assert snoozed["case"]["changed_by"] == "north-instructor"
    post(client, ACTIONS, {"action": "finish", "enrolments": ids})
    assert shares(all_pages(client, WORKLIST, state="done")) == [0.9, 0.8]
    post(client, ACTIONS, {"action": "reopen", "enrolments": ids})
    assert len(all_pages(client, WORKLIST)) == 5


def test_a_key_acts_for_its_organisation(api_client: KeyClient, risks: Risks) -> None:
    done = post(api_client("cases:write"), ACTIONS, {"action": "finish", "enrolments": [risks[0].enrolment_id]})
    assert done.json()[0]["changed_by"] is None
    assert done.json()[0]["done_on"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"enrolments": []}, "enrolments"),
        ({"enrolments": [2**62]}, "enrolments"),
        ({"enrolments": ["x"]}, "enrolments"),
        ({"action": "forget"}, "action"),
        ({"action": "snooze"}, "until"),
        ({"action": "snooze", "until": "2020-01-01"}, "until"),
        ({"action": "assign", "assigned_to": "south-instructor"}, "assigned_to"),
        ({"action": "assign", "assigned_to": "north-learner"}, "assigned_to"),
        ({"why": "x"}, "why"),
    ],
)
def test_actions_that_are_refused(api_client: KeyClient, risks: Risks, change: dict[str, Any], pointer: str) -> None:
    problem = told(
        post(api_client(), ACTIONS, {"action": "finish", "enrolments": [risks[0].enrolment_id]} | change), 400
    )
    assert pointer in str(problem["errors"]), problem
    assert not Case.objects.exists()


def test_nobody_acts_on_what_they_do_not_see(
    cast: Cast, risks: Risks, client_of: Callable[..., Client], api_client: KeyClient
) -> None:
    biology = Enrolment.objects.filter(course=cast.north.courses["biology"]).first()
    assert biology is not None
    for client, pk in (
        (client_of("instructor"), biology.pk),
        (client_of("administrator"), cast.south.enrolments[0].pk),
        (api_client(), cast.south.enrolments[0].pk),
    ):
        told(post(client, ACTIONS, {"action": "finish", "enrolments": [pk]}), 400)
        told(post(client, INTERVENTIONS, {"enrolments": [pk], "kind": "call"}), 400)
    assert not Case.objects.exists()
    assert not Intervention.objects.exists()


def test_interventions_are_written_and_read(client_of: Callable[..., Client], risks: Risks) -> None:
    client = client_of("instructor")
    body = {"enrolments": [risks[0].enrolment_id, risks[7].enrolment_id], "kind": "call", "note": "spoke"}
    done = post(client, INTERVENTIONS, body)
    assert done.status_code == 201, done.content
    assert [row["risk_share"] for row in done.json()] == [0.9, None]
    rows = all_pages(client, INTERVENTIONS, limit=1)
    assert [(row["learner"], row["note"], row["by"]) for row in rows] == [
        ("learner-08", "spoke", "north-instructor"),
        ("learner-01", "spoke", "north-instructor"),
    ]
    assert len(all_pages(client, INTERVENTIONS, learner="learner-01", kind="call", course="algebra")) == 1
    assert all_pages(client, INTERVENTIONS, kind="meeting") == []
    told(post(client, INTERVENTIONS, body | {"kind": "note", "note": " "}), 400)


def test_the_comparison_tells_its_caveat(api_client: KeyClient, client_of: Callable[..., Client], risks: Risks) -> None:
    for client in (api_client("risks:read"), client_of("instructor")):
        found = client.get(f"{INTERVENTIONS}comparison/").json()
        assert found["difference"] is None
        assert "not an experiment" in found["caveat"]
    told(client_of("instructor").get(f"{INTERVENTIONS}comparison/", {"course": "biology"}), 400)
