"""Versions from the page: looked at, put into use, rolled back, each with its reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from analytics.models import Member
from recommender.algorithms.ease import EASE
from recommender.models import Promotion, Run, Version
from recommender.registry import versions
from tests.recommender.school import School

Trained = Callable[..., Run]


@pytest.fixture
def browser(browser_of: Callable[..., Client]) -> Client:
    return browser_of("administrator")


@pytest.fixture
def two(school: School, trained: Trained) -> tuple[Version, Version]:
    """The one in use, and one that waits."""
    first = trained(school.organisation, "popularity")
    second = trained(school.organisation, "ease", promotes=False)
    return first.version, second.version


def act(browser: Client, name: str, version: Version, why: str = "It is better") -> str:
    response = browser.post(reverse(name, args=[version.pk]), {"why": why}, follow=True)
    return str(response.content.decode())


def test_the_list_says_what_is_in_use(browser: Client, two: tuple[Version, Version]) -> None:
    response = browser.get(reverse("version_list"))
    assert [promotion.version for promotion in response.context["in_use"]] == [two[0]]
    assert list(response.context["page"]) == [two[1], two[0]]


def test_promote_and_roll_back(
    browser: Client, school: School, two: tuple[Version, Version], member_of_school: Callable[..., Member]
) -> None:
    first, second = two
    assert "Version 2 is in use now" in act(browser, "version_promote", second, "NDCG doubled")
    assert versions.live(school.organisation, "any") == second
    assert "Version 1 is in use again" in act(browser, "version_roll_back", second, "Complaints")
    assert versions.live(school.organisation, "any") == first
    log = Promotion.objects.order_by("id").values_list("action", "why", "by")
    by = member_of_school("administrator").pk
    assert list(log)[1:] == [("promote", "NDCG doubled", by), ("roll_back", "Complaints", by)]
    shown = browser.get(reverse("promotion_list")).content.decode()
    assert "Complaints" in shown
    assert "Rolled back" in shown


@pytest.mark.parametrize("name", ["version_promote", "version_roll_back"])
@pytest.mark.parametrize("why", ["", "   ", "x" * 501])
def test_nothing_changes_without_a_reason(browser: Client, two: tuple[Version, Version], name: str, why: str) -> None:
    before = Promotion.objects.count()
    version = two[1] if name == "version_promote" else two[0]
    assert "notice--bad" in act(browser, name, version, why)
    assert Promotion.objects.count() == before


def test_what_is_in_use_is_not_put_into_use_again(browser: Client, two: tuple[Version, Version]) -> None:
    assert "in use already" in act(browser, "version_promote", two[0])


def test_two_who_roll_back_the_same_version_do_it_once(
    browser: Client, school: School, trained: Trained, two: tuple[Version, Version]
) -> None:
    first, second = two
    versions.promote(second, by=None, why="test")
    third = trained(school.organisation, "ease", config={"regularization": 5.0}, promotes=False).version
    versions.promote(third, by=None, why="test")
    act(browser, "version_roll_back", third)
    assert versions.live(school.organisation, "any") == second
    assert "not in use any more" in act(browser, "version_roll_back", third)
    assert versions.live(school.organisation, "any") == second


def test_there_may_be_nothing_to_roll_back_to(browser: Client, two: tuple[Version, Version]) -> None:
    assert "nothing to roll back to" in act(browser, "version_roll_back", two[0])


def test_damaged_files_are_told_and_not_put_into_use(
    browser: Client, two: tuple[Version, Version], models_home: Path
) -> None:
    (models_home / two[1].folder / "manifest.json").write_text("{}")
    page = browser.get(reverse("version_page", args=[two[1].pk]))
    assert page.context["files"].fault
    assert page.context["files"].fault[:30] in page.content.decode()
    assert "notice--bad" in act(browser, "version_promote", two[1])
    assert versions.live(two[1].organisation, "any") == two[0]


def test_files_of_another_release_are_told(
    browser: Client, two: tuple[Version, Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EASE, "arrays", EASE.arrays | {"something_new": (np.float32, 1)})
    files = browser.get(reverse("version_page", args=[two[1].pk])).context["files"]
    assert "something_new" in files.fault
    assert files.manifest["config"]["neighbours"] == 256


def test_the_page_tells_what_the_version_is(
    browser: Client, two: tuple[Version, Version], django_assert_max_num_queries: Any
) -> None:
    version = two[1]
    with django_assert_max_num_queries(15):
        response = browser.get(reverse("version_page", args=[version.pk]))
    text = response.content.decode()
    assert version.manifest_sha256 in text
    assert {row.label for row in response.context["metrics"]} >= {"NDCG@10", "Hit rate@10", "Coverage@10"}
    assert [parameter.name for parameter in response.context["parameters"]] == ["regularization", "neighbours"]
    assert "whole" in text
    assert "It is not in use: v1 popularity is." in " ".join(text.split())


def test_every_scope_has_its_own(
    browser: Client, school: School, trained: Trained, two: tuple[Version, Version]
) -> None:
    red = trained(school.organisation, course=school.courses["red"], promotes=False).version
    versions.promote(red, by=None, why="test")
    in_use = browser.get(reverse("version_list")).context["in_use"]
    assert [promotion.version for promotion in in_use] == [two[0], red]


def test_no_versions_yet(browser: Client) -> None:
    text = browser.get(reverse("version_list")).content.decode()
    assert "There is no version yet" in text
    assert "No version was ever in use" in browser.get(reverse("promotion_list")).content.decode()


@pytest.mark.parametrize("role", ["learner", "instructor", "administrator"])
def test_whoever_is_shown_recommendations_may_read_the_card(
    browser_of: Callable[..., Client], school: School, trained: Trained, role: str
) -> None:
    version = trained(school.organisation).version
    browser = browser_of(role)
    address = reverse("version_card", args=[version.pk])
    learner = school.learners[0]
    assert address in browser.get(reverse("learner_recommendations", args=[learner.pk])).content.decode()
    shown = browser.get(address).content.decode()
    assert "What it cannot do" in shown
    assert version.run.protocol_hash[:12] in shown
    assert "It was measured on" in shown
