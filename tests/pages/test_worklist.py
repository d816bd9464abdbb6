"""The worklist in the browser: by keyboard, with a message that is seen first, and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from recommender.models import Case, Intervention, Mail, OutcomePolicy
from tests.cast import Cast
from tests.pages.conftest import NARROW, WIDE
from tests.recommender.risks import add_risks

pytestmark = pytest.mark.page


def test_by_keyboard(cast: Cast, window: Callable[..., Any]) -> None:
    add_risks(cast.north)
    page = window("instructor").open(reverse("worklist"))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(page.locator("[data-n-ticked]")).to_have_text("2 / 5")
    page.keyboard.press("x")
    expect(page.locator("[data-n-ticked]")).to_have_text("1 / 5")
    page.keyboard.press("e")
    expect(page.locator(".notice--ok")).to_have_text("1 learner is done with.")
    assert Case.objects.get().enrolment.learner == cast.north.learners[1]
    page.keyboard.press("j")
    page.keyboard.press("s")
    expect(page.locator(".notice--ok")).to_have_text("1 learner was snoozed.")
    page.get_by_label("Search learners").fill("jxe")
    assert page.url.endswith(reverse("worklist")), "keys in a field are text"
    page.keyboard.press("Tab")
    page.reload()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('learner_page', args=[cast.north.learners[2].pk])}")
    expect(page.locator("#risk-head")).to_be_visible()


def test_a_message_to_several(cast: Cast, window: Callable[..., Any]) -> None:
    add_risks(cast.north)
    for number in (0, 1):
        learner = cast.north.learners[number]
        learner.attributes = {"email": f"{learner.external_id}@example.org"}
        learner.save()
    page = window("instructor").open(reverse("worklist"))
    page.get_by_label("Tick all on this page").check()
    page.get_by_role("button", name="Write a message").click()
    page.get_by_role("link", name="Catching up").click()
    page.get_by_label("Subject").fill("One question, {first_name}")
    page.get_by_role("button", name="Look at it first").click()
    expect(page.locator("main")).to_contain_text("One question, Amara")
    expect(page.locator("main")).to_contain_text("3 learners have no e-mail address")
    assert not Mail.objects.exists()
    page.get_by_role("button", name="Send 2 mails").click()
    expect(page.locator(".notice--ok")).to_have_text("2 mails are on their way.")
    assert Intervention.objects.count() == Mail.objects.count() == 2
    expect(page.locator("tbody tr").first).to_contain_text("Message")
    page.get_by_role("link", name="Interventions").click()
    expect(page.locator("main")).to_contain_text("Not enough data yet: 0 enrolments")


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_learner_is_encouraged_and_not_counted(
    cast: Cast, window: Callable[..., Any], viewport: dict[str, int]
) -> None:
    add_risks(cast.north)
    page = window("learner", viewport=viewport).open(reverse("my_learning"))
    card = page.locator("section[aria-labelledby=own-risk]")
    expect(card).to_contain_text("Going well")
    expect(card).not_to_contain_text("90%")
    OutcomePolicy.objects.create(organisation=cast.north.organisation, learner_sees="nothing")
    page.reload()
    expect(page.locator(".step-name").first).to_be_visible()
    expect(card).to_have_count(0)
