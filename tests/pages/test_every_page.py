"""Every page for every role: whole, quiet, still, no wider than a phone, and without a fault that axe-core knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import TimeoutError as Waited

from recommender.models import Run
from tests.cast import Cast
from tests.pages.axe import axe_script, violations
from tests.pages.conftest import NARROW, WIDE
from tests.pages.tour import Tour

pytestmark = pytest.mark.page
ROLES = ("administrator", "model_owner", "instructor", "learner")
MOST_SHIFT = 0.05
"""Cumulative layout shift of a page until it has settled."""


@pytest.mark.parametrize("role", ROLES)
def test_every_page(role: str, cast: Cast, trained: Callable[..., Run], window: Callable[..., Any]) -> None:
    seen, jumps = window(role), {}
    for stop in Tour(cast, trained()).pages(role):
        seen.page.set_viewport_size(WIDE)
        page = seen.open(stop.path)
        assert page.title().strip(" ·"), stop
        assert page.locator("h1").count() == 1, stop
        assert page.locator("h1").inner_text().strip(), stop
        assert page.locator(".answer").inner_text().strip(), f"{stop} has no sentence on top"
        if seen.shift() > MOST_SHIFT:
            jumps[stop.name] = seen.shifts()
        page.set_viewport_size(NARROW)
        try:
            page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")
        except Waited:  # charts follow the window with a delay, hence the wait
            pytest.fail(f"{stop} scrolls sideways on a phone.")
    assert jumps == {}


@pytest.mark.parametrize("role", ROLES)
def test_axe_has_no_objection(role: str, cast: Cast, trained: Callable[..., Run], window: Callable[..., Any]) -> None:
    script, seen, found = axe_script(), window(role), []
    for stop in Tour(cast, trained()).pages(role):
        page = seen.open(stop.path)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found += [f"{stop.name}, {scheme}: {one}" for one in violations(page, script)]
    assert not found, "\n".join(found)


def test_axe_has_no_objection_to_strangers(cast: Cast, window: Callable[..., Any]) -> None:
    script, seen = axe_script(), window(None)
    page = seen.open(reverse("sign_in"))
    assert violations(page, script) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, script) == []


def test_axe_objects_to_a_bad_page(cast: Cast, window: Callable[..., Any]) -> None:
    script, page = axe_script(), window(None).open(reverse("sign_in"))
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"data:,\"><input>')")
    assert {fault.split()[0] for fault in violations(page, script)} >= {"image-alt", "label"}
