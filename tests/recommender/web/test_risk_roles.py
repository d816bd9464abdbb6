"""Who may open and do what with risks: every address for every role, for strangers and for the neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.models import Role
from recommender.models import Case, Intervention, LearnerView, Mail, MessageTemplate, OutcomePolicy, Risk
from tests.cast import Cast
from tests.recommender.risks import add_risks

Risks = dict[int, Risk]
ADMINISTRATOR, OWNER, INSTRUCTOR, LEARNER = Role.values
STAFF = {ADMINISTRATOR, OWNER, INSTRUCTOR}
CARERS = {ADMINISTRATOR, INSTRUCTOR}
GETS = {
    "learner_risk": {*STAFF, LEARNER},
    "what_if": {*STAFF, LEARNER},
    "course_risk": STAFF,
    "course_risk_summary": STAFF,
    "risk_summary": STAFF,
    "worklist": CARERS,
    "message_new": CARERS,
    "digest_preview": CARERS,
    "intervention_list": CARERS,
    "intervention_comparison": CARERS,
    "outcome_policy": {ADMINISTRATOR},
    "message_template": {ADMINISTRATOR},
    "message_template_new": {ADMINISTRATOR},
}
POSTS = {
    "worklist_act": CARERS,
    "mail_again": CARERS,
    "message_template_remove": {ADMINISTRATOR},
}
MOST_QUERIES = 25


@pytest.fixture
def address(cast: Cast, risks: Risks) -> Callable[..., str]:
    """Of a page, in North or in South; North shows learners everything of themselves."""
    OutcomePolicy.objects.create(organisation=cast.north.organisation, learner_sees=LearnerView.FULL)
    made: dict[str, dict[str, Any]] = {}
    for slug in ("north", "south"):
        house = cast.house(slug)
        by = house.members[INSTRUCTOR]
        mail = Mail.objects.create(organisation=house.organisation, requested_by=by, address="a@b.org", subject="s")
        MessageTemplate.objects.create(
            organisation=house.organisation, key=f"own-{slug}", name="n", subject="s", body="b"
        )
        enrolment = house.enrolments[0].pk
        made[slug] = {
            "learner_risk": [house.learners[0].pk],
            "course_risk": [house.courses["algebra"].pk],
            "course_risk_summary": [house.courses["algebra"].pk],
            "mail_again": [mail.pk],
            "message_template": [f"own-{slug}"],
            "message_template_remove": [f"own-{slug}"],
            "what_if": [enrolment],
            "enrolment": enrolment,
        }

    def of(name: str, slug: str = "north") -> str:
        query = f"?enrolment={made[slug]['enrolment']}" if name == "message_new" else ""
        return reverse(name, args=made[slug].get(name, [])) + query

    return of


@pytest.mark.parametrize("role", Role.values)
def test_pages(address: Callable[..., str], client_of: Callable[..., Client], role: str) -> None:
    client = client_of(role)
    for name, roles in GETS.items():
        with CaptureQueriesContext(connection) as asked:
            response = client.get(address(name))
        assert response.status_code == (200 if role in roles else 403), name
        assert len(asked) <= MOST_QUERIES, (name, [query["sql"][:120] for query in asked.captured_queries])


@pytest.mark.parametrize("role", Role.values)
def test_deeds(address: Callable[..., str], client_of: Callable[..., Client], role: str) -> None:
    client = client_of(role)
    for name, roles in POSTS.items():
        assert client.get(address(name)).status_code == 405, name
        assert client.post(address(name)).status_code == (302 if role in roles else 403), name


def test_strangers_are_asked_to_sign_in(address: Callable[..., str], client: Client) -> None:
    for name in GETS | POSTS:
        response = client.post(address(name)) if name in POSTS else client.get(address(name))
        assert response.status_code == 302, name
        assert response["Location"].startswith(reverse("sign_in")), name


def test_the_neighbours_rows_are_not_there(
    cast: Cast, address: Callable[..., str], client_of: Callable[..., Client]
) -> None:
    add_risks(cast.south)
    client = client_of(ADMINISTRATOR)
    for name in GETS | POSTS:
        url = address(name, "south")
        if url == address(name):
            continue
        response = client.post(url) if name in POSTS else client.get(url)
        assert response.status_code == (302 if name == "message_new" else 404), name
    rows = client.get(reverse("worklist")).context["page"].object_list
    assert {risk.organisation_id for risk in rows} == {cast.north.organisation.pk}
    south = client_of(ADMINISTRATOR, "south")
    ticked = {"action": "finish", "enrolment": [cast.north.enrolments[0].pk]}
    assert "not yours to see" in south.post(reverse("worklist_act"), ticked, follow=True).content.decode()
    assert not Case.objects.exists()


def test_an_instructor_hears_of_their_own_courses_only(
    cast: Cast, risks: Risks, client_of: Callable[..., Client]
) -> None:
    client = client_of(INSTRUCTOR)
    assert client.get(reverse("course_risk", args=[cast.north.courses["biology"].pk])).status_code == 404
    assert client.get(reverse("learner_risk", args=[cast.north.learners[9].pk])).status_code == 404
    biology = next(one for one in cast.north.enrolments if one.course == cast.north.courses["biology"])
    ticked = {"action": "record", "kind": "call", "note": "x", "enrolment": [biology.pk]}
    client.post(reverse("worklist_act"), ticked)
    assert not Intervention.objects.exists()
    assert client.get(reverse("message_new") + f"?enrolment={biology.pk}").status_code == 302


@pytest.mark.parametrize("view", LearnerView.values)
def test_a_learner_sees_what_the_policy_shows(
    cast: Cast, risks: Risks, client_of: Callable[..., Client], view: str
) -> None:
    OutcomePolicy.objects.create(organisation=cast.north.organisation, learner_sees=view)
    client = client_of(LEARNER)
    text = client.get(reverse("learner_risk", args=[cast.north.learners[0].pk])).content.decode()
    assert ("What would help most" in text) == (view != LearnerView.NOTHING)
    assert ("Going well" in text) == (view != LearnerView.NOTHING)
    assert ("chance to finish 10%" in text) == (view == LearnerView.FULL)
    assert "did not finish" not in text, "what others did is nothing that a learner can change"
    assert "peers" not in text
    assert "risk" not in text.replace("own-risk", "")
    assert client.get(reverse("learner_risk", args=[cast.north.learners[1].pk])).status_code == 404
