"""How much memory a run took at its peak: of the process that trains, framework and all."""

from __future__ import annotations

import contextlib
import re
import resource
import sys
from pathlib import Path

_SELF = Path("/proc/self")


def forget_peak() -> None:
    """Begin to measure anew, where the system can; a worker that trains for the second time is not blamed twice."""
    with contextlib.suppress(OSError):  # not Linux, or not allowed: then it is the peak of the process's whole life
        # "5" resets the peak of the resident set: proc_pid_clear_refs(5).
        (_SELF / "clear_refs").write_text("5", encoding="ascii")


def peak_bytes() -> int:
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", (_SELF / "status").read_text(encoding="ascii"))
    except OSError:
        found = None
    if found:
        return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
