"""/healthz asks nobody; /readyz says of each part of the chain how it is."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, ProgrammingError
from django.test import Client
from django.utils import timezone

from analytics.jobs import sweep, worker_seen_at
from analytics.models import Import, JobState
from recommender.models import Promotion, PromotionAction, Run, TargetKind, Version
from tests.cast import Cast


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    settings.HOME = tmp_path
    return tmp_path


def test_alive_without_database(client: Client) -> None:
    """No `db` fixture: a query would fail the test."""
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"is_ok": True})
    assert "no-store" in response["Cache-Control"]
    assert client.post("/healthz").status_code == 405


def test_ready_when_a_worker_sweeps(client: Client, db: None) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert (answer.json()["database"]["is_ok"], answer.json()["worker"]["is_ok"]) == (True, False)
    sweep(Import)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["is_ok"]) == (200, True)
    assert "No version" in answer.json()["model"]["sentence"]


def test_a_worker_that_fell_silent(client: Client, db: None, home: Path) -> None:
    sweep(Import)
    long_ago = time.time() - 600
    os.utime(home / "worker_pulse", (long_ago, long_ago))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "60" in answer.json()["worker"]["sentence"]


def test_a_long_job_is_a_sign_of_life(client: Client, cast: Cast) -> None:
    Run.objects.create(
        organisation=cast.north.organisation, algorithm="ease", state=JobState.RUNNING, heartbeat_at=timezone.now()
    )
    assert worker_seen_at() is None
    assert client.get("/readyz").status_code == 200


def test_a_queue_without_its_worker(client: Client, cast: Cast) -> None:
    sweep(Import)
    run = Run.objects.create(organisation=cast.north.organisation, algorithm="ease")
    assert client.get("/readyz").status_code == 200
    Run.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(minutes=5))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "train" in answer.json()["worker"]["sentence"]


def test_a_version_in_use_is_told(client: Client, cast: Cast) -> None:
    sweep(Import)
    organisation = cast.north.organisation
    run = Run.objects.create(organisation=organisation, algorithm="ease", state=JobState.SUCCEEDED)
    version = Version.objects.create(organisation=organisation, run=run, kind=TargetKind.ANY, number=1, folder="x")
    Promotion.objects.create(
        organisation=organisation, kind=TargetKind.ANY, version=version, action=PromotionAction.PROMOTE, why="test"
    )
    answer = client.get("/readyz").json()
    assert "1" in answer["model"]["sentence"]
    # Anybody may ask, so nobody's name is told.
    assert "North" not in str(answer)


@pytest.mark.parametrize(
    ("error", "word"), [(OperationalError("host=10.0.0.1"), "reached"), (ProgrammingError("no table"), "migrate")]
)
def test_a_database_that_is_away(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch, error: Exception, word: str
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise error

    monkeypatch.setattr("django.db.models.query.QuerySet.first", fail)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert word in answer.json()["database"]["sentence"]
    assert "10.0.0.1" not in answer.content.decode()
    assert "worker" not in answer.json()
