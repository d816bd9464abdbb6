"""The file that a learner takes away holds what the recommender stores of them, and of nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analytics.models import LearnerIdentity, Statement
from recommender.models import (
    Feedback,
    FeedbackAction,
    Impression,
    Intervention,
    InterventionKind,
    LearnerView,
    Mail,
    OutcomePolicy,
    Risk,
)
from tests.cast import Cast, House


def stored(client: Client) -> Any:
    response: Any = client.get(reverse("my_data"))
    return json.loads(response.getvalue())


def show(house: House, number: int) -> Impression:
    parts = house.parts["algebra"]
    shown = Impression.objects.create(
        organisation=house.organisation,
        learner=house.learners[number],
        source="ease",
        channel="page",
        activity_ids=[parts[1].pk, 2**40, parts[0].pk],
    )
    Feedback.objects.create(
        organisation=house.organisation,
        impression=shown,
        learner=house.learners[number],
        activity=parts[1],
        action=FeedbackAction.DISMISS,
    )
    return shown


def test_lists_answers_and_mails(cast: Cast, client_of: Callable[..., Client], risks: dict[int, Risk]) -> None:
    show(cast.north, 0)
    show(cast.north, 1)
    show(cast.south, 0)
    for number in (0, 1):
        house = cast.north.organisation
        mail = Mail.objects.create(organisation=house, address="a@b.org", subject=f"To {number}", body="Hello")
        Intervention.objects.create(
            organisation=house,
            enrolment=risks[number].enrolment,
            kind=InterventionKind.MESSAGE,
            mail=mail,
            on=timezone.now().date(),
            note="seems tired",
        )
    found = stored(client_of("learner"))
    parts = cast.north.parts["algebra"]
    assert [each["activity_ids"] for each in found["recommendations"]] == [[parts[1].external_id, parts[0].external_id]]
    assert [(each["action"], each["activity__external_id"]) for each in found["feedback"]] == [
        ("dismiss", parts[1].external_id)
    ]
    assert [each["subject"] for each in found["messages"]] == ["To 0"]
    assert "seems tired" not in json.dumps(found)


@pytest.mark.parametrize("view", LearnerView.values)
def test_risks_only_where_learners_see_theirs(
    cast: Cast, client_of: Callable[..., Client], risks: dict[int, Risk], view: str
) -> None:
    OutcomePolicy.objects.create(organisation=cast.north.organisation, learner_sees=view)
    found = stored(client_of("learner"))["risks"]
    assert [each["risk_share"] for each in found] == ([risks[0].risk_share] if view == LearnerView.FULL else [])


def test_statements_of_the_learner(cast: Cast, client_of: Callable[..., Client]) -> None:
    organisation = cast.north.organisation
    agent = {"mbox": "mailto:amara@example.org"}
    LearnerIdentity.objects.create(
        organisation=organisation, learner=cast.north.learners[0], key="mbox:amara", agent=agent
    )
    for number, actor in enumerate(("mbox:amara", "mbox:other")):
        Statement.objects.create(
            organisation=organisation,
            uuid=f"00000000-0000-4000-8000-00000000000{number}",
            stored_at=timezone.now(),
            occurred_at=timezone.now(),
            verb="http://example.org/did",
            actor=actor,
            document=json.dumps({"actor": actor}),
        )
    found = stored(client_of("learner"))
    assert found["statements"] == [{"actor": "mbox:amara"}]
    assert [each["agent"] for each in found["identities"]] == [agent]
