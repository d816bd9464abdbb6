"""Nothing inline is needed: the browser itself says in its console what the policy stops."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from recommender.models import Run
from tests.cast import Cast
from tests.pages.conftest import PATIENCE_MILLISECONDS
from tests.pages.tour import Tour

pytestmark = pytest.mark.page

SETTLED = """() => !document.querySelector('.htmx-request') &&
    [...document.querySelectorAll('[data-chart]')].every((chart) => chart.querySelector('svg'))"""


def opened(seen: Any, path: str) -> Any:
    """As `Window.open`, without the eval of Playwright's wait_for_function."""
    seen.page.goto(f"{seen.address}{path}")
    until = time.monotonic() + PATIENCE_MILLISECONDS / 1000
    while not seen.page.evaluate(SETTLED):
        assert time.monotonic() < until, f"{path} does not come to rest."
        seen.page.wait_for_timeout(50)
    return seen.page


@pytest.mark.parametrize("role", ["administrator", "learner"])
def test_every_page_keeps_to_the_policy(
    role: str, cast: Cast, trained: Callable[..., Run], window: Callable[..., Any]
) -> None:
    seen = window(role, bypass_csp=False)
    pages = [stop.path for stop in Tour(cast, trained()).pages(role)]
    for path in [*pages, reverse("api_docs")]:
        opened(seen, path)
        assert seen.faults == [], path


def test_a_chart_answers_to_the_mouse(cast: Cast, window: Callable[..., Any]) -> None:
    """What Plotly writes while it is used."""
    page = opened(window("administrator", bypass_csp=False), reverse("overview"))
    page.locator("[data-chart] .plotly").first.hover()


def test_an_inline_script_does_not_run(cast: Cast, window: Callable[..., Any]) -> None:
    seen = window("administrator", bypass_csp=False)
    page = opened(seen, reverse("settings_own"))
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = true'; "
        "document.head.append(s); }"
    )
    assert page.evaluate("window.ran") is None
    assert len(seen.faults) == 1
    seen.faults.clear()  # the browser told of the script that it stopped
