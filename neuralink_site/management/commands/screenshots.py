"""`python manage.py screenshots`: every page as PNG, wide and narrow, light and dark, from a real browser."""

from __future__ import annotations

import contextlib
import os
import shutil
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count
from django.test.testcases import LiveServerThread
from django.test.utils import override_settings
from django.urls import reverse

from analytics.models import Activity, Board, Enrolment, Import, Member, Organisation, Role, Upload
from recommender.models import Promotion, Run, Search
from recommender.worklist.rows import current_risks

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

WIDTHS = {1440: 900, 390: 844}  # pixels: width -> height of the window
THEMES = ("light", "dark")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
PLAIN_STATIC = settings.STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


@dataclass(frozen=True)
class Shot:
    name: str
    role: Role | None
    """Who looks; None: nobody is signed in."""
    path: str


class Command(BaseCommand):
    help = "Take a picture of every page of one organisation, as the role that it is for."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, default=settings.HOME / "screenshots", help="where the PNG files go")
        parser.add_argument("--organisation", metavar="SLUG", help="left out: the only one, or the synthetic academy")
        parser.add_argument("--address", help="a server that runs on this database; left out: one is started")
        parser.add_argument("--only", nargs="+", metavar="NAME", default=[], help="names of pages: overview ...")

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = organisation_of(options["organisation"])
        shots = [shot for shot in shots_of(organisation) if not options["only"] or shot.name in options["only"]]
        options["folder"].mkdir(parents=True, exist_ok=True)
        with sessions_of(organisation) as cookies, contextlib.ExitStack() as stack:
            if missing := {shot.role for shot in shots} - cookies.keys() - {None}:
                raise CommandError(f"{organisation} has no member to look as: {', '.join(sorted(map(str, missing)))}.")
            address = options["address"] or stack.enter_context(own_server())
            browser = stack.enter_context(chromium())
            for width in WIDTHS:
                for theme in THEMES:
                    self.stdout.write(f"{width} px, {theme}: {len(shots)} pages")
                    for role in dict.fromkeys(shot.role for shot in shots):
                        window = open_window(browser, address, width, theme, cookies.get(role))
                        for shot in (shot for shot in shots if shot.role == role):
                            take(
                                window, f"{address}{shot.path}", options["folder"] / f"{shot.name}-{width}-{theme}.png"
                            )
                        window.close()
        self.stdout.write(f"They are in {options['folder']}.")


def organisation_of(slug: str | None) -> Organisation:
    found = Organisation.objects.filter(slug=slug) if slug else Organisation.objects.order_by("-is_synthetic", "id")
    organisation = found.first()
    if organisation is None:
        raise CommandError("There is no such organisation. `python manage.py create_academy` makes a synthetic one.")
    return organisation


def shots_of(organisation: Organisation) -> list[Shot]:
    """Every page, with rows that have something to show; pages without a row are left out."""
    owner, learner_role = Role.ADMINISTRATOR, Role.LEARNER
    shots = [
        Shot("sign-in", None, reverse("sign_in")),
        *(Shot(name.replace("_", "-"), owner, reverse(name)) for name in LISTS),
        Shot("instructor-overview", Role.INSTRUCTOR, reverse("overview")),
        Shot("instructor-worklist", Role.INSTRUCTOR, reverse("worklist")),
        Shot("message-template", owner, reverse("message_template", args=["checking-in"])),
        Shot("my-learning", learner_role, reverse("my_learning")),
        Shot("not-found", owner, "/there-is-no-such-page/"),
    ]
    rows = {
        "course_page": Activity.objects.filter(organisation=organisation).courses().order_by("id"),
        "course_risk": _largest_risks(organisation),
        "learner_page": _busy_learners(organisation),
        "board_page": Board.objects.filter(organisation=organisation).order_by("id"),
        "import_page": Import.objects.filter(organisation=organisation).order_by("-n_read"),
        "upload_page": Upload.objects.filter(organisation=organisation).complete().order_by("-id"),
        "run_page": Run.objects.filter(organisation=organisation, version__isnull=False).order_by("-id"),
        "search_page": Search.objects.filter(organisation=organisation).order_by("-id"),
        "version_page": Promotion.objects.filter(organisation=organisation).order_by("-id"),
    }
    ids = {"learner_page": "learner_id", "version_page": "version_id", "course_risk": "enrolment__course_id"}
    for name, queryset in rows.items():
        pk = queryset.values_list(ids.get(name, "id"), flat=True).first()
        if pk is not None:
            shots.append(Shot(name.replace("_", "-"), owner, reverse(name, args=[pk])))
    return [*shots, *_with_questions(organisation)]


LISTS = (
    *("overview", "course_list", "learner_list", "explore", "board_list", "find", "import_list", "import_new"),
    *("statement_list", "credential_list", "identity_list"),
    *(
        "retention",
        "list_rule_list",
        "list_export_list",
        "settings_own",
        "settings_organisation",
        "member_list",
        "key_list",
        "experiment_list",
    ),
    *("worklist", "digest_preview", "intervention_list", "outcome_policy"),
    *(
        "run_list",
        "run_new",
        "search_list",
        "retrain_rule_list",
        "version_list",
        "promotion_list",
        "choose_organisation",
    ),
)


def _with_questions(organisation: Organisation) -> list[Shot]:
    """Pages that show most when something stands in their query."""
    course = Activity.objects.filter(organisation=organisation).courses().order_by("id").first()
    learner = _busy_learners(organisation).first()
    found = []
    if course is not None:
        page = reverse("course_page", args=[course.pk])
        tabs = ("success", "parts", "learners")
        found += [Shot(f"course-{tab}", Role.ADMINISTRATOR, f"{page}?show={tab}") for tab in tabs]
        asked = f"{reverse('explore')}?measure=learners&by=week&split=course&period=90"
        found.append(Shot("explore-split", Role.ADMINISTRATOR, asked))
    if learner is not None:
        found.append(Shot("explorer", Role.ADMINISTRATOR, f"{reverse('explorer')}?learner={learner['learner_id']}"))
    return found


def _busy_learners(organisation: Organisation) -> Any:
    """Those with most courses first: their portraits have most to show."""
    enrolments = Enrolment.objects.filter(organisation=organisation).order_by()
    return enrolments.values("learner_id").annotate(n_courses=Count("id")).order_by("-n_courses", "learner_id")


def _largest_risks(organisation: Organisation) -> Any:
    """Courses by the number of their current risks, the most first."""
    risks = current_risks(organisation).order_by().values("enrolment__course_id")
    return risks.annotate(n=Count("id")).order_by("-n", "enrolment__course_id")


@contextlib.contextmanager
def sessions_of(organisation: Organisation) -> Iterator[dict[Role | None, str]]:
    """A session cookie of one member of each role; the sessions are deleted in the end."""
    stores: dict[Role | None, SessionStore] = {}
    for member in Member.objects.filter(organisation=organisation).select_related("login").order_by("-id"):
        store = SessionStore()
        store[SESSION_KEY] = str(member.login_id)
        store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        store[HASH_SESSION_KEY] = member.login.get_session_auth_hash()
        store["organisation_id"] = organisation.pk
        stores[Role(member.role)] = store
    for store in stores.values():
        store.create()
    try:
        yield {role: str(store.session_key) for role, store in stores.items()}
    finally:
        for store in stores.values():
            store.delete()


@contextlib.contextmanager
def own_server() -> Iterator[str]:
    """A web server in a thread of this process, on a free port."""
    with override_settings(STORAGES=PLAIN_STATIC):
        # Serves static files from where they lie in the working tree, without collecting them first.
        thread = LiveServerThread("127.0.0.1", StaticFilesHandler)
        thread.daemon = True
        thread.start()
        thread.is_ready.wait()
        if thread.error:
            raise CommandError(f"The web server did not start: {thread.error}")
        try:
            yield f"http://127.0.0.1:{thread.port}"
        finally:
            thread.terminate()


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    executable = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError as error:
        raise CommandError("Playwright is missing: `make install-dev` installs it.") from error
    if executable is None:
        raise CommandError(f"No browser found (looked for {', '.join(BROWSERS)}): install your system's chromium.")
    # Playwright runs an event loop in this thread, and Django would refuse the queries that clean up after it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(BROWSER_OPTIONS))
        yield browser
        browser.close()


def open_window(browser: Browser, address: str, width: int, theme: str, session: str | None) -> BrowserContext:
    scheme: Any = theme
    window = browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme, bypass_csp=True
    )
    if session:
        window.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": address}])
    return window


def take(window: BrowserContext, address: str, path: Path) -> None:
    page = window.new_page()
    page.goto(address)
    page.wait_for_load_state("networkidle")
    # What is counted beside the page is asked for again and again, with rests between.
    page.wait_for_function("!document.querySelector('[hx-get*=\"again=\"]')")
    page.wait_for_load_state("networkidle")
    # A chart is drawn when its script has run, some moments after the last byte came.
    page.wait_for_function("[...document.querySelectorAll('[data-chart]')].every((c) => c.querySelector('svg'))")
    page.screenshot(path=path, full_page=True)
    page.close()
