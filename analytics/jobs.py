"""Working on job rows: wake a worker, hold a lease while working, find what was lost."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from celery import current_app
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError as BrokerError

from analytics.errors import JobCancelled, LeaseLost, NeuralinkError
from analytics.models import Job, JobState

logger = logging.getLogger(__name__)


def wake(job: Job) -> None:
    """Send the message that makes a worker look at the job, once the surrounding transaction is committed."""
    transaction.on_commit(lambda: _send(type(job), job.pk))


def worker_seen_at() -> datetime | None:
    """When a worker last swept; None if none ever did."""
    try:
        return datetime.fromtimestamp(_pulse().stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def _pulse() -> Path:
    """Touched by every sweep: a worker that sweeps has had a message from beat, so broker and beat live too."""
    return Path(settings.HOME, "worker_pulse")


def sweep(model: type[Job]) -> int:
    """Send again for the jobs of one table whose message or worker was lost; how many that were.

    Only workers call it: it is also their sign of life.
    """
    _pulse().touch()
    model._default_manager.end_abandoned()
    lost = list(model._default_manager.to_wake().values_list("pk", flat=True))
    for pk in lost:
        _send(model, pk)
    return len(lost)


def _send(model: type[Job], pk: int) -> None:
    model._default_manager.filter(pk=pk).update(woken_at=timezone.now())
    try:
        current_app.send_task(model.task_name, args=[pk], queue=model.queue)
    except (BrokerError, OSError) as error:
        # The row is the truth: the sweeper sends again when the broker is back.
        logger.warning("No worker could be woken for %s %s: %s", model.__name__, pk, error)


def commit_without_waiting() -> None:
    """Let this transaction's commit not wait for the disk, which took half of an import's time.

    A machine that loses power may lose the last such steps, each whole: what was written and where the job stands go
    together, so the job goes on before them. Its end is written by a commit that waits, and with it is all before.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off")


LOOK_SECONDS = 1.0
"""Between two looks whether somebody asked for the end."""


class Lease:
    """The right to work on one job row, kept alive by a thread until the block ends.

    Inside the block, call `report` at every committed step: it raises LeaseLost when another worker took the
    job over (this process was thought dead) and JobCancelled when somebody asked for that. `confirm` does the same
    inside a transaction and locks the row, so that a step of a worker that lost its lease cannot commit.
    """

    def __init__(self, job: Job, *, extends: bool = True) -> None:
        """`extends` is False in a process that works under the lease of another one, which keeps it alive."""
        self.job = job
        self._extends = extends
        self._rows = type(job)._default_manager.filter(pk=job.pk, lease_token=job.lease_token, state=JobState.RUNNING)
        self._stop = threading.Event()
        self._cancelled = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease-{job.pk}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=settings.NEURALINK_LEASE_SECONDS)

    def _beat(self) -> None:
        """Extend the lease three times in its length. A thread, because one SQL or BLAS call may outlast it."""
        pause_seconds = settings.NEURALINK_LEASE_SECONDS / 3
        extended = time.monotonic()
        while not self._stop.wait(min(LOOK_SECONDS, pause_seconds)):
            try:
                if self._extends and time.monotonic() - extended >= pause_seconds:
                    self._extend()
                    extended = time.monotonic()
                else:
                    self._look()
            except Exception:  # the database may be restarting; the next beat tries again
                logger.warning("The lease of %s could not be extended", self.job, exc_info=True)
                connection.close()
        connection.close()

    def _extend(self) -> None:
        now = timezone.now()
        self._rows.update(heartbeat_at=now, lease_expires_at=now + timedelta(seconds=settings.NEURALINK_LEASE_SECONDS))
        self._look()

    def _look(self) -> None:
        row = self._rows.values("cancel_requested_at").first()
        if row is None:
            self._lost.set()
        elif row["cancel_requested_at"] is not None:
            self._cancelled.set()

    @property
    def should_stop(self) -> bool:
        """True once the job was cancelled or taken over; costs no query."""
        return self._lost.is_set() or self._cancelled.is_set()

    def check(self) -> None:
        if self._lost.is_set():
            raise LeaseLost(f"{self.job} is worked on by another process now.")
        if self._cancelled.is_set():
            raise JobCancelled(f"{self.job} was cancelled.")

    def report(self, share: float, text: str = "", **fields: Any) -> None:
        """Write progress (share 0..1) and other fields of the row, and check."""
        self.check()
        with transaction.atomic():
            commit_without_waiting()
            n_rows = self._rows.update(progress_share=min(max(share, 0.0), 1.0), progress_text=text, **fields)
        if not n_rows:
            self._lost.set()
            self.check()

    def confirm(self, **fields: Any) -> None:
        """Inside a transaction: lock the row as ours and write fields; the step commits only with the lease held."""
        self.check()
        row = self._rows.select_for_update().values("cancel_requested_at").first()
        if row is None:
            self._lost.set()
        elif row["cancel_requested_at"] is not None:
            self._cancelled.set()
        self.check()
        if fields:
            self._rows.update(**fields)

    def give_back(self) -> None:
        """Let the sweeper give the job to the next worker at once; whatever is done under this lease is over."""
        self._lost.set()
        self._rows.update(lease_expires_at=timezone.now())

    def finish(self, state: JobState, error: str = "", **fields: Any) -> None:
        if state == JobState.SUCCEEDED:
            fields |= {"progress_share": 1.0}
        self._rows.update(state=state, error=error, finished_at=timezone.now(), lease_expires_at=None, **fields)


@contextlib.contextmanager
def working_on(model: type[Job], pk: int) -> Iterator[Lease | None]:
    """Claim the job and hold its lease; None if there is nothing to do.

    The row ends `succeeded` when the block does, `cancelled` or `failed` (with the error's sentence) when it
    raises. A lost lease leaves the row alone: it is another worker's. Errors are not raised on: the row tells them.
    """
    job = model._default_manager.claim(pk)
    if job is None:
        yield None
        return
    if job.attempt > model.max_attempts:
        with _in_language_of(job):
            died = _("The worker died %(n)s times over it; see the worker's log, then start it again.")
            Lease(job).finish(JobState.FAILED, error=died % {"n": model.max_attempts})
        yield None
        return
    with _in_language_of(job), Lease(job) as lease, _told_by_its_row(lease):
        yield lease


@contextlib.contextmanager
def continuing(model: type[Job], pk: int, token: str) -> Iterator[Lease | None]:
    """Work on a job under the lease that the process which started this one keeps alive; else as `working_on`.

    None where the lease is another's by now.
    """
    job = model._default_manager.filter(pk=pk, lease_token=token, state=JobState.RUNNING).first()
    if job is None:
        yield None
        return
    with _in_language_of(job), Lease(job, extends=False) as lease, _told_by_its_row(lease):
        yield lease


def _in_language_of(job: Job) -> translation.override:
    """What a job writes down (verdicts, remarks, errors) many people read, so it is in their organisation's."""
    said = type(job)._default_manager.filter(pk=job.pk).values_list("organisation__language", flat=True)
    return translation.override(said.first() or settings.LANGUAGE_CODE)


@contextlib.contextmanager
def _told_by_its_row(lease: Lease) -> Iterator[None]:
    """How the block ended becomes the job's state."""
    job = lease.job
    try:
        yield
    except LeaseLost:
        logger.warning("Stopped working on %s: another process has its lease.", job)
    except JobCancelled:
        lease.finish(JobState.CANCELLED)
    except (OperationalError, InterfaceError) as error:
        if not _is_passing(error):
            lease.finish(JobState.FAILED, error=str(error))
            return
        # The database went away, not the work: the row still says running, and once its lease has run out
        # the sweeper gives it to a worker again.
        logger.warning("%s waits for the database: %s", job, error)
        connection.close()
    except NeuralinkError as error:  # a sentence for whoever reads the row; no fault of the program
        lease.finish(JobState.FAILED, error=str(error))
    except Exception as error:  # the boundary of a job: whatever failed is told by its row
        logger.exception("%s failed", job)
        lease.finish(JobState.FAILED, error=str(error) or type(error).__name__)
    else:
        lease.finish(JobState.SUCCEEDED)


PASSING_STATES = ("08", "40", "57P")
"""Beginnings of SQL states: connection lost, rolled back for another transaction's sake, server going or coming."""


def _is_passing(error: OperationalError | InterfaceError) -> bool:
    """The next attempt may succeed. Said by the error: by now something may have connected to the server again."""
    state = getattr(error.__cause__, "pgcode", None)
    return state is None or state.startswith(PASSING_STATES)
