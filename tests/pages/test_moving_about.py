"""Coming in and finding the way: form, keyboard, menu, theme."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.cast import PASSWORD, Cast
from tests.pages.conftest import NARROW

pytestmark = pytest.mark.page
HOMES = {"administrator": "overview", "instructor": "overview", "learner": "my_learning"}


def test_each_role_signs_in_and_out(cast: Cast, window: Callable[..., Any]) -> None:
    seen = window(None)
    for role, home in HOMES.items():
        page = seen.open("/")
        page.get_by_label("Username").fill(cast.north.members[role].login.username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"**{reverse(home)}")
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"**{reverse('sign_in')}*")


def test_the_keyboard_reaches_content_and_navigation(cast: Cast, window: Callable[..., Any]) -> None:
    page = window("administrator").open(reverse("overview"))
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.reload()
    for _press in range(12):
        page.keyboard.press("Tab")
        if (
            page.evaluate("document.activeElement.closest('nav') !== null && document.activeElement.innerText")
            == "Runs"
        ):
            break
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('run_list')}")
    expect(page.locator("nav a[aria-current=page]")).to_have_text("Runs")


def test_the_menu_opens_on_a_phone(cast: Cast, window: Callable[..., Any]) -> None:
    page = window("administrator", viewport=NARROW).open(reverse("overview"))
    learners = page.get_by_role("link", name="Learners", exact=True)
    expect(learners).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(learners).to_be_visible()
    page.keyboard.press("Escape")
    expect(learners).to_be_hidden()


def test_the_theme_is_switched_and_kept(cast: Cast, window: Callable[..., Any]) -> None:
    page = window("administrator", color_scheme="light").open(reverse("version_list"))
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Dark theme").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == dark
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(ground) == light, "paper is white"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(ground) == dark
    page.get_by_role("button", name="Dark theme").click()
    assert page.evaluate(ground) == light
