"""The palette by keyboard, search as you type, and the way back, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.cast import Cast

pytestmark = pytest.mark.page


def test_the_palette_leads_to_a_learner(cast: Cast, window: Callable[..., Any]) -> None:
    page = window("administrator").open(reverse("overview"))
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Find a learner, a course or a page")
    expect(field).to_be_focused()
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    field.fill("chen")
    expect(page.get_by_role("option")).to_have_count(1)
    expect(field).to_have_attribute("aria-activedescendant", "palette-0")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('learner_page', args=[cast.north.learners[2].pk])}")


def test_the_palette_closes_and_gives_the_focus_back(cast: Cast, window: Callable[..., Any]) -> None:
    page = window("instructor").open(reverse("find"))
    page.get_by_role("searchbox").focus()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option").nth(1)).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option").nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox")).to_be_hidden()
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_learners_are_searched_as_one_types_and_the_way_back_leads_back(cast: Cast, window: Callable[..., Any]) -> None:
    page = window("administrator").open(reverse("learner_list"))
    rows = page.locator("[data-rows] tbody tr")
    expect(rows).to_have_count(12)
    page.get_by_role("searchbox").press_sequentially("chen", delay=10)
    expect(rows).to_have_count(1)
    page.wait_for_url(f"**{reverse('learner_list')}?q=chen")
    page.get_by_label("Last seen").select_option("never")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.go_back()
    expect(rows).to_have_count(1)
    expect(page.get_by_role("searchbox")).to_have_value("chen")
    page.go_back()
    expect(rows).to_have_count(12)


def test_rows_by_keyboard(cast: Cast, window: Callable[..., Any]) -> None:
    page = window("administrator").open(f"{reverse('learner_list')}?sort=name")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("[data-rows] tbody a").nth(1)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('learner_page', args=[cast.north.learners[0].pk])}")


def test_explore_keeps_its_question_in_the_address(cast: Cast, window: Callable[..., Any]) -> None:
    seen = window("administrator")
    page = seen.open(f"{reverse('explore')}?period=28&by=course")
    page.get_by_label("Measure").select_option("learners")
    page.wait_for_url("**measure=learners&by=course&period=28")
    seen.settle()
    expect(page.get_by_role("heading", name="Active learners by course")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Events by course")).to_be_visible()
