"""Statements out again: those of the store as they came, and one for every event that came another way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from analytics.imports.projector.vocabulary import ADL, STREAMS, TINCAN, UNIT_EXTENSION, VALUE_EXTENSION, VIDEO_TYPE
from analytics.imports.projector.vocabulary import OTHER as OTHER_VERB
from analytics.models import Activity, Event, Kind, LearnerIdentity, Organisation, Statement, StatementFate, Unit, Verb
from analytics.xapi.json_text import dump_json
from analytics.xapi.scalars import IRI, format_instant

ROWS = 2000
"""Rows read and held at a time."""
VERB_IRIS = {
    Verb.VIEWED: f"{ADL}experienced",
    Verb.STARTED: f"{ADL}initialized",
    Verb.PROGRESSED: f"{ADL}progressed",
    Verb.COMPLETED: f"{ADL}completed",
    Verb.PASSED: f"{ADL}passed",
    Verb.FAILED: f"{ADL}failed",
    Verb.ANSWERED: f"{ADL}answered",
    Verb.SUBMITTED: f"{STREAMS}submit",
    Verb.POSTED: f"{ADL}commented",
    Verb.RATED: f"{TINCAN}rated",
    Verb.ENROLLED: f"{ADL}registered",
    Verb.OTHER: OTHER_VERB,
}
TYPE_IRIS = {
    Kind.COURSE: "http://adlnet.gov/expapi/activities/course",
    Kind.MODULE: "http://adlnet.gov/expapi/activities/module",
    Kind.VIDEO: VIDEO_TYPE,
    Kind.READING: "http://adlnet.gov/expapi/activities/file",
    Kind.QUIZ: "http://adlnet.gov/expapi/activities/assessment",
    Kind.ASSIGNMENT: "http://id.tincanapi.com/activitytype/school-assignment",
    Kind.FORUM: "http://id.tincanapi.com/activitytype/discussion",
}


@dataclass(frozen=True)
class Span:
    """From `since` on, before `until`; by when it happened. None: no bound."""

    since: datetime | None = None
    until: datetime | None = None

    def of(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        bounds = {"occurred_at__gte": self.since, "occurred_at__lt": self.until}
        return rows.filter(**{name: value for name, value in bounds.items() if value is not None})


def statement_lines(organisation: Organisation, span: Span = Span()) -> Iterator[str]:
    """One JSON object a line, without line feeds."""
    yield from _stored(organisation, span)
    yield from _of_events(organisation, span)


def _stored(organisation: Organisation, span: Span) -> Iterator[str]:
    rows = span.of(Statement.objects.filter(organisation=organisation)).order_by("stored_at", "id")
    for document, stored_at in rows.values_list("document", "stored_at").iterator(chunk_size=ROWS):
        yield f'{document[:-1]},"stored":"{format_instant(stored_at)}"}}'


def _of_events(organisation: Organisation, span: Span) -> Iterator[str]:
    from_statements = StatementFate.objects.filter(event_id=OuterRef("id"))
    rows = span.of(Event.objects.filter(organisation=organisation)).filter(~Exists(from_statements))
    chunk: list[Event] = []
    for event in rows.select_related("learner", "activity__course").order_by("occurred_at", "id").iterator(ROWS):
        chunk.append(event)
        if len(chunk) == ROWS:
            yield from _lines(chunk)
            chunk = []
    yield from _lines(chunk)


def _lines(events: list[Event]) -> Iterator[str]:
    learners = {event.learner_id for event in events}
    identities = LearnerIdentity.objects.filter(learner__in=learners).order_by("-id")
    agents = dict(identities.values_list("learner_id", "agent"))
    for event in events:
        yield dump_json(statement_of(event, agents.get(event.learner_id)))


def statement_of(event: Event, agent: dict[str, Any] | None) -> dict[str, Any]:
    """The statement that an event would have been, known by an id that does not change from export to export."""
    base = settings.NEURALINK_PUBLIC_URL.rstrip("/")
    actor = agent or {"account": {"homePage": base, "name": event.learner.external_id}}
    statement = {
        "id": str(uuid5(NAMESPACE_URL, f"{base}/events/{event.pk}")),
        "actor": {"objectType": "Agent"} | ({"name": event.learner.name} if event.learner.name else {}) | actor,
        "verb": {"id": VERB_IRIS[Verb(event.verb)], "display": {"en": str(event.verb)}},
        "object": _object(event.activity, base),
        "timestamp": format_instant(event.occurred_at),
    }
    if event.value is not None:
        statement["result"] = _result(event.value, Unit(event.unit))
    if event.activity.course is not None:
        statement["context"] = {"contextActivities": {"grouping": [_object(event.activity.course, base)]}}
    return statement


def _object(activity: Activity, base: str) -> dict[str, Any]:
    is_iri = IRI.fullmatch(activity.external_id)
    iri = activity.external_id if is_iri else f"{base}/activities/{quote(activity.external_id, safe='')}"
    definition: dict[str, Any] = {"name": {"en": activity.name}}
    if activity.kind in TYPE_IRIS:
        definition["type"] = TYPE_IRIS[Kind(activity.kind)]
    return {"objectType": "Activity", "id": iri, "definition": definition}


def _result(value: float, unit: Unit) -> dict[str, Any]:
    if unit == Unit.SHARE and 0 <= value <= 1:
        return {"score": {"scaled": value}}
    if unit == Unit.SECONDS and value >= 0:
        return {"duration": f"PT{value:.2f}S"}
    if unit == Unit.POINTS:
        return {"score": {"raw": value}}
    return {"extensions": {VALUE_EXTENSION: value, UNIT_EXTENSION: unit.value}}
