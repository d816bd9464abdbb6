"""The palette finds what the member may open, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from analytics.models import Board
from analytics.models.masking import masked_learners
from analytics.web.find import found
from tests.cast import Cast


def labels(client: Client, text: str) -> list[str]:
    answer = client.get(reverse("find_json"), {"q": text}).json()
    return [each["label"] for each in answer["found"]]


def test_learners_courses_and_pages(client_of: Callable[..., Client]) -> None:
    client = client_of("administrator")
    assert labels(client, "chen") == ["Chen Wei"]
    assert "Algebra" in labels(client, "alg")
    assert "Learners" in labels(client, "learn")
    assert labels(client, "learner-03")[-1] == "Chen Wei"
    assert labels(client, "nobody at all") == []
    assert "Overview" in labels(client, "")


def test_an_instructor_finds_their_own_only(cast: Cast, client_of: Callable[..., Client]) -> None:
    client = client_of("instructor")
    assert labels(client, "biology") == []
    assert labels(client, str(cast.north.learners[9])) == []
    assert labels(client, str(cast.north.learners[0])) == [str(cast.north.learners[0])]
    assert "Imports" not in labels(client, "imp")


def test_nobody_finds_the_neighbour(cast: Cast, client_of: Callable[..., Client]) -> None:
    member = cast.north.members["administrator"]
    Board.objects.create(organisation=cast.north.organisation, member=member, name="Zenith", is_shared=True)
    assert "Zenith" in labels(client_of("instructor"), "zen")
    south = client_of("administrator", "south")
    assert labels(south, "zen") == []
    urls = [each["url"] for each in south.get(reverse("find_json"), {"q": "learner-0"}).json()["found"]]
    own = {reverse("learner_page", args=[learner.pk]) for learner in cast.south.learners}
    assert own == {url for url in urls if "/learners/" in url and url != reverse("learner_list")}
    assert client_of("learner").get(reverse("find_json"), {"q": "a"}).status_code == 403


def test_names_are_not_searched_while_they_are_masked(cast: Cast) -> None:
    with masked_learners():
        assert found(cast.north.members["administrator"], "chen") == []


def test_the_page_works_without_scripts(client_of: Callable[..., Client]) -> None:
    page: Any = client_of("administrator").get(reverse("find"), {"q": "chen"})
    assert "Chen Wei</a>" in page.content.decode()
    assert "Nothing matches" in client_of("administrator").get(reverse("find"), {"q": "\0zz"}).content.decode()


@pytest.mark.parametrize("name", ["find", "find_json"])
def test_it_costs_few_queries(
    client_of: Callable[..., Client], django_assert_max_num_queries: Callable[..., Any], name: str
) -> None:
    client = client_of("instructor")
    with django_assert_max_num_queries(10):
        client.get(reverse(name), {"q": "a"})
