"""What the operating system says about a process; one that ended and waits for its parent counts as ended."""

import contextlib
import os
import select
import time
from collections.abc import Collection
from pathlib import Path

import psutil


def command(pid: int) -> str | None:
    """Return the command line with spaces between its words, or None when no living process has this id."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else " ".join(process.cmdline())
    except psutil.AccessDenied:
        return ""
    except psutil.Error:
        return None


def is_alive(pid: int) -> bool:
    return command(pid) is not None


def started_at(pid: int) -> float | None:
    """Return when the process started, in seconds since 1970: an id alone is used again by others."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def works_in(pid: int, folder: Path) -> bool:
    """Tell whether this is the folder the process runs in; False for a process of another account."""
    with contextlib.suppress(psutil.Error, OSError):
        return os.path.samefile(psutil.Process(pid).cwd(), folder)
    return False


def working_in(folder: Path) -> list[int]:
    return [pid for pid in psutil.pids() if works_in(pid, folder)]


def listener(port: int) -> int | None:
    """Return the process that listens on this TCP port; None where the system does not tell."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                return int(connection.pid) if connection.pid else None
    return None


def wait_for_end(pids: Collection[int], seconds: float) -> list[int]:
    """Wait until these processes, ours or not, have ended; return those that have not in time."""
    deadline = time.monotonic() + seconds
    for pid in pids:
        _wait_for_one(pid, deadline)
    return [pid for pid in pids if is_alive(pid)]


def _wait_for_one(pid: int, deadline: float) -> None:
    # psutil waits until a process has left the table, which in a container whose pid 1 reaps late may be never.
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except (AttributeError, OSError):  # not Linux: there is nothing to wait on but the clock
        while is_alive(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        return
    try:
        waiting = select.poll()
        waiting.register(handle, select.POLLIN)
        waiting.poll(max(0.0, deadline - time.monotonic()) * 1000)
    finally:
        os.close(handle)
