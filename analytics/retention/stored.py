"""What is stored about one learner, for the learner: one line for each kind of rows; other apps add theirs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from analytics.models import Enrolment, Event, Learner, LearnerIdentity, Statement

PIECE = 2000
Rows = Callable[[Learner], Iterable[Any]]
"""Of each a dictionary that JSON can hold."""


def enrolments(learner: Learner) -> Iterable[Any]:
    names = ("course__external_id", "course__name", "course_run", "started_at", "ended_at", "outcome", "grade_share")
    found: Iterable[Any] = Enrolment.objects.filter(learner=learner).values(*names, "attempt")
    return found


def events(learner: Learner) -> Iterable[Any]:
    rows = Event.objects.filter(organisation=learner.organisation_id, learner=learner).values(
        "occurred_at", "verb", "activity__external_id", "activity__name", "value", "unit"
    )
    return rows.iterator(chunk_size=PIECE)


def identities(learner: Learner) -> Iterable[Any]:
    return LearnerIdentity.objects.filter(learner=learner).values("agent", "created_at")


def statements(learner: Learner) -> Iterable[Any]:
    """What the learner did, as tools told it; not what others said of them."""
    keys = LearnerIdentity.objects.filter(learner=learner).values("key")
    rows = Statement.objects.filter(organisation=learner.organisation_id, actor__in=keys)
    return map(json.loads, rows.values_list("document", flat=True).iterator(chunk_size=PIECE))


STORED: dict[str, Rows] = {
    "enrolments": enrolments,
    "events": events,
    "identities": identities,
    "statements": statements,
}


def add_stored(name: str, rows: Rows) -> None:
    STORED[name] = rows


def stored_about(learner: Learner) -> Iterator[str]:
    """One JSON document, in pieces: a history may be long."""
    encode = DjangoJSONEncoder(ensure_ascii=False).encode
    yield encode({"id": learner.external_id, "name": learner.name, "attributes": learner.attributes})[:-1]
    for name, rows in STORED.items():
        yield f", {encode(name)}: ["
        for number, row in enumerate(rows(learner)):
            yield (", " if number else "") + encode(row)
        yield "]"
    yield "}"
