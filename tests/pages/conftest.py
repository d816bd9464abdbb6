"""A real Chromium against a live server. Without a browser these tests are skipped with a sentence."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from analytics.jobs import working_on
from recommender.models import Run
from recommender.serving import live
from recommender.training.retrain import retrain
from recommender.training.start import start_run
from tests.cast import Cast

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PATIENCE_MILLISECONDS = 8000
OBSERVE_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
        const moved = entry.sources.map((source) => source.node?.parentElement && source.node.outerHTML?.slice(0, 80));
        if (!entry.hadRecentInput) window.shifts.push([entry.value, moved]);
    }
}).observe({type: "layout-shift", buffered: true});
"""
"""Layout shifts as Chromium counts them for Web Vitals (those that follow an input within 500 ms excepted)."""


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        pytest.skip("There is no Chromium on this machine; `.ci/run` installs the distribution's.")
    # Playwright's event loop runs in this thread, and Django takes that for asynchronous code.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=executable, args=options)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@dataclass
class Window:
    """One browser window, and everything that went wrong in it."""

    context: BrowserContext
    address: str
    faults: list[str] = field(default_factory=list)
    _page: Page | None = None

    @property
    def page(self) -> Page:
        if self._page is None:
            self._page = self.context.new_page()
            self._page.set_default_timeout(PATIENCE_MILLISECONDS)
            self._page.on("console", self._note_console)
            self._page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
            self._page.on("response", self._note_response)
            self._page.on("requestfailed", self._note_failure)
            self._page.add_init_script(OBSERVE_SHIFTS)
        return self._page

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.address}{path}")
        self.settle()
        return self.page

    def settle(self) -> None:
        """Wait until embedded parts have come and charts are drawn. Quicker than a quiet network, and surer."""
        self.page.wait_for_function(
            "!document.querySelector('.htmx-request') && "
            "[...document.querySelectorAll('[data-chart]')].every((chart) => chart.querySelector('svg'))"
        )

    def shift(self) -> float:
        """How far the page has jumped since it was opened: the sum of its layout shifts, 0 for not at all."""
        return float(self.page.evaluate("window.shifts.reduce((sum, [value]) => sum + value, 0)"))

    def shifts(self) -> Any:
        """Each jump, and the beginnings of what was moved."""
        return self.page.evaluate("window.shifts")

    def _note_console(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"console: {message.text}")

    def _note_response(self, response: Any) -> None:
        if response.status >= 400:
            self.faults.append(f"{response.status}: {response.url}")

    def _note_failure(self, request: Any) -> None:
        # A page that is left drops what it was still loading.
        if "ERR_ABORTED" not in (request.failure or ""):
            self.faults.append(f"failed: {request.url}")


@pytest.fixture
def window(chromium: Browser, live_server: Any, cast: Cast) -> Iterator[Callable[..., Window]]:
    """`window("instructor")`: signed in as that member of North; `window(None)`: nobody. Faults fail the test."""
    opened: list[Window] = []

    def open_one(role: str | None, **options: Any) -> Window:
        # Playwright's own wait_for_function is an eval, which our policy forbids; test_content_policy.py keeps to it.
        options = {"viewport": WIDE, "bypass_csp": True} | options
        context = chromium.new_context(**options)
        if role is not None:
            client = Client()
            client.force_login(cast.north.members[role].login)
            name = django_settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        opened.append(Window(context, live_server.url))
        return opened[-1]

    yield open_one
    for one in opened:
        one.context.close()
    assert [fault for one in opened for fault in one.faults] == []


@pytest.fixture
def models_home(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of the test's own; the process knows of no version before and after it."""
    monkeypatch.setattr("recommender.training.retrain.MIN_TESTED", 2)  # the cast is small
    settings.HOME = tmp_path
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.NEURALINK_SWAP_SECONDS = 0
    live.forget()
    yield tmp_path
    live.forget()


@pytest.fixture
def trained(cast: Cast, models_home: Path) -> Callable[..., Run]:
    """`trained("ease")`: a run of North from its start to its end, done here; or one that is queued already."""

    def do(algorithm: str = "popularity", run: Run | None = None, **options: Any) -> Run:
        asked = run or start_run(cast.north.organisation, algorithm, **options)
        with working_on(Run, asked.pk) as lease:
            assert lease is not None
            retrain(lease)
        asked.refresh_from_db()
        return asked

    return do
