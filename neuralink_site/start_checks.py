"""What must be so before anything starts; each check raises a sentence that says what to do."""

import contextlib
import errno
import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

from neuralink_site import process_table

FIRST_START_BYTES = 1_000_000_000
LATER_START_BYTES = 200_000_000


class StartError(RuntimeError):
    """Nothing was started; the message is a sentence that says what to do."""


@contextlib.contextmanager
def only_start(home: Path) -> Iterator[None]:
    """Hold the data folder: two starts would fight over its jobs and logs."""
    with (home / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise StartError(
                f"Neuralink already runs from the data folder {home} (process {holder}): stop it with Ctrl-C or "
                f"`kill {holder}`, or set NEURALINK_HOME and PORT to run a second one beside it."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def check_disk(home: Path, is_first: bool) -> str:
    needed = FIRST_START_BYTES if is_first else LATER_START_BYTES
    free = shutil.disk_usage(home).free
    if free < needed:
        raise StartError(
            f"The disk of {home} has {free / 1e6:,.0f} MB free and {needed / 1e6:,.0f} MB are needed: free some "
            "space, or set NEURALINK_HOME to a folder on another disk."
        )
    return f"{free / 1e9:,.1f} GB free"


def check_port(address: str, port: int) -> str:
    try:
        with contextlib.closing(socket.create_server((address, port))):
            return f"port {port} is free"
    except PermissionError as error:
        raise StartError(f"Port {port} may not be used by this account: set PORT to 1024 or above.") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartError(_port_taken(address, port)) from error
        raise StartError(
            f"The address {address} cannot be served from ({error.strerror}): set NEURALINK_BIND to one of ours."
        ) from error


def _port_taken(address: str, port: int) -> str:
    holder = process_table.listener(port)
    if holder is None:
        who, stop = "another program", "stop that program"
    else:
        who, stop = f"process {holder} ({(process_table.command(holder) or '')[:80]})", f"stop it (`kill {holder}`)"
    return (
        f"Port {port} of {address} is in use by {who}: {stop}, or choose another port with `PORT={port + 1} make run`."
    )
