"""Real processes: a training that is killed is finished by another worker, once; one that is cancelled ends soon."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.utils import timezone

from recommender import tasks
from recommender.models import Promotion, Run, Version
from tests.recommender.school import School, build_school

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db(transaction=True)


def database_url() -> str:
    """The test database, for another process."""
    at = connection.get_connection_params()
    address = f"{quote(at['user'])}:{quote(at['password'])}@{at['host']}:{at['port']}"
    return f"postgresql://{address}/{connection.settings_dict['NAME']}"


def let_the_lease_run_out() -> None:
    """As if seconds had passed since the worker died."""
    now = timezone.now()
    Run.objects.update(lease_expires_at=now - timedelta(seconds=1), woken_at=now - timedelta(seconds=15))


@pytest.fixture
def school() -> School:
    return build_school()


@pytest.fixture(autouse=True)
def same_place(models_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that a worker starts for a training finds the test's database and folder."""
    monkeypatch.setenv("NEURALINK_HOME", str(models_home))
    monkeypatch.setenv("NEURALINK_DATABASE_URL", database_url())


@pytest.fixture
def training_at(models_home: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """`training_at("measured")`: a training in a process of its own that has come to that moment."""
    begun: list[subprocess.Popen[str]] = []

    def begin(moment: str) -> subprocess.Popen[str]:
        environment = os.environ | {
            "NEURALINK_HOME": str(models_home),
            "NEURALINK_DATABASE_URL": database_url(),
            "NEURALINK_LEASE_SECONDS": "3",
        }
        command = [sys.executable, "-m", "tests.recommender.training.dying", moment]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        begun.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        return process

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("moment", ["measured", "half written", "stored, not committed", "committed, not finished"])
def test_killed_and_finished_once(
    school: School, training_at: Callable[[str], Any], models_home: Path, woken: list[Any], moment: str
) -> None:
    training_at(moment).kill()
    run = Run.objects.get()
    assert run.state == "running"
    let_the_lease_run_out()
    assert tasks.sweep() == 1
    assert [(message.task_name, message.args) for message in woken] == [("recommender.tasks.train", (run.pk,))]
    tasks.train(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempt, run.error) == ("succeeded", 2, "")
    assert (Version.objects.count(), Promotion.objects.count()) == (1, 1)
    assert [folder.name for folder in (models_home / "versions/school").iterdir()] == ["1"]
    tasks.train(run.pk)
    assert Version.objects.count() == 1


def test_cancelled_within_seconds(school: School, training_at: Callable[[str], Any]) -> None:
    process = training_at("fitting")
    run = Run.objects.get()
    begun = time.monotonic()
    assert run.request_cancel()
    assert process.wait(timeout=20) == 1
    assert time.monotonic() - begun < 10
    run.refresh_from_db()
    assert (run.state, run.error) == ("cancelled", "")
    assert not Version.objects.exists()


def test_cancelled_after_its_worker_died(school: School, training_at: Callable[[str], Any]) -> None:
    training_at("measured").kill()
    run = Run.objects.get()
    run.request_cancel()
    let_the_lease_run_out()
    assert tasks.sweep() == 0
    run.refresh_from_db()
    assert run.state == "cancelled"
