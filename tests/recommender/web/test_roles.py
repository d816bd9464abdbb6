"""Pages of runs and versions for each role; who may open what is in tests/access/table.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from analytics.models import Organisation, Role
from recommender.models import RetrainRule, Run, Search
from tests.recommender.school import School

LISTS = ("run_list", "run_new", "version_list", "promotion_list", "search_list", "retrain_rule_list", "run_estimate")
ROWS = ("run_page", "run_progress", "version_page", "search_page", "retrain_rule_page")
POSTS = ("run_cancel", "search_cancel", "retrain_rule_delete", "version_promote", "version_roll_back")


@pytest.fixture
def address(school: School, trained: Callable[..., Run]) -> Callable[[str], str]:
    run = trained(school.organisation, "popularity")
    search = Search.objects.create(organisation=school.organisation, algorithm="ease", budget_seconds=5)
    rule = RetrainRule.objects.create(organisation=school.organisation, algorithm="ease", every_days=7)

    def of(name: str) -> str:
        if name in LISTS:
            return reverse(name)
        rows = {"run": run, "version": run.version, "search": search, "retrain": rule}
        return reverse(name, args=[rows[name.partition("_")[0]].pk])

    return of


def asked(client: Client, name: str, url: str) -> Any:
    return client.post(url, {"why": "because"}) if name in POSTS else client.get(url)


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.MODEL_OWNER])
def test_those_who_look_after_models_open_everything(
    address: Callable[[str], str], browser_of: Callable[..., Client], role: str
) -> None:
    client = browser_of(role)
    for name in (*LISTS, *ROWS):
        assert client.get(address(name)).status_code == 200, name
    for name in POSTS:
        assert asked(client, name, address(name)).status_code == 302, name


@pytest.mark.parametrize("role", [Role.INSTRUCTOR, Role.LEARNER])
def test_others_open_none_of_it(address: Callable[[str], str], browser_of: Callable[..., Client], role: str) -> None:
    client = browser_of(role)
    for name in (*LISTS, *ROWS, *POSTS):
        assert asked(client, name, address(name)).status_code == 403, name


def test_strangers_are_asked_to_sign_in(address: Callable[[str], str], client: Client) -> None:
    for name in (*LISTS, *ROWS, *POSTS):
        response = asked(client, name, address(name))
        assert response.status_code == 302, name
        assert response.url.startswith(reverse("sign_in")), name


def test_another_organisations_rows_are_not_there(
    address: Callable[[str], str], browser_of: Callable[..., Client]
) -> None:
    neighbour = browser_of(Role.ADMINISTRATOR, Organisation.objects.create(slug="neighbour", name="Neighbour"))
    for name in (*ROWS, *POSTS):
        assert asked(neighbour, name, address(name)).status_code == 404, name
    assert not neighbour.get(reverse("retrain_rule_list")).context["rows"]
    for name in ("run_list", "version_list", "promotion_list", "search_list"):
        assert not neighbour.get(reverse(name)).context["page"].object_list, name


def test_buttons_take_no_get(address: Callable[[str], str], browser_of: Callable[..., Client]) -> None:
    client = browser_of(Role.ADMINISTRATOR)
    for name in POSTS:
        assert client.get(address(name)).status_code == 405, name
