"""Trainings in a process of their own, so that nothing they do holds up whoever looks after them.

The worker keeps the lease alive and watches; the process it starts does the work under that lease. A product of large
matrices listens to nobody for minutes and may hold Python's lock meanwhile: a process can be ended all the same. What
it took of memory goes back to the machine when it ends, and the worker never loads a training framework.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time

import psutil
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from analytics.public import Lease, LeaseLost, NeuralinkError

POLL_SECONDS = 0.2
GRACE_SECONDS = 2.0
"""So long what was asked to stop may take to do so by itself."""
NICENESS = 5
"""On top of the worker's own: pages, imports and day tables come first."""
PR_SET_PDEATHSIG = 1
GIVEN_UP = 75
"""Exit status of a process whose row says nothing about the end: it shall be worked on again (EX_TEMPFAIL)."""

COMMAND = (sys.executable, "manage.py", "work_under_lease")


def work_apart(lease: Lease) -> None:
    """Do the job of the lease in another process, and see to it that it ends when asked to.

    Raises:
        NeuralinkError: it took more memory than it may.
        JobCancelled: somebody asked for the end.
        LeaseLost: another worker has the job, or gets it, because the process died.
    """
    job = lease.job
    command = (*COMMAND, str(job._meta.model_name), str(job.pk), str(job.lease_token))
    with subprocess.Popen(command, cwd=settings.BASE_DIR, env=_environment()) as process:
        try:
            _watch(lease, process)
        finally:
            process.kill()
    if process.returncode != 0:  # else the row says how it ended
        lease.check()
        lease.give_back()
        raise LeaseLost(f"The process that worked on {job} ended with status {process.returncode}.")


def tie_to(parent_id: int) -> None:
    """End this process when its parent does, and let everything else go before it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_id:  # it died before it could be tied to
        sys.exit(GIVEN_UP)
    os.nice(NICENESS)


def _watch(lease: Lease, process: subprocess.Popen[bytes]) -> None:
    asked_at: float | None = None
    most = settings.NEURALINK_TRAIN_BYTES
    while process.poll() is None:
        time.sleep(POLL_SECONDS)
        if most and (taken := _memory_bytes(process.pid)) > most:
            raise NeuralinkError(
                _(
                    "Stopped, because it took %(taken)s of memory and %(most)s are allowed: choose a smaller model or "
                    "fewer activities, or raise NEURALINK_TRAIN_BYTES."
                )
                % {"taken": filesizeformat(taken), "most": filesizeformat(most)}
            )
        if lease.should_stop:
            asked_at = asked_at or time.monotonic()
            if time.monotonic() - asked_at > GRACE_SECONDS:
                return


def _memory_bytes(process_id: int) -> int:
    try:
        return int(psutil.Process(process_id).memory_info().rss)
    except psutil.Error:
        return 0


def _environment() -> dict[str, str]:
    """Of the process: it knows whom to end with, and how many threads its matrices may use."""
    environment = os.environ | {"NEURALINK_PARENT": str(os.getpid())}
    n_threads = settings.NEURALINK_TRAIN_THREADS
    if not n_threads:
        return environment
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    return environment | dict.fromkeys(names, str(n_threads))
