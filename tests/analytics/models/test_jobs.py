"""Job rows: one worker takes a job, what was lost is found again, and cancelling ends it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from analytics.errors import NeuralinkError
from analytics.jobs import Lease, continuing, sweep, wake, working_on
from analytics.models import Import, JobState, Organisation

PATIENCE = timedelta(seconds=9)
SECOND = timedelta(seconds=1)


@pytest.fixture
def organisation(db):
    return Organisation.objects.create(slug="jobs", name="Jobs")


@pytest.fixture
def make_job(organisation):
    def make(**fields):
        return Import.objects.create(organisation=organisation, format="csv", source_name="x.csv", **fields)

    return make


def ago(duration):
    return timezone.now() - duration


def test_a_claim_takes_a_queued_job(make_job):
    job = Import.objects.claim(make_job().pk)
    assert (job.state, job.attempt) == (JobState.RUNNING, 1)
    assert job.lease_expires_at > timezone.now()
    assert Import.objects.claim(job.pk) is None


@pytest.mark.parametrize("state", [JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED])
def test_a_finished_job_is_not_claimed(make_job, state):
    assert Import.objects.claim(make_job(state=state).pk) is None


def test_a_lost_lease_is_claimed_with_a_new_token(make_job):
    first = Import.objects.claim(make_job().pk)
    Import.objects.update(lease_expires_at=ago(SECOND))
    second = Import.objects.claim(first.pk)
    assert second.lease_token != first.lease_token
    assert (second.attempt, second.started_at) == (2, first.started_at)


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_wins():
    organisation = Organisation.objects.create(slug="jobs", name="Jobs")
    job = Import.objects.create(organisation=organisation, format="csv", source_name="x.csv")
    n_workers = 8
    together = Barrier(n_workers)

    def claim(_):
        try:
            connection.ensure_connection()
            together.wait(timeout=30)
            return Import.objects.claim(job.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(n_workers) as workers:
        claims = list(workers.map(claim, range(n_workers)))
    assert sum(claimed is not None for claimed in claims) == 1
    job.refresh_from_db()
    assert job.attempt == 1


@pytest.mark.parametrize(
    ("fields", "is_woken"),
    [
        ({"state": "queued"}, True),
        ({"state": "queued", "woken_at": SECOND}, False),
        ({"state": "queued", "woken_at": PATIENCE + SECOND}, True),
        ({"state": "running", "lease_expires_at": -PATIENCE}, False),
        ({"state": "running", "lease_expires_at": SECOND}, True),
        ({"state": "running", "lease_expires_at": 5 * SECOND, "woken_at": 3 * SECOND}, False),
        ({"state": "running", "lease_expires_at": 5 * SECOND, "woken_at": 9 * SECOND}, True),
        ({"state": "running", "lease_expires_at": 2 * PATIENCE, "woken_at": PATIENCE + SECOND}, True),
        ({"state": "succeeded", "lease_expires_at": PATIENCE}, False),
        ({"state": "failed"}, False),
        ({"state": "cancelled"}, False),
    ],
)
def test_what_the_sweeper_sends_again(make_job, settings, fields, is_woken):
    """Durations say how long ago, as seen from now."""
    settings.NEURALINK_LEASE_SECONDS = PATIENCE.total_seconds()
    instants = {name: ago(value) for name, value in fields.items() if isinstance(value, timedelta)}
    job = make_job(**fields | instants)
    assert Import.objects.to_wake().filter(pk=job.pk).exists() == is_woken


def test_sweeping_sends_once_and_then_waits(make_job, woken):
    job = make_job()
    assert sweep(Import) == 1
    assert sweep(Import) == 0
    assert [(message.task_name, message.args, message.queue) for message in woken] == [
        ("analytics.tasks.run_import", (job.pk,), "import")
    ]


def test_waking_waits_for_the_commit(make_job, woken, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        wake(make_job())
        assert woken == []
    assert len(woken) == 1


def test_a_broker_that_is_away_loses_nothing(make_job, monkeypatch, django_capture_on_commit_callbacks):
    def refuse(*args, **kwargs):
        raise OSError("no broker")

    monkeypatch.setattr("celery.Celery.send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        wake(make_job())
    Import.objects.update(woken_at=ago(2 * PATIENCE))
    assert Import.objects.to_wake().count() == 1


def test_cancelling_a_queued_job_ends_it(make_job):
    job = make_job()
    assert job.request_cancel() is True
    assert (job.state, job.is_finished) == (JobState.CANCELLED, True)
    assert Import.objects.claim(job.pk) is None
    assert job.request_cancel() is False


def test_cancelling_a_running_job_asks_its_worker(make_job):
    job = Import.objects.claim(make_job().pk)
    assert job.request_cancel() is True
    assert (job.state, job.cancel_requested_at is None) == (JobState.RUNNING, False)


def test_a_cancelled_job_whose_worker_died_ends(make_job):
    job = Import.objects.claim(make_job().pk)
    job.request_cancel()
    Import.objects.update(lease_expires_at=ago(SECOND))
    sweep(Import)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert job.finished_at is not None


def test_a_job_that_kills_its_workers_fails_at_last(make_job):
    job = make_job(attempt=Import.max_attempts)
    with working_on(Import, job.pk) as lease:
        assert lease is None
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "start it again" in job.error


def test_an_error_becomes_the_rows_sentence(make_job):
    job = make_job()
    with working_on(Import, job.pk):
        raise ValueError("The file is a teapot.")
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, "The file is a teapot.")


def test_who_lost_the_lease_does_not_touch_the_row(make_job):
    job = make_job()
    with working_on(Import, job.pk) as lease:
        Import.objects.update(lease_expires_at=ago(SECOND))
        successor = Import.objects.claim(job.pk)
        lease.report(0.5, "half")
    job.refresh_from_db()
    assert (job.state, job.lease_token) == (JobState.RUNNING, successor.lease_token)
    assert job.progress_share == 0


def test_a_finished_job_shows_all_of_its_progress(make_job):
    job = make_job()
    with working_on(Import, job.pk) as lease:
        assert isinstance(lease, Lease)
        lease.report(3.0, "more than all")
    job.refresh_from_db()
    assert (job.state, job.progress_share) == (JobState.SUCCEEDED, 1.0)
    assert job.duration_seconds >= 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("state", "ends"),
    [(None, "running"), ("08006", "running"), ("57P01", "running"), ("40P01", "running"), ("53100", "failed")],
)
def test_a_database_that_goes_away_ends_no_job(make_job, state, ends):
    """Also if something connected anew since: the error says what it was."""
    job = make_job()
    error = OperationalError("the server said")
    error.__cause__ = type("Said", (Exception,), {"pgcode": state})()
    with working_on(Import, job.pk):
        raise error
    job.refresh_from_db()
    assert job.state == ends


def test_another_process_works_under_the_same_lease(make_job):
    job = make_job()
    with working_on(Import, job.pk) as lease, continuing(Import, job.pk, lease.job.lease_token) as inner:
        assert inner.job == lease.job
        raise NeuralinkError("No good.")
    job.refresh_from_db()
    assert (job.state, job.error, job.attempt) == ("failed", "No good.", 1)
    with continuing(Import, job.pk, job.lease_token) as late:
        assert late is None


def test_what_is_given_back_is_claimed_at_once(make_job):
    job = make_job()
    with working_on(Import, job.pk) as lease:
        lease.give_back()
        assert Import.objects.claim(job.pk).attempt == 2
        lease.check()
    job.refresh_from_db()
    assert job.state == "running"
