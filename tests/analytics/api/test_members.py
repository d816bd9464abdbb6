"""Members by API: invited with a link that is mailed too, changed, shut out; by data administrators in person only."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from analytics.models import Member, MemberAction, MemberChange
from tests.asking import all_pages, post
from tests.cast import Cast

PATH = "/api/v1/members/"


@pytest.fixture
def administrator(client_of: Callable[..., Client]) -> Client:
    return client_of("administrator")


def patch(client: Client, path: str, body: dict[str, Any]) -> Any:
    return client.patch(path, json.dumps(body), content_type="application/json")


def test_the_life_of_a_member(cast: Cast, administrator: Client) -> None:
    wanted = {"username": "newcomer", "email": "new@example.org", "role": "instructor", "courses": ["algebra"]}
    response = post(administrator, PATH, wanted)
    assert response.status_code == 201, response.content
    made = response.json()
    link = made.pop("link")
    assert link["mailed_to"] == "new@example.org"
    (letter,) = mail.outbox
    assert letter.to == ["new@example.org"]
    assert link["url"] in letter.body
    assert cast.north.organisation.name in letter.subject
    assert made in all_pages(administrator, PATH)
    assert made["courses"] == ["algebra"]
    path = f"{PATH}{made['id']}/"
    assert administrator.get(path).json() == made
    assert patch(administrator, path, {"role": "instructor"}).json()["courses"] == ["algebra"], "left out: it stays"
    assert patch(administrator, path, {"role": "instructor", "courses": []}).json()["courses"] == []
    learner = cast.north.learners[2].external_id
    changed = patch(administrator, path, {"role": "learner", "learner": learner}).json()
    assert (changed["role"], changed["learner"]) == ("learner", learner)
    assert administrator.post(f"{path}deactivate/").json()["deactivated_at"]
    assert administrator.post(f"{path}link/").status_code == 400, "who is shut out gets no link"
    assert administrator.post(f"{path}activate/").json()["deactivated_at"] is None
    # Within one second it is the same link again.
    assert administrator.post(f"{path}link/").json()["url"].startswith(link["url"].partition("set-password/")[0])
    told = MemberChange.objects.filter(member=made["id"]).values_list("action", flat=True)
    assert {MemberAction.INVITED, MemberAction.LINKED, MemberAction.ROLE, MemberAction.DEACTIVATED} <= set(told)


def test_without_an_address_nothing_is_mailed(cast: Cast, administrator: Client) -> None:
    made = post(administrator, PATH, {"username": "newcomer", "role": "model_owner"}).json()
    assert made["link"]["mailed_to"] == ""
    known = cast.south.members["instructor"].login.username
    assert post(administrator, PATH, {"username": known, "role": "model_owner"}).json()["link"] is None
    assert mail.outbox == []


def test_a_mail_server_that_is_away_hides_no_link(administrator: Client, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    made = post(administrator, PATH, {"username": "n", "role": "model_owner", "email": "n@example.org"}).json()
    assert "/set-password/" in made["link"]["url"]
    assert made["link"]["mailed_to"] == ""


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "n", "role": "queen"}, "role"),
        ({"username": "n", "role": "learner"}, "learner"),
        ({"username": "n", "role": "learner", "learner": "nobody"}, "learner"),
        ({"username": "n", "role": "instructor", "courses": ["nothing"]}, "courses"),
        ({"username": "a b c!", "role": "instructor"}, "username"),
        ({"username": "n", "role": "instructor", "email": "x"}, "email"),
        ({"username": "n", "role": "instructor", "password": "x"}, "password"),
        ({"username": "north-instructor", "role": "instructor"}, "username"),
    ],
)
def test_nonsense_is_refused_at_its_field(administrator: Client, body: dict[str, Any], field: str) -> None:
    n_members = Member.objects.count()
    response = post(administrator, PATH, body)
    assert response.status_code == 400
    assert field in json.dumps(response.json()["errors"])
    assert Member.objects.count() == n_members


def test_the_last_administrator_stays(cast: Cast, administrator: Client) -> None:
    path = f"{PATH}{cast.north.members['administrator'].pk}/"
    for refused in (patch(administrator, path, {"role": "model_owner"}), administrator.post(f"{path}deactivate/")):
        assert refused.status_code == 400
        assert "last data administrator" in refused.content.decode()


def test_nobody_of_another_organisation(cast: Cast, administrator: Client) -> None:
    neighbour = cast.south.members["instructor"]
    assert administrator.get(f"{PATH}{neighbour.pk}/").status_code == 404
    assert patch(administrator, f"{PATH}{neighbour.pk}/", {"role": "administrator"}).status_code == 404
    for deed in ("deactivate", "activate", "link"):
        assert administrator.post(f"{PATH}{neighbour.pk}/{deed}/").status_code == 404
