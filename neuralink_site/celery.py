"""The Celery application: queues, broker and what recurs.

A message only wakes a worker: what is to be done, and whether it was, is told by job rows (analytics/jobs.py).
So there is no result back end, and a broker that loses a message costs one sweep, not the work.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neuralink_site.settings")
# Celery would have Django look through all models and addresses at the start of each worker, a third of what it takes:
# whoever starts or tests the site has done so.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

from django.conf import settings

QUEUES = ("import", "train", "aggregate")
NICENESS = 5
SWEEP_SECONDS = max(1.0, settings.NEURALINK_LEASE_SECONDS / 5)
DIGEST_SECONDS = 300.0
RULE_SECONDS = 60
"""Between two looks whether a weekly digest is due."""
ONLINE_SECONDS = 300.0
"""Between two counts of what learners did with what they were shown."""
CLEANUP_SECONDS = 1800.0
"""Between two looks where it is night, and data is older than it is to be kept."""
RISK_SECONDS = 30.0
"""Between two looks whether risks are old, or another version predicts them now: somebody waits for the first ones."""
LISTS_SECONDS = 600.0
"""Between two looks whether the lists of all learners are due."""


def broker() -> dict[str, Any]:
    """Return the broker's part of the configuration: the operator's server, or else folders of the home."""
    if settings.BROKER_URL:
        # A worker without a pool of processes answers no heartbeat during a task, and RabbitMQ would hang up.
        return {"broker_url": settings.BROKER_URL, "broker_heartbeat": 0}
    messages, control = settings.HOME / "broker" / "messages", settings.HOME / "broker" / "control"
    for folder in (messages, control):
        folder.mkdir(parents=True, exist_ok=True)
    folders = {"data_folder_in": messages, "data_folder_out": messages, "control_folder": control}
    return {
        "broker_url": "filesystem://localhost//",
        "broker_transport": "neuralink_site.folder_broker:Transport",
        "broker_transport_options": {name: str(path) for name, path in folders.items()}
        # Seconds between two looks into the folder: the price of a message is 0.1 s on average.
        | {"polling_interval": 0.2},
    }


def clear_embedded_broker() -> None:
    """Forget the messages of an earlier start, among them replies that nobody waits for."""
    for message in (settings.HOME / "broker" / "messages").glob("*.msg*"):
        message.unlink(missing_ok=True)


def step_aside(**_signal: object) -> None:
    """Pages come before imports and trainings on a small machine; but only once a worker is there.

    As a nice one it would take many times as long to start where the machine is busy, and nobody would do its work.
    """
    os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))


app = Celery("neuralink")
worker_ready.connect(step_aside)
app.conf.update(
    **broker(),
    task_default_queue="aggregate",
    task_routes={
        "analytics.tasks.run_import": {"queue": "import"},
        "recommender.tasks.train": {"queue": "train"},
        "recommender.tasks.search": {"queue": "train"},
        "recommender.tasks.export_lists": {"queue": "train"},
    },
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    # Late acknowledgement and no prefetching: a job never waits behind a long one while another worker is idle.
    # A message delivered twice is harmless, because only one worker gets the job's lease.
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    # Nothing that recurs needs to be remembered between starts, so the schedule is kept in memory.
    beat_scheduler="celery.beat:Scheduler",
    beat_schedule={
        name: {"task": name, "schedule": SWEEP_SECONDS, "options": {"queue": "aggregate", "expires": SWEEP_SECONDS}}
        for name in ("analytics.tasks.sweep", "recommender.tasks.sweep")
    }
    | {
        name: {"task": name, "schedule": seconds, "options": {"queue": "aggregate", "expires": seconds}}
        for name, seconds in (
            ("recommender.tasks.start_due_runs", RULE_SECONDS),
            ("recommender.tasks.queue_list_exports", LISTS_SECONDS),
            ("recommender.tasks.queue_digests", DIGEST_SECONDS),
            ("recommender.tasks.queue_risk_refreshes", RISK_SECONDS),
            ("recommender.tasks.count_online", ONLINE_SECONDS),
            ("analytics.tasks.start_due_cleanups", CLEANUP_SECONDS),
        )
    },
    timezone="UTC",
)
app.autodiscover_tasks(["analytics", "recommender"])
