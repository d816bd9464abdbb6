"""Every page and fragment that a role may open, from the table of who may open what: none can be forgotten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.test import Client
from django.urls import reverse

from recommender.models import Run
from tests.access.rows import arguments_of, browser
from tests.access.table import LINES
from tests.cast import Cast, House

QUESTIONS: dict[str, Callable[[House], dict[str, Any]]] = {
    "message_new": lambda house: {"enrolment": house.enrolments[0].pk},
    "explorer": lambda house: {"learner": house.learners[0].pk, "q": "a"},
    "explorer_why_not": lambda house: {"activity": house.parts["algebra"][-1].external_id},
    "run_estimate": lambda house: {"algorithm": "ease", "seed": 0},
}
"""What must stand in the query for there to be something to show."""


@dataclass(frozen=True)
class Stop:
    name: str
    path: str
    is_page: bool
    """False for a fragment, which other pages embed."""


class Tour:
    """Of North, furnished so that its pages have something to show; `run` is one that has ended."""

    def __init__(self, cast: Cast, run: Run) -> None:
        self.cast, self.arguments = cast, arguments_of(cast.north, run)

    def stops(self, role: str) -> list[Stop]:
        """Whatever answers the role with HTML."""
        client, found = self.browser(role), []
        for line in LINES:
            if line.method != "GET" or line.is_api or line.is_public or role not in line.roles:
                continue
            question = QUESTIONS.get(line.name)
            query = question(self.cast.north) if question else None
            path = reverse(line.name, args=self.arguments[line.row], query=query)
            answer: Any = client.get(path)
            if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
                found.append(Stop(line.name, path, b"<!doctype html>" in answer.content[:100]))
        return found

    def pages(self, role: str) -> list[Stop]:
        return [stop for stop in self.stops(role) if stop.is_page]

    def browser(self, role: str) -> Client:
        return browser(self.cast.north.members[role])
