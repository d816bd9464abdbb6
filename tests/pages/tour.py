"""Every page and fragment of North that a role may open: found by asking every address, so that none is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.test import Client
from django.urls import URLPattern, reverse

from analytics.models import JobState, Upload
from analytics.web.urls import urlpatterns as analytics_addresses
from recommender.models import Run, Search, Version
from recommender.training.start import start_search
from recommender.web.urls import urlpatterns as recommender_addresses
from tests.cast import Cast, House
from tests.recommender.risks import add_risks

PASSED_OVER = {
    "home": "goes to another page",
    "sign_in": "is for strangers; looked at by itself",
    "sign_out": "only takes what is sent",
    "my_data": "is a download",
    "statement_export": "is a download",
    "import_rejected": "is a download",
}
"""Addresses that are no page, each with its reason."""

Find = Callable[[House], Any]
ROWS: dict[str, Find] = {
    "course": lambda house: house.courses["algebra"],
    "learner": lambda house: house.learners[0],
    "import": lambda house: house.from_import,
    "upload": lambda house: Upload.objects.get(organisation=house.organisation),
    "run": lambda house: Run.objects.filter(organisation=house.organisation, search=None).latest("id"),
    "search": lambda house: Search.objects.get(organisation=house.organisation),
    "version": lambda house: Version.objects.filter(organisation=house.organisation).latest("id"),
    "what_if": lambda house: house.enrolments[0],
}
"""The row that an address with a number shows; the longest beginning of its name decides."""
TEXTS = {"message_template": "checking-in"}
"""The same for addresses with a word."""
QUESTIONS: dict[str, Callable[[House], dict[str, Any]]] = {
    "message_new": lambda house: {"enrolment": house.enrolments[0].pk},
    "run_estimate": lambda house: {"algorithm": "ease", "seed": 0},
}
"""What must stand in the query."""


@dataclass(frozen=True)
class Stop:
    name: str
    path: str
    is_page: bool
    """False for a fragment, which other pages embed."""


def furnish(cast: Cast) -> None:
    """What pages need to have something to show: risks, an upload, a search. A run is the caller's business."""
    organisation = cast.north.organisation
    add_risks(cast.north)
    Upload.objects.create(
        organisation=organisation,
        file_name="week.csv",
        path="/nowhere/week.csv",
        n_bytes=1,
        n_received=1,
        touched_at=cast.north.events[-1].occurred_at,
    )
    search = start_search(organisation, "ease", budget_seconds=60)
    Search.objects.filter(pk=search.pk).update(state=JobState.SUCCEEDED)


def tour(role: str, cast: Cast) -> list[Stop]:
    """Whatever answers the role with HTML, in the order of the addresses."""
    client = Client()
    client.force_login(cast.north.members[role].login)
    stops = []
    for pattern in [*analytics_addresses, *recommender_addresses]:
        name = str(pattern.name)
        if name in PASSED_OVER:
            continue
        path = path_of(pattern, cast.north)
        answer = client.get(path)
        assert answer.status_code != 404, f"Say in tests/pages/tour.py which row {name} shows."
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            stops.append(Stop(name, path, b"<!doctype html>" in answer.content[:100]))
    return stops


def path_of(pattern: URLPattern, house: House) -> str:
    name = str(pattern.name)
    question = QUESTIONS.get(name)
    arguments = [argument_of(name, kind, house) for kind in pattern.pattern.converters]
    return reverse(name, args=arguments, query=question(house) if question else None)


def argument_of(name: str, kind: str, house: House) -> Any:
    if kind != "pk":
        return next((text for beginning, text in TEXTS.items() if name.startswith(beginning)), "unknown")
    beginnings = [beginning for beginning in ROWS if name.startswith(beginning)]
    return ROWS[max(beginnings, key=len)](house).pk if beginnings else 0
