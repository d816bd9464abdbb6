"""The fragment with a learner's next steps: by a model, by a fallback, for whom, and what they say to it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from analytics.models import Activity, Enrolment, Learner, Organisation, Role
from recommender.models import Feedback, FeedbackAction, Impression, Run
from recommender.web.offers import OFFERS
from tests.recommender.school import School

Trained = Callable[..., Run]


def fragment(browser: Client, learner: Learner) -> Any:
    return browser.get(reverse("learner_recommendations", args=[learner.pk]))


def test_a_learner_sees_steps_with_reasons_and_may_answer(
    school: School, trained: Trained, browser_of: Callable[..., Client]
) -> None:
    trained(school.organisation)
    response = fragment(browser_of("learner"), school.learners[0])
    text = response.content.decode()
    assert "<html" not in text
    answer = response.context["answer"]
    assert {step.activity.pk for step in answer.recommendations[:4]} == school.not_met(school.learners[0])
    assert text.count("Because you worked on") == 4
    assert text.count(f'value="{answer.token}"') == len(answer.recommendations)
    assert "by version 1" in text
    assert f'href="{reverse("""version_page""", args=[answer.version.pk])}"' not in text, (
        "learners do not open versions"
    )
    assert Impression.objects.get().channel == "page"


@pytest.mark.parametrize(("role", "opens"), [("administrator", True), ("model_owner", True), ("instructor", False)])
def test_staff_look_on_without_a_trace(
    school: School, trained: Trained, browser_of: Callable[..., Client], role: str, opens: bool
) -> None:
    run = trained(school.organisation)
    text = fragment(browser_of(role), school.learners[1]).content.decode()
    assert "Because you worked on" in text
    assert "<form" not in text
    assert (f'href="{reverse("""version_page""", args=[run.version.pk])}"' in text) == opens
    assert not Impression.objects.exists()


def test_without_a_version_the_fallback_is_named(
    school: School, models_home: Any, browser_of: Callable[..., Client]
) -> None:
    response = fragment(browser_of("learner"), school.learners[0])
    assert response.context["answer"].fallback
    assert "No trained version knows enough of the learner yet" in response.content.decode()


def test_nothing_left_to_suggest(school: School, models_home: Any, browser_of: Callable[..., Client]) -> None:
    Enrolment.objects.filter(learner=school.learners[0]).delete()
    assert "nothing to suggest" in fragment(browser_of("learner"), school.learners[0]).content.decode()


def test_only_learners_that_the_member_sees(
    school: School, models_home: Any, browser_of: Callable[..., Client]
) -> None:
    Enrolment.objects.filter(learner=school.learners[2], course=school.courses["red"]).delete()
    assert fragment(browser_of("learner"), school.learners[1]).status_code == 404
    assert fragment(browser_of("instructor"), school.learners[2]).status_code == 404
    assert fragment(browser_of("instructor"), school.learners[1]).status_code == 200
    neighbour = browser_of(Role.ADMINISTRATOR, Organisation.objects.create(slug="neighbour", name="Neighbour"))
    assert fragment(neighbour, school.learners[1]).status_code == 404
    assert fragment(Client(), school.learners[1]).status_code == 302


@pytest.mark.parametrize("action", OFFERS)
def test_what_was_refused_does_not_come_back(
    school: School, trained: Trained, browser_of: Callable[..., Client], action: str
) -> None:
    trained(school.organisation)
    browser, learner = browser_of("learner"), school.learners[0]
    answer = fragment(browser, learner).context["answer"]
    refused = answer.recommendations[0].activity
    sent = {"token": answer.token, "activity": refused.external_id, "action": action}
    response = browser.post(reverse("recommendation_feedback"), sent, headers={"HX-Request": "true"})
    assert OFFERS[action].promise_for(refused.name) in response.content.decode()
    assert Feedback.objects.get().action == action
    after = fragment(browser, learner).context["answer"].recommendations
    assert refused not in [step.activity for step in after]


def test_it_works_without_scripts(school: School, trained: Trained, browser_of: Callable[..., Client]) -> None:
    trained(school.organisation)
    browser = browser_of("learner")
    answer = fragment(browser, school.learners[0]).context["answer"]
    sent = {
        "token": answer.token,
        "activity": answer.recommendations[0].activity.external_id,
        "action": FeedbackAction.DISMISS,
    }
    assert browser.post(reverse("recommendation_feedback"), sent).url == reverse("my_learning")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"token": "x"}, 400),
        ({"token": ""}, 400),
        ({"token": str(uuid.uuid4())}, 404),
        ({"activity": "no-such-activity"}, 400),
        ({"activity": "blue-0\x00"}, 400),
        ({"action": "magic"}, 400),
        ({"action": "click"}, 400),
    ],
)
def test_nonsense_is_refused(
    school: School, trained: Trained, browser_of: Callable[..., Client], change: dict[str, str], status: int
) -> None:
    trained(school.organisation)
    browser = browser_of("learner")
    answer = fragment(browser, school.learners[0]).context["answer"]
    sent = {"token": answer.token, "activity": answer.recommendations[0].activity.external_id, "action": "dismiss"}
    assert browser.post(reverse("recommendation_feedback"), sent | change).status_code == status
    assert not Feedback.objects.exists()


def test_nobody_answers_for_another(school: School, trained: Trained, browser_of: Callable[..., Client]) -> None:
    trained(school.organisation)
    answer = fragment(browser_of("learner"), school.learners[0]).context["answer"]
    Impression.objects.update(learner=school.learners[1])
    sent = {"token": answer.token, "activity": answer.recommendations[0].activity.external_id, "action": "dismiss"}
    assert browser_of("learner").post(reverse("recommendation_feedback"), sent).status_code == 404
    assert browser_of("administrator").post(reverse("recommendation_feedback"), sent).status_code == 403


def test_opening_one_counts_once_and_shows_what_it_is(
    school: School, trained: Trained, browser_of: Callable[..., Client]
) -> None:
    trained(school.organisation)
    browser = browser_of("learner")
    page = fragment(browser, school.learners[0])
    answer = page.context["answer"]
    opened = answer.recommendations[0].activity
    address = reverse("recommendation_open", args=[answer.token, opened.pk])
    assert f'href="{address}"' in page.content.decode()
    assert browser.head(address).status_code == 200
    assert not Feedback.objects.exists()
    for _time in range(2):
        text = browser.get(address).content.decode()
    assert opened.name in text
    assert "Open it</a>" not in text, "its id is no address"
    said = Feedback.objects.get()
    assert (said.action, said.activity, said.impression.token) == (FeedbackAction.CLICK, opened, answer.token)


@pytest.mark.parametrize(
    ("external_id", "leads_there"),
    [
        ("https://learn.example.org/quiz/4", True),
        ('http://learn.example.org/a b?c="><script>', True),
        ("javascript:alert(1)", False),
        ("//evil.example.org/", False),
        ("https:///nowhere", False),
        ("https://[broken/", False),
    ],
)
def test_only_what_is_an_address_is_linked(
    school: School, models_home: Any, browser_of: Callable[..., Client], external_id: str, leads_there: bool
) -> None:
    Activity.objects.filter(pk=school.parts["red"][0].pk).update(external_id=external_id)
    shown = a_list(school, 0)
    response = browser_of("learner").get(reverse("recommendation_open", args=[shown.token, shown.activity_ids[0]]))
    text = response.content.decode()
    assert ("Open it</a>" in text) == leads_there
    assert not any(wrong in text for wrong in ('href="javascript:', 'href="//evil', '?c="><script>'))


def test_nobody_opens_what_was_shown_to_others(
    school: School, models_home: Any, browser_of: Callable[..., Client]
) -> None:
    own, others = a_list(school, 0), a_list(school, 1)
    browser, part = browser_of("learner"), school.parts["red"][0].pk
    for token, pk in ((others.token, part), (uuid.uuid4(), part), (own.token, school.parts["blue"][0].pk)):
        assert browser.get(reverse("recommendation_open", args=[token, pk])).status_code == 404
    staff = browser_of("administrator")
    assert staff.get(reverse("recommendation_open", args=[own.token, part])).status_code == 403
    assert not Feedback.objects.exists()


def a_list(school: School, place: int) -> Impression:
    """The first red part, shown to the learner of that place."""
    return Impression.objects.create(
        organisation=school.organisation, learner=school.learners[place], source="x", channel="page",
        activity_ids=[school.parts["red"][0].pk],
    )  # fmt: skip
