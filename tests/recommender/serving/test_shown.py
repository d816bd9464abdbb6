"""Names that were read lately are not read again, and nobody gets another organisation's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from analytics.models import Activity, Learner
from recommender.models import Impression
from recommender.serving import shown
from recommender.serving.recommend import recommend
from recommender.serving.shown import named
from tests.recommender.school import School, build_school


@pytest.fixture(autouse=True)
def forgotten(settings: Any) -> Iterator[None]:
    settings.NEURALINK_NAME_SECONDS = 60
    shown.forget()
    yield
    shown.forget()


def test_a_name_is_read_once(school: School, settings: Any, django_assert_num_queries: Any) -> None:
    ids = [part.pk for part in school.parts["red"]]
    first = named(school.organisation, ids[:4])
    Activity.objects.filter(pk=ids[0]).update(name="Another name")
    with django_assert_num_queries(0):
        assert named(school.organisation, ids[:4]) == first
    with django_assert_num_queries(1):
        assert named(school.organisation, ids).keys() == set(ids)
    settings.NEURALINK_NAME_SECONDS = 0
    assert named(school.organisation, ids[:1])[ids[0]].name == "Another name"


def test_of_another_organisation_there_is_nothing(school: School) -> None:
    other, pk = build_school("other", n_learners=1), school.parts["red"][0].pk
    assert list(named(school.organisation, [pk])) == [pk]
    assert named(other.organisation, [pk]) == {}
    assert list(named(school.organisation, [pk])) == [pk]


def test_what_is_gone_has_no_name(school: School) -> None:
    assert named(school.organisation, [2**40]) == {}


def test_the_oldest_are_forgotten(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "MAX_REMEMBERED", 3)
    ids = [part.pk for part in school.parts["red"]]
    assert len(named(school.organisation, ids)) == len(ids)
    assert len(shown._known) == 3


def test_what_is_shown_is_kept_with_known_names_too(school: School, trained: Callable[..., object]) -> None:
    trained(school.organisation)
    learner = Learner.objects.select_related("organisation").get(pk=school.learners[0].pk)
    answers = [recommend(learner, channel="api") for _ask in range(2)]
    told = [[(one.activity.name, one.reason) for one in answer.recommendations] for answer in answers]
    assert told[0] == told[1]
    assert told[0]
    kept = Impression.objects.filter(token__in=[answer.token for answer in answers])
    assert [len(one.activity_ids) for one in kept] == [len(told[0])] * 2
