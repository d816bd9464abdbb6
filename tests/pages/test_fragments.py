"""A part of a page that fails says so and can be asked for again; the rest of the page stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.cast import Cast
from tests.recommender.risks import add_risks

pytestmark = pytest.mark.page


def test_a_part_that_fails_can_be_asked_for_again(cast: Cast, window: Callable[..., Any]) -> None:
    add_risks(cast.north)
    seen = window("administrator")
    course = cast.north.courses["algebra"].pk
    fragment = f"**{reverse('course_risk_summary', args=[course])}"
    seen.page.route(fragment, lambda route: route.fulfill(status=503, body="away"))
    page = seen.open(reverse("course_page", args=[course]))
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("This part could not be loaded.")
    expect(page.locator("#weeks")).to_be_visible()
    assert seen.faults, "the browser's console tells of it too"
    seen.faults.clear()
    page.unroute(fragment)
    alert.get_by_role("button", name="Try again").click()
    expect(page.locator("#contact-head")).to_be_visible()
    expect(alert).to_have_count(0)


def test_the_timeline_goes_on_as_one_scrolls(cast: Cast, window: Callable[..., Any]) -> None:
    learner = cast.north.learners[6]
    n = len(cast.north.events_of(learner))
    assert n > 25, "more than one piece"
    page = window("administrator").open(reverse("learner_page", args=[learner.pk]))
    rows = page.locator("#timeline tr:has(time)")
    page.locator("#timeline tr").last.scroll_into_view_if_needed()
    expect(rows).to_have_count(n)
    page.get_by_label("What was done").select_option("answered")
    wanted = sum(event.verb == "answered" for event in cast.north.events_of(learner))
    expect(rows).to_have_count(wanted)


def test_every_statement_opens_what_it_was_made_from(cast: Cast, window: Callable[..., Any]) -> None:
    page = window("administrator").open(reverse("learner_page", args=[cast.north.learners[0].pk]))
    for basis in page.locator(".basis").all():
        basis.locator("summary").press("Enter")
        expect(basis.locator("p").first).to_be_visible()
        assert "n = " in basis.locator("summary").inner_text()
        target = basis.locator("a").get_attribute("href")
        assert page.locator(target).count() == 1, f"{target} is on the page"
