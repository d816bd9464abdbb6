"""Every page for every role: whole, quiet in the console, and no wider than a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import TimeoutError as Waited

from recommender.models import Run
from tests.cast import Cast
from tests.pages.conftest import NARROW, WIDE
from tests.recommender.risks import add_risks

pytestmark = pytest.mark.page

LISTS = ("overview", "course_list", "learner_list")
CARE = ("worklist", "digest_preview", "intervention_list")
MODELS = ("run_list", "run_new", "version_list", "promotion_list")
STATEMENTS = ("statement_list", "credential_list", "identity_list")
ADMINISTRATION = (*MODELS, *STATEMENTS, "outcome_policy", "message_template_new", "import_list", "import_new")


def paths_of(role: str, cast: Cast, run: Run) -> list[str]:
    house = cast.north
    if role == "learner":
        return [reverse("my_learning"), reverse("choose_organisation")]
    names = LISTS + CARE + (ADMINISTRATION if role == "administrator" else ())
    rows = [("course_page", house.courses["algebra"].pk), ("course_risk", house.courses["algebra"].pk)]
    rows += [("learner_page", house.learners[0].pk)]
    if role == "administrator":
        rows += [("run_page", run.pk), ("version_page", run.version.pk), ("import_page", house.from_import.pk)]
        rows += [("learner_page", house.learners[-1].pk)]
    message = f"{reverse('message_new')}?enrolment={house.enrolments[0].pk}"
    return [*(reverse(name) for name in names), *(reverse(name, args=[pk]) for name, pk in rows), message]


@pytest.mark.parametrize("role", ["administrator", "instructor", "learner"])
def test_every_page(role: str, cast: Cast, trained: Callable[..., Run], window: Callable[..., Any]) -> None:
    seen = window(role)
    add_risks(cast.north)
    for path in paths_of(role, cast, trained()):
        seen.page.set_viewport_size(WIDE)
        page = seen.open(path)
        assert page.title().strip(" ·"), path
        assert page.locator("h1").count() == 1, path
        assert page.locator("h1").inner_text().strip(), path
        assert page.locator(".answer").inner_text().strip(), f"{path} has no sentence on top"
        page.set_viewport_size(NARROW)
        try:
            page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")
        except Waited:  # charts follow the window with a delay, hence the wait
            pytest.fail(f"{path} scrolls sideways on a phone.")
        assert unlabelled(page) == [], path


def unlabelled(page: Any) -> list[str]:
    """Fields, buttons, links and pictures that a screen reader could not name."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a, img")]
            .filter((e) => !(e.labels?.length || e.ariaLabel || e.getAttribute("aria-labelledby") || e.alt
                             || e.innerText?.trim() || e.textContent.trim()))
            .map((e) => e.outerHTML.slice(0, 120))"""
    )
    return found
