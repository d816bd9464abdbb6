"""Trainings in a process of their own: they end when asked to, whatever they are at, and when they take too much."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.db import connection

from analytics import jobs
from analytics.models import Event
from recommender import tasks
from recommender.algorithms.catalogue import ALGORITHMS
from recommender.models import Run, Version
from recommender.outcomes.catalogue import PREDICTORS
from recommender.training import apart
from recommender.training.start import start_run
from tests.recommender.college import build_college
from tests.recommender.school import build_school
from tests.recommender.test_tasks import database_url

pytestmark = pytest.mark.django_db(transaction=True)
CANCEL_SECONDS = 5.0
START_SECONDS = 90


@pytest.fixture(autouse=True)
def same_place(models_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The process finds the test's database and folder."""
    monkeypatch.setenv("NEURALINK_HOME", str(models_home))
    monkeypatch.setenv("NEURALINK_DATABASE_URL", database_url())
    monkeypatch.setenv("STUBBORN_MARK", str(models_home / "mark"))
    return models_home / "mark"


@pytest.fixture
def worked_on() -> Iterator[Callable[[Run], threading.Thread]]:
    """`worked_on(run)`: a worker of this process, in a thread, is at it."""
    begun: list[threading.Thread] = []

    def work(run: Run) -> None:
        try:
            tasks.train(run.pk)
        finally:
            connection.close()

    def begin(run: Run) -> threading.Thread:
        thread = threading.Thread(target=work, args=[run], daemon=True)
        thread.start()
        begun.append(thread)
        return thread

    yield begin
    for run in Run.objects.unfinished():
        run.request_cancel()
    for thread in begun:
        thread.join(30)


def wait_until(is_so: Callable[[], Any], seconds: float = START_SECONDS) -> float:
    begin = time.monotonic()
    while not is_so():
        assert time.monotonic() - begin < seconds
        time.sleep(0.05)
    return time.monotonic() - begin


def some_run(algorithm: str, **options: Any) -> Run:
    organisation = build_college().organisation if algorithm in PREDICTORS else build_school().organisation
    return start_run(organisation, algorithm, **options)


def seconds_to_cancel(run: Run) -> float:
    assert run.request_cancel()
    return wait_until(lambda: Run.objects.get(pk=run.pk).state == "cancelled", 20)


def check_deaf_cancel(algorithm: str, worked_on: Callable[[Run], Any], mark: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("STUBBORN", algorithm)
    patch.setattr(apart, "COMMAND", (sys.executable, "-m", "tests.recommender.training.stubborn"))
    run = some_run(algorithm)
    worked_on(run)
    wait_until(mark.exists)
    assert seconds_to_cancel(run) < CANCEL_SECONDS
    assert not Version.objects.exists()


def test_a_fit_that_listens_to_nobody_is_cancelled(
    worked_on: Callable[[Run], Any], same_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_deaf_cancel("ease", worked_on, same_place, monkeypatch)


def test_a_row_that_says_how_it_ended_is_no_lost_lease(
    worked_on: Callable[[Run], threading.Thread], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The process needs a while to go after its last word, and the worker reads that first."""
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-c", "import time; time.sleep(1.5)"))
    monkeypatch.setattr(jobs, "LOOK_SECONDS", 0.1)
    run = some_run("ease")
    worker = worked_on(run)
    wait_until(lambda: Run.objects.filter(pk=run.pk, state="running").update(state="succeeded"))
    worker.join(START_SECONDS)
    assert Run.objects.get(pk=run.pk).state == "succeeded"
    assert "Stopped working" not in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", sorted({*ALGORITHMS, *PREDICTORS} - {"ease"}))
def test_every_fit_is_cancelled(
    worked_on: Callable[[Run], Any], same_place: Path, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    check_deaf_cancel(algorithm, worked_on, same_place, monkeypatch)


@pytest.mark.slow
def test_a_network_is_cancelled_between_two_batches(worked_on: Callable[[Run], Any]) -> None:
    run = some_run("sasrec", config={"epochs": 1000})
    worked_on(run)
    wait_until(lambda: Run.objects.get(pk=run.pk).curve, 180)
    assert seconds_to_cancel(run) < CANCEL_SECONDS


def test_a_process_that_is_killed_leaves_the_job_to_the_next(
    worked_on: Callable[[Run], Any], same_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = apart.COMMAND
    monkeypatch.setenv("STUBBORN", "ease")
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-m", "tests.recommender.training.stubborn"))
    run = some_run("ease")
    thread = worked_on(run)
    wait_until(same_place.exists)
    [child] = [one for one in psutil.Process().children() if "stubborn" in str(one.cmdline())]
    child.send_signal(signal.SIGKILL)
    thread.join(20)
    assert Run.objects.get(pk=run.pk).state == "running", "nobody says that it is over"
    monkeypatch.setattr(apart, "COMMAND", whole)
    tasks.train(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempt, run.error) == ("succeeded", 2, "")


def test_more_memory_than_allowed_ends_it_with_a_sentence(settings: Any) -> None:
    settings.NEURALINK_TRAIN_BYTES = 1_000_000
    run = some_run("ease")
    tasks.train(run.pk)
    run.refresh_from_db()
    assert run.state == "failed"
    assert run.error.startswith("Stopped, because it took")
    assert "raise NEURALINK_TRAIN_BYTES" in run.error


def test_a_sentence_of_the_training_is_kept() -> None:
    run = some_run("ease")
    Event.objects.all().delete()
    tasks.train(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error.split(":")[0]) == ("failed", "There is nothing to learn from")


def metrics_of(organisation: Any, worked_on: Callable[[Run], Any], kills: bool) -> dict[str, float]:
    """Of a small network; where it is killed it is so after two epochs, and the next worker goes on."""
    run = start_run(organisation, "sasrec", config={"epochs": 12, "embedding_size": 16}, seed=5, promotes=False)
    thread = worked_on(run)
    if kills:
        wait_until(lambda: any(point["epoch"] >= 2 for point in Run.objects.get(pk=run.pk).curve), 240)
        [child] = [one for one in psutil.Process().children() if "work_under_lease" in str(one.cmdline())]
        child.send_signal(signal.SIGKILL)
        thread.join(30)
        assert Run.objects.get(pk=run.pk).state == "running"
        thread = worked_on(run)
    thread.join(400)
    run.refresh_from_db()
    assert (run.state, run.attempt, run.error) == ("succeeded", 2 if kills else 1, "")
    return run.metrics


@pytest.mark.slow
def test_a_network_that_is_killed_ends_as_if_undisturbed(worked_on: Callable[[Run], Any]) -> None:
    organisation = build_school().organisation
    undisturbed = metrics_of(organisation, worked_on, kills=False)
    killed = metrics_of(organisation, worked_on, kills=True)
    assert killed == pytest.approx(undisturbed, abs=1e-3)
