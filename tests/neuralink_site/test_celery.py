"""Which worker gets what, and which broker carries it."""

import os
from pathlib import Path

import pytest
from celery.signals import worker_ready
from pytest_django.fixtures import Settings as SettingsWrapper

from analytics.models import Import, RollupRefresh
from neuralink_site import celery
from neuralink_site.management.commands.up import scheduler, worker
from recommender.models import RiskRefresh, Run, Search


@pytest.mark.parametrize("job", [Import, RollupRefresh, Run, RiskRefresh, Search])
def test_the_queue_of_a_job_is_the_one_that_its_task_is_routed_to(
    job: type[Import | RollupRefresh | RiskRefresh | Run | Search],
) -> None:
    route = celery.app.amqp.router.route({}, job.task_name)
    assert route["queue"].name == job.queue
    assert job.queue in celery.QUEUES


def test_every_task_that_is_sent_is_registered() -> None:
    celery.app.loader.import_default_modules()
    wanted = {job.task_name for job in (Import, RollupRefresh, RiskRefresh, Run, Search)}
    wanted |= {entry["task"] for entry in celery.app.conf.beat_schedule.values()}
    assert wanted <= set(celery.app.tasks)


def test_sweeps_recur_within_a_lease_and_do_not_pile_up(settings: SettingsWrapper) -> None:
    for name, entry in celery.app.conf.beat_schedule.items():
        most = settings.NEURALINK_LEASE_SECONDS if name.endswith("sweep") else 3600
        assert entry["schedule"] < most
        assert entry["options"]["expires"] <= entry["schedule"]


def test_without_a_broker_messages_go_through_folders_of_the_home(settings: SettingsWrapper, tmp_path: Path) -> None:
    settings.HOME, settings.BROKER_URL = tmp_path, ""
    chosen = celery.broker()
    assert chosen["broker_url"].startswith("filesystem://")
    (tmp_path / "broker" / "messages" / "1_x.import.msg").touch()
    celery.clear_embedded_broker()
    assert list((tmp_path / "broker" / "messages").iterdir()) == []


def test_with_a_broker_nothing_embedded_is_made(settings: SettingsWrapper, tmp_path: Path) -> None:
    settings.HOME, settings.BROKER_URL = tmp_path, "redis://broker.example:6379/0"
    assert celery.broker()["broker_url"] == "redis://broker.example:6379/0"
    assert list(tmp_path.iterdir()) == []


def test_workers_take_one_task_at_a_time_in_their_own_process() -> None:
    """A Keras model that was built before a fork hangs the process that uses it."""
    for queue in celery.QUEUES:
        command = worker(queue).command
        assert command[command.index("--pool") + 1] == "solo"
        assert command[command.index("--queues") + 1] == queue
    assert "beat" in scheduler().command


def test_a_worker_that_is_ready_steps_aside_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = {"niceness": 0}
    monkeypatch.setattr(os, "getpriority", lambda _which, _who: now["niceness"])
    monkeypatch.setattr(os, "setpriority", lambda _which, _who, niceness: now.update(niceness=niceness))
    for _time in range(2):
        worker_ready.send(sender=None)
        assert now["niceness"] == celery.NICENESS
    now["niceness"] = 15  # as the operator wants it
    worker_ready.send(sender=None)
    assert now["niceness"] == 15
