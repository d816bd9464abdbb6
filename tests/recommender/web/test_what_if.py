"""What if: what is supposed, of whom, and in whose words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from analytics.models import Enrolment
from recommender.errors import CorruptArtifact
from recommender.models import LearnerView, OutcomePolicy, Risk
from recommender.serving.what_if import NOT_KNOWN, Changes, Supposed
from recommender.web.what_if import WhatIfForm
from tests.asking import told
from tests.cast import Cast

Risks = dict[int, Risk]
API = "/api/v1/risks/what-if/"


@pytest.fixture
def supposed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the predictor was asked; it says 80 % now and 40 % then."""
    asked: list[Any] = []

    def answer(enrolment: Enrolment, changes: Changes) -> Supposed:
        asked.append((enrolment.pk, changes))
        return Supposed(0.8, 0.4)

    for edge in ("web", "api"):
        monkeypatch.setattr(f"recommender.{edge}.what_if.what_if", answer)
    return asked


def page(client: Client, enrolment_id: int, **query: Any) -> Any:
    return client.get(reverse("what_if", args=[enrolment_id]), query)


def test_it_says_what_would_be(client_of: Callable[..., Client], risks: Risks, supposed: list[Any]) -> None:
    pk = risks[0].enrolment_id
    text = page(client_of("instructor"), pk, hands_in_next="1", active_days_a_week="3").content.decode()
    assert "The estimated risk would be <strong>40%</strong> instead of 80%." in text
    assert "no promise" in text
    assert supposed == [(pk, Changes(hands_in_next=True, active_days_a_week=3))]
    assert "Choose what to suppose" in page(client_of("instructor"), pk).content.decode()


def test_a_risk_that_rises_is_no_advice_against_it(
    client_of: Callable[..., Client], risks: Risks, supposed: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pk, asked = risks[0].enrolment_id, {"hands_in_missing": "1"}
    assert "sees no help" not in page(client_of("instructor"), pk, **asked).content.decode()
    monkeypatch.setattr("recommender.web.what_if.what_if", lambda enrolment, changes: Supposed(0.6, 0.62))
    text = page(client_of("instructor"), pk, **asked).content.decode()
    assert "<strong>62%</strong> instead of 60%" in text
    assert "those who stood like this and did so finished no more often" in text
    OutcomePolicy.objects.create(organisation_id=risks[0].organisation_id, learner_sees=LearnerView.FULL)
    own = page(client_of("learner"), pk, **asked).content.decode()
    assert "<strong>38%</strong> instead of 40%" in own
    assert "It may help you all the same." in own


def test_the_learners_page_offers_it(client_of: Callable[..., Client], cast: Cast, risks: Risks) -> None:
    text = client_of("instructor").get(reverse("learner_risk", args=[cast.north.learners[0].pk])).content.decode()
    assert f'hx-get="{reverse("what_if", args=[risks[0].enrolment_id])}"' in text
    assert "on 3 days a week" in text
    unknown = client_of("instructor").get(reverse("learner_risk", args=[cast.north.learners[7].pk])).content.decode()
    assert "What if" not in unknown


@pytest.mark.parametrize("days", ["8", "-1", "often", "3.5"])
def test_nonsense_supposes_nothing(
    client_of: Callable[..., Client], risks: Risks, supposed: list[Any], days: str
) -> None:
    response = page(client_of("instructor"), risks[0].enrolment_id, active_days_a_week=days)
    assert response.status_code == 200
    assert "that are offered" in response.content.decode()
    assert not supposed


def test_not_known_and_not_working_are_told(
    client_of: Callable[..., Client], risks: Risks, monkeypatch: pytest.MonkeyPatch
) -> None:
    pk = risks[0].enrolment_id
    monkeypatch.setattr("recommender.web.what_if.what_if", lambda *_asked: NOT_KNOWN)
    assert "Not enough data yet." in page(client_of("instructor"), pk, hands_in_next="1").content.decode()

    def broken(*_asked: Any) -> Supposed:
        raise CorruptArtifact("Files are missing: train again.")

    monkeypatch.setattr("recommender.web.what_if.what_if", broken)
    assert "Files are missing: train again." in page(client_of("instructor"), pk, hands_in_next="1").content.decode()


def test_whoever_may_not_hear_the_risk_may_not_suppose(
    client_of: Callable[..., Client], cast: Cast, risks: Risks, supposed: list[Any]
) -> None:
    biology = Enrolment.objects.filter(course=cast.north.courses["biology"]).first()
    assert biology is not None
    assert page(client_of("instructor"), biology.pk).status_code == 404
    assert page(client_of("administrator"), cast.south.enrolments[0].pk).status_code == 404
    assert page(Client(), risks[0].enrolment_id).status_code == 302
    assert page(client_of("learner"), risks[0].enrolment_id).status_code == 404
    OutcomePolicy.objects.create(organisation=cast.north.organisation, learner_sees=LearnerView.FULL)
    assert page(client_of("learner"), risks[1].enrolment_id).status_code == 404
    own = page(client_of("learner"), risks[0].enrolment_id, hands_in_missing="1").content.decode()
    assert "The estimated chance to finish would be <strong>60%</strong> instead of 20%." in own


def test_by_api(
    api_client: Callable[..., Client], client_of: Callable[..., Client], cast: Cast, risks: Risks, supposed: list[Any]
) -> None:
    pk, client = risks[0].enrolment_id, api_client("risks:read")
    answer = client.get(API, {"enrolment": pk, "active_days_a_week": 0, "result_share": 0.5})
    assert answer.json() == {"now": 0.8, "then": 0.4}
    assert supposed == [(pk, Changes(active_days_a_week=0, result_share=0.5))]
    for wrong in ({}, {"enrolment": pk, "active_days_a_week": 8}, {"enrolment": cast.south.enrolments[0].pk}):
        told(client.get(API, wrong), 400)
    told(client_of("learner").get(API, {"enrolment": pk}), 400)


def test_how_often_is_asked_in_the_readers_language() -> None:
    with translation.override("zh-hans"):
        chinese = dict(WhatIfForm().fields["active_days_a_week"].choices)  # type: ignore[attr-defined]
    english = dict(WhatIfForm().fields["active_days_a_week"].choices)  # type: ignore[attr-defined]
    assert (chinese[3], english[3]) == ("每周 3 天", "on 3 days a week")
