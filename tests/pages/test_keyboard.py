"""Every page by keyboard alone: Tab reaches whatever can be clicked, shows where it is, and is never caught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recommender.models import Run
from tests.cast import Cast
from tests.pages.tour import Tour

pytestmark = pytest.mark.page

NUMBER_THEM = """() => {
    const seen = (e) => e.checkVisibility({visibilityProperty: true}) && !e.disabled;
    const asked = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
    // Of radio buttons with one name, Tab goes to one; arrows go on.
    const first = new Set();
    const counts = (e) => e.type !== "radio" || (!first.has(e.name) && first.add(e.name));
    const found = [...document.querySelectorAll(asked)].filter((e) => seen(e) && e.tabIndex >= 0 && counts(e));
    found.forEach((e, n) => { e.dataset.stop = n; });
    return found.length;
}"""
HERE = """() => {
    const e = document.activeElement, style = getComputedStyle(e);
    const name = e.type === "radio" ? document.querySelector(`[name="${e.name}"][data-stop]`) : e;
    return [Number(name?.dataset.stop ?? -1), style.outlineStyle !== "none" || style.boxShadow !== "none"];
}"""
NAMES = "(numbers) => numbers.map((n) => document.querySelector(`[data-stop='${n}']`)?.outerHTML.slice(0, 120))"
ONLY_BY_MOUSE = """() => [...document.querySelectorAll("[onclick], [hx-get], [hx-post], main *")]
    .filter((e) => getComputedStyle(e).cursor === "pointer" && e.checkVisibility())
    .filter((e) => !e.closest("a, button, label, summary, select, input, textarea, [data-chart]"))
    .map((e) => e.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("role", ["administrator", "instructor", "learner"])
def test_by_keyboard_alone(role: str, cast: Cast, trained: Callable[..., Run], window: Callable[..., Any]) -> None:
    seen, faults = window(role), {}
    for stop in Tour(cast, trained()).pages(role):
        page = seen.open(stop.path)
        missed, unseen = walk(page)
        mouse = page.evaluate(ONLY_BY_MOUSE)
        if missed or unseen or mouse:
            faults[stop.name] = {"not reached": missed, "no sign of focus": unseen, "only by mouse": mouse}
    assert faults == {}


def walk(page: Any) -> tuple[list[str], list[str]]:
    """Press Tab until the first stop comes again; what was not reached, and what did not show that it was."""
    n = page.evaluate(NUMBER_THEM)
    reached, unseen = set(), set()
    for _press in range(n + 10):
        page.keyboard.press("Tab")
        number, is_shown = page.evaluate(HERE)
        reached.add(number)
        if number >= 0 and not is_shown:
            unseen.add(number)
        if len(reached - {-1}) == n:
            break
    return page.evaluate(NAMES, sorted(set(range(n)) - reached)), page.evaluate(NAMES, sorted(unseen))
