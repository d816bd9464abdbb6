"""List rules by page and API: previewed, stored with who and why, ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from analytics.models import ApiKey, Scope
from recommender.models import ListExport, ListRule, Run
from recommender.serving.feedback import give_feedback
from recommender.serving.recommend import recommend
from tests.asking import post, told
from tests.cast import PASSWORD, Cast
from tests.recommender.school import School

PATH = "/api/v1/list-rules/"


@pytest.fixture
def client(school: School) -> Client:
    secret = ApiKey.objects.issue(school.organisation, "owner", [Scope.VERSIONS_WRITE], None)[1]
    return Client(headers={"Authorization": f"Bearer {secret}"})


def test_a_rule_is_tried_stored_and_ended(school: School, trained: Callable[..., Run], client: Client) -> None:
    trained(school.organisation)
    rule = {"effect": "pin", "activity": "blue-7", "course": "blue", "why": "exam week"}
    found = post(client, PATH + "preview/", rule).json()
    assert (found["n_looked"], found["n_meant"]) == (60, 60)
    met_it = sum(school.parts["blue"][7].pk not in school.not_met(each) for each in school.learners[1::2])
    assert found["n_changed"] >= 60 - met_it - 15
    assert not ListRule.objects.exists()
    stored = post(client, PATH, rule)
    assert (stored.status_code, stored.json()["state"]) == (201, "active")
    assert post(client, PATH + "preview/", rule).json()["n_changed"] == 0
    ended = post(client, f"{PATH}{stored.json()['id']}/end/", {"why": "over"}).json()
    assert (ended["state"], ended["ended_why"]) == ("ended", "over")
    assert post(client, PATH + "preview/", rule).json() == found
    for wrong, pointer in (
        ({"activity_kind": "quiz"}, "/activity"),
        ({"effect": "boost"}, "/factor"),
        ({"course": "green"}, "/course"),
        ({"ends_at": "2001-01-01T00:00:00Z"}, "/ends_at"),
        ({"why": ""}, "/why"),
    ):
        assert told(post(client, PATH, rule | wrong), 400)["errors"][0]["pointer"] == pointer


def test_the_page(cast: Cast, models_home: Any) -> None:
    north = cast.north
    browser = Client()
    assert browser.login(username=north.members["administrator"].login.username, password=PASSWORD)
    page = "/versions/list-rules/"
    empty = browser.get(page).content.decode()
    assert "No rule yet" in empty
    assert f'href="{page}" aria-current="page"' in empty, "it stands in the navigation of the settings"
    assert f'href="{reverse("settings_own")}" aria-current="page"' in empty, "and settings are what is open"
    form = {"effect": "block", "activity": north.parts["algebra"][0].external_id, "why": "broken video"}
    assert "change" in browser.post(page + "preview/", form).content.decode()
    assert "Say" not in browser.post(page + "preview/", form | {"activity": "x"}).content.decode()
    assert browser.post(page, form).status_code == 302
    rule = ListRule.objects.get()
    assert (rule.by, rule.why, rule.state) == (north.members["administrator"], "broken video", "active")
    answer = recommend(north.learners[0], channel="page")
    said = answer.recommendations[0].activity
    assert answer.token is not None
    give_feedback(north.organisation, answer.token, said.external_id, "wrong")
    shown = browser.get(page).content.decode()
    assert "broken video" in shown
    assert "Called wrong by learners" in shown
    browser.post(f"{page}{rule.pk}/end/", {"why": "mended"})
    rule.refresh_from_db()
    assert (rule.state, rule.ended_why, rule.ended_by) == ("ended", "mended", north.members["administrator"])


def test_files_with_everybodys_lists(cast: Cast, models_home: Any) -> None:
    north, browser, page = cast.north, Client(), "/versions/lists/"
    assert browser.login(username=north.members["administrator"].login.username, password=PASSWORD)
    assert "No file yet" in browser.get(page).content.decode()
    assert browser.post(page, {"format": "parquet"}).status_code == 302
    export = ListExport.objects.get()
    assert (export.format, export.requested_by) == ("parquet", north.members["administrator"])
    assert browser.get(f"{page}{export.pk}/file/").status_code == 404
    browser.post(f"{page}{export.pk}/cancel/")
    export.refresh_from_db()
    assert export.state == "cancelled"
    assert "Cancelled" in browser.get(page).content.decode()
