"""Versions side by side, from the page: started, shown, stopped, the winner put into use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from recommender.models import Experiment, OnlineDay, Run, Version
from recommender.registry import versions
from tests.recommender.school import School

PAGE = reverse("experiment_list")


@pytest.fixture
def browser(browser_of: Callable[..., Client]) -> Client:
    return browser_of("administrator")


@pytest.fixture
def two(school: School, trained: Callable[..., Run]) -> tuple[Version, Version]:
    first = trained(school.organisation)
    return first.version, trained(school.organisation, "popularity", promotes=False).version


def begin(browser: Client, challenger: Version, **wanted: Any) -> str:
    wanted = {"challenger": challenger.pk, "share": "0.3", "measure": "clicked"} | wanted
    return str(browser.post(PAGE, wanted, follow=True).content.decode())


def test_empty_it_says_what_it_is_for(browser: Client, school: School, models_home: Any) -> None:
    assert "Nothing was tried yet" in browser.get(PAGE).content.decode()


def test_started_shown_and_stopped(browser: Client, two: tuple[Version, Version]) -> None:
    assert "Both versions answer now" in begin(browser, two[1])
    experiment = Experiment.objects.get()
    assert (experiment.control, experiment.share, experiment.window_days) == (two[0], 0.3, 1)
    shown = browser.get(PAGE).content.decode()
    assert "30% of the learners" in shown
    assert "Use v" not in shown
    assert "already" in begin(browser, two[1])
    stopped = browser.post(reverse("experiment_stop", args=[experiment.pk]), follow=True).content.decode()
    assert "Everybody is answered by the version in use" in stopped


def test_the_winner_goes_into_use_with_one_click(browser: Client, school: School, two: tuple[Version, Version]) -> None:
    begin(browser, two[1])
    experiment = Experiment.objects.get()
    address = reverse("experiment_use_winner", args=[experiment.pk])
    assert "There is no winner" in browser.post(address, follow=True).content.decode()
    Experiment.objects.update(winner=two[1], verdict="It is better.")
    assert f"Use {two[1]}" in browser.get(PAGE).content.decode()
    assert f"{two[1]} is in use now" in browser.post(address, follow=True).content.decode()
    assert versions.live(school.organisation, "any") == two[1]


def test_the_versions_page_tells_what_learners_did(browser: Client, two: tuple[Version, Version]) -> None:
    address = reverse("version_page", args=[two[0].pk])
    assert "It has shown nothing to learners yet" in browser.get(address).content.decode()
    OnlineDay.objects.create(
        organisation=two[0].organisation, version=two[0], on=timezone.now().date(),
        n_lists=50, n_shown=263, n_clicked=81,
    )  # fmt: skip
    shown = browser.get(address).content.decode()
    assert "30.8%" in shown
    assert "(25.5%–36.6%)" in shown
    assert "not yet" in shown
