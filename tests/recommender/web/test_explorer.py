"""The explorer: whom it finds, what two versions say side by side, why not, and that looking leaves no trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from recommender.models import Impression, Run
from tests.recommender.school import School


@pytest.fixture
def two(school: School, trained: Callable[..., Run]) -> tuple[Run, Run]:
    return trained(school.organisation, "popularity"), trained(school.organisation, "ease", promotes=False)


@pytest.fixture
def browser(browser_of: Callable[..., Client]) -> Client:
    return browser_of("model_owner")


def test_learners_are_found_by_name_or_id(browser: Client, school: School, two: tuple[Run, Run]) -> None:
    learner = school.learners[0]
    answer: Any = browser.get(reverse("explorer"), {"q": learner.external_id})
    assert learner in answer.context["found"]
    assert f"learner={learner.pk}" in answer.content.decode()
    assert "Nobody has" in browser.get(reverse("explorer"), {"q": "no such person"}).content.decode()


def test_in_use_stands_beside_the_newest_other(browser: Client, school: School, two: tuple[Run, Run]) -> None:
    page: Any = browser.get(reverse("explorer"), {"learner": school.learners[0].pk})
    assert [side["version"] for side in page.context["sides"]] == [None, two[1].version]
    assert f"?version={two[1].version.pk}" in page.content.decode()


def test_each_side_asks_its_version_and_leaves_no_trace(browser: Client, school: School, two: tuple[Run, Run]) -> None:
    url = reverse("explorer_list", args=[school.learners[0].pk])
    for run in two:
        answer: Any = browser.get(url, {"version": run.version.pk})
        assert answer.context["answer"].version == run.version
        assert len(answer.context["answer"].recommendations) > 1
        assert answer.context["answer"].recommendations[0].reason in answer.content.decode()
    assert browser.get(url, {"version": 10**9}).status_code == 404
    assert not Impression.objects.exists()


def test_why_not(browser: Client, school: School, two: tuple[Run, Run]) -> None:
    learner = school.learners[0]
    url = reverse("explorer_why_not", args=[learner.pk])
    listed: Any = browser.get(reverse("explorer_list", args=[learner.pk])).context["answer"].recommendations[-1]
    answer: Any = browser.get(url, {"activity": listed.activity.external_id}).context["answer"]
    assert answer.cause == "rank"
    met = learner.events.first().activity
    assert browser.get(url, {"activity": met.external_id}).context["answer"].cause == "rule"
    assert "No activity has" in browser.get(url, {"activity": "no such thing"}).content.decode()
    assert browser.get(url).content.strip() == b""
