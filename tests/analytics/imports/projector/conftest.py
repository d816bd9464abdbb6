"""Statements sent as tools send them, and the projector's job run as a worker runs it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from analytics.imports.projector import project as projector
from analytics.jobs import working_on
from analytics.lrs.parcels import open_parcel
from analytics.lrs.store import Source, store
from analytics.lrs.waking import request_projection
from analytics.models import Credential, JobState, Organisation, Projection
from analytics.xapi.json_text import dump_json
from tests.cast import Cast

ADL = "http://adlnet.gov/expapi/verbs/"
TYPES = "http://adlnet.gov/expapi/activities/"
HOME = "https://lms.example.org"
AT = "2026-05-18T09:30:00Z"


def ana(name: str = "ana", home: str = HOME) -> dict[str, Any]:
    return {"account": {"homePage": home, "name": name}}


def said(verb: str = f"{ADL}completed", actor: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    """A statement with an id of its own."""
    about = {"id": f"{HOME}/video/1", "definition": {"type": f"{TYPES}media", "name": {"en": "Video 1"}}}
    course = {"id": f"{HOME}/course/1", "definition": {"type": f"{TYPES}course"}}
    return {
        "id": str(uuid4()),
        "actor": actor or ana(),
        "verb": {"id": verb},
        "object": about,
        "timestamp": AT,
        "context": {"contextActivities": {"grouping": [course]}},
    } | parts


def voiding(statement: dict[str, Any]) -> dict[str, Any]:
    return said(f"{ADL}voided", object={"objectType": "StatementRef", "id": statement["id"]}, context={})


def run_projector(organisation: Organisation) -> None:
    request_projection(organisation.pk)
    job = Projection.objects.get(organisation=organisation, state=JobState.QUEUED)
    with working_on(Projection, job.pk) as lease:
        assert lease is not None
        projector.project(lease)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED, job.error


@pytest.fixture(autouse=True)
def everything_is_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test is one transaction, which seems to store for as long as it lasts: the projector would wait for it."""
    monkeypatch.setattr(projector, "consistent_through", lambda organisation_id: timezone.now() + timedelta(days=1))


@pytest.fixture
def credential(cast: Cast) -> Credential:
    return Credential.objects.issue(cast.north.organisation, "Moodle", ["all"])[0]


@pytest.fixture
def send(credential: Credential) -> Callable[..., None]:
    """`send(one, two)`: stores statements, without projecting them."""

    def send_them(*statements: dict[str, Any], by: Credential = credential, import_id: int | None = None) -> None:
        body = dump_json(list(statements)).encode()
        parcel = open_parcel("application/json", body, "2.0.0", by.authority)
        store(parcel, Source(by.organisation_id, None if import_id else by.pk, import_id))

    return send_them


@pytest.fixture
def project_all(cast: Cast) -> Callable[[], None]:
    return lambda: run_projector(cast.north.organisation)
