"""One measured number and what makes it worth something: where, when, from which commit, and what beside it."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results"


@dataclass(frozen=True)
class Measurement:
    """`peer` names what was measured beside it in the same run, if anything was.

    `protocol` is the hash of the data, the split and the measures behind a figure of quality: those of unlike hashes
    answer different questions.
    """

    subject: str
    case: str
    measure: str
    value: float
    unit: str
    peer: str | None = None
    peer_value: float | None = None
    protocol: str | None = None

    @property
    def ratio(self) -> float | None:
        """This one's value over the peer's."""
        return self.value / self.peer_value if self.peer_value else None


def json_line(measurement: Measurement) -> str:
    """The promised format: every key always there, peer fields null where there is none; `protocol` may be missing."""
    fields = {
        "subject": measurement.subject,
        "case": measurement.case,
        "measure": measurement.measure,
        "value": measurement.value,
        "unit": measurement.unit,
        "peer": measurement.peer,
        "peer_value": measurement.peer_value,
        "ratio": measurement.ratio,
        "machine": _machine(),
        "commit": _commit(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return json.dumps(fields if measurement.protocol is None else fields | {"protocol": measurement.protocol})


def keep(subject: str, lines: Sequence[str]) -> Path:
    """A new file per run: results are only ever added to."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{subject}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.json"
    with path.open("x", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


def print_table(measurements: Sequence[Measurement]) -> None:
    table = Table("case", "measure", "value", "unit", "peer", "peer value", "ratio")
    for one in measurements:
        peer_value = "" if one.peer_value is None else f"{one.peer_value:.4g}"
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        table.add_row(one.case, one.measure, f"{one.value:.4g}", one.unit, one.peer or "", peer_value, ratio)
    # Wide enough for a whole case, also where the output goes into a file and has no width of its own.
    Console(width=max(Console().width, 140)).print(table)


def _machine() -> str:
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{_processor()}, {os.cpu_count()} cores, {memory_gib:.0f} GiB, Python {platform.python_version()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"
