"""The pages of statements: what came, what verbs mean, who tools are and whom they speak of."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from analytics.models import Credential, Event, Learner, LearnerIdentity, VerbMeaning
from tests.analytics.api.xapi.conftest import basic
from tests.analytics.imports.projector.conftest import everything_is_committed, run_projector  # noqa: F401
from tests.cast import Cast

DREAMT = "http://example.org/verbs/dreamt"


@pytest.fixture
def administrator(client_of: Callable[..., Client]) -> Client:
    return client_of("administrator")


def made(administrator: Client, name: str = "Moodle", **form: Any) -> Any:
    return administrator.post("/statements/credentials/", {"name": name, "scopes": ["all"], "version": "2.0.0"} | form)


def send(cast: Cast, verb: str, name: str = "ana") -> None:
    key, secret = Credential.objects.issue(cast.north.organisation, "Moodle", ["all"])
    headers = {"Authorization": basic(key.key, secret), "X-Experience-API-Version": "2.0.0"}
    statement = {
        "id": str(uuid4()),
        "actor": {"account": {"homePage": "https://lms.example.org", "name": name}, "name": "<b>Ana</b>"},
        "verb": {"id": verb},
        "object": {"id": "https://lms.example.org/1", "definition": {"name": {"en": "Nap"}}},
    }
    response = Client(headers=headers).post("/xapi/statements", json.dumps(statement), "application/json")
    assert response.status_code == 200
    run_projector(cast.north.organisation)


def test_a_credential_is_shown_once_and_opens(administrator: Client) -> None:
    page = made(administrator)
    secret, credential = page.context["secret"], page.context["made"]
    assert secret in page.content.decode()
    assert page["Cache-Control"].find("no-store") >= 0
    assert secret not in administrator.get("/statements/credentials/").content.decode()
    headers = {"Authorization": basic(credential.key, secret), "X-Experience-API-Version": "2.0.0"}
    assert Client(headers=headers).get("/xapi/statements").status_code == 200
    administrator.post(f"/statements/credentials/{credential.pk}/revoke/")
    assert Client(headers=headers).get("/xapi/statements").status_code == 401
    assert "revoked" in administrator.get("/statements/credentials/").content.decode()


@pytest.mark.parametrize("form", [{"name": ""}, {"scopes": []}, {"scopes": ["x"]}, {"version": "3"}, {"name": "a\0"}])
def test_forms_that_are_refused(administrator: Client, form: dict[str, Any]) -> None:
    assert made(administrator, **form).context["form"].errors
    assert not Credential.objects.exists()


def test_nobody_revokes_the_neighbours_credential(cast: Cast, administrator: Client) -> None:
    theirs = Credential.objects.issue(cast.south.organisation, "Moodle", ["all"])[0]
    assert administrator.post(f"/statements/credentials/{theirs.pk}/revoke/").status_code == 404


def test_an_unknown_verb_is_shown_and_can_be_given_a_meaning(cast: Cast, administrator: Client) -> None:
    send(cast, DREAMT)
    page = administrator.get("/statements/").content.decode()
    assert "1 statement came in; 0 are events; 1 waits for a meaning of its verb." in page
    assert "dreamt" in page
    assert "&lt;b&gt;Ana&lt;/b&gt;" in page
    (attention,) = [
        row for row in administrator.get("/overview/").context["attention"] if row.label == "Verbs not known"
    ]
    assert (attention.url, attention.sentence[:17]) == ("/statements/", "1 statement waits")
    form = {"verb": DREAMT, "activity_type": "", "meaning": "viewed"}
    page = administrator.post("/statements/meaning/", form, follow=True).content.decode()
    assert "being applied" in page
    run_projector(cast.north.organisation)
    assert Event.objects.get(activity__external_id="https://lms.example.org/1").verb == "viewed"
    page = administrator.get("/statements/", {"verb": DREAMT}).content.decode()
    assert "1 statement came in; 1 is an event." in page


@pytest.mark.parametrize("form", [{"verb": "http://nobody.example/said"}, {"meaning": "x"}, {"meaning": ""}])
def test_meanings_that_are_refused(cast: Cast, administrator: Client, form: dict[str, str]) -> None:
    send(cast, DREAMT)
    given = {"verb": DREAMT, "activity_type": "", "meaning": "viewed"} | form
    page = administrator.post("/statements/meaning/", given, follow=True).content.decode()
    assert "notice--bad" in page
    assert not VerbMeaning.objects.exists()


def test_two_learners_become_one(cast: Cast, administrator: Client) -> None:
    send(cast, "http://adlnet.gov/expapi/verbs/completed")
    first = cast.north.learners[0]
    assert "ana" in administrator.get("/statements/identities/", {"q": "lms.example"}).content.decode()
    for form in ({"learner": "nobody", "other": "ana"}, {"learner": "ana", "other": "ana"}, {}):
        assert "notice--bad" in administrator.post("/statements/merge/", form, follow=True).content.decode()
    response = administrator.post("/statements/merge/", {"learner": first.external_id, "other": "ana"})
    assert response.status_code == 302
    assert not Learner.objects.filter(external_id="ana").exists()
    assert LearnerIdentity.objects.get().learner_id == first.pk


def test_the_download(cast: Cast, administrator: Client) -> None:
    response = administrator.get("/statements/export.jsonl")
    lines = b"".join(response.streaming_content).splitlines()
    assert len([json.loads(line) for line in lines]) == len(cast.north.events)
