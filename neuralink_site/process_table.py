"""What the operating system says about a process; a dead child nobody has waited for yet counts as dead."""

import os
import select
import subprocess
import time
from collections.abc import Collection
from pathlib import Path

PROC = Path("/proc/self/stat")


def is_alive(pid: int) -> bool:
    return command(pid) is not None


def command(pid: int) -> str | None:
    """Return the command line with spaces between its words, or None when no living process has this id."""
    if PROC.exists():
        try:
            if _proc_fields(pid)[0] in "ZX":
                return None
            return (
                Path(f"/proc/{pid}/cmdline")
                .read_bytes()
                .replace(b"\0", b" ")
                .decode(errors="replace")
                .strip()
            )
        except OSError:
            return None
    state, _, words = _ps(pid, "stat=,command=").partition(" ")
    return None if not state or state.startswith("Z") else words.strip()


def started(pid: int) -> str | None:
    """Return when the process started, as a text to compare: an id alone is used again by others."""
    if PROC.exists():
        try:
            # Field 22 of proc(5), in clock ticks since boot; the boot id tells two boots apart.
            return f"{_proc_fields(pid)[19]}@{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}"
        except OSError:
            return None
    return _ps(pid, "lstart=") or None


def works_in(pid: int, folder: Path) -> bool:
    """Tell whether this is the folder the process runs in; True where the system does not say."""
    if not PROC.exists():
        return True
    try:
        return os.path.samefile(f"/proc/{pid}/cwd", folder)
    except OSError:
        return False


def working_in(folder: Path) -> list[int]:
    """Return the processes that run in this folder; none where the system does not say."""
    return [int(entry.name) for entry in PROC.parents[1].glob("[0-9]*") if works_in(int(entry.name), folder)]


def wait_for_end(pids: Collection[int], seconds: float) -> list[int]:
    """Wait until these processes, ours or not, have ended; return those that have not in time."""
    deadline = time.monotonic() + seconds
    for pid in pids:
        _wait_for_one(pid, deadline)
    return [pid for pid in pids if is_alive(pid)]


def _wait_for_one(pid: int, deadline: float) -> None:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except (AttributeError, OSError):  # not Linux: there is nothing to wait on but the clock
        while is_alive(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        return
    with os.fdopen(handle):
        waiting = select.poll()
        waiting.register(handle, select.POLLIN)
        waiting.poll(max(0.0, deadline - time.monotonic()) * 1000)


def _proc_fields(pid: int) -> list[str]:
    # The second field is the name in parentheses, which may itself hold spaces and parentheses.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _ps(pid: int, columns: str) -> str:
    done = subprocess.run(["ps", "-o", columns, "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()
