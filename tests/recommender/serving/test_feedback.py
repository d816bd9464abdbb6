"""Feedback belongs to an answer that was shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from analytics.public import InvalidInput
from recommender.models import Feedback
from recommender.serving.feedback import give_feedback
from recommender.serving.recommend import recommend
from tests.recommender.school import School, build_school


@pytest.fixture
def answer(school: School, trained: Callable[..., object]) -> object:
    trained(school.organisation)
    return recommend(school.learners[0], limit=2, channel="page")


def test_it_is_kept_once(school: School, answer: object) -> None:
    external_id = answer.recommendations[0].activity.external_id
    first = give_feedback(school.organisation, answer.token, external_id, "click")
    assert give_feedback(school.organisation, answer.token, external_id, "click") == first
    assert Feedback.objects.count() == 1
    assert first.learner == school.learners[0]


@pytest.mark.parametrize("token", ["", "no uuid", "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"])
def test_an_unknown_token(school: School, answer: object, token: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        give_feedback(school.organisation, token, answer.recommendations[0].activity.external_id, "click")
    assert raised.value.pointer == "token"


def test_another_organisation_cannot_speak(school: School, answer: object) -> None:
    other = build_school("other", n_learners=1)
    with pytest.raises(InvalidInput):
        give_feedback(other.organisation, answer.token, answer.recommendations[0].activity.external_id, "click")


def test_only_to_what_was_shown(school: School, answer: object) -> None:
    with pytest.raises(InvalidInput) as raised:
        give_feedback(school.organisation, answer.token, "blue-0", "click")
    assert raised.value.pointer == "activity"


def test_an_unknown_action(school: School, answer: object) -> None:
    with pytest.raises(InvalidInput) as raised:
        give_feedback(school.organisation, answer.token, "red-0", "shout")
    assert raised.value.pointer == "action"
