"""Running several programs as one: started together, started again when they die, stopped together.

Every program gets a session of its own, so that Ctrl-C in the terminal reaches only this process, which then
stops them in order, with whatever they started themselves. Should this process be killed, the kernel tells
them (Linux), and the next start ends what is left, from the record in `processes.json`.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from neuralink_site import process_table

STOP_SECONDS = 5.0
PAUSES_SECONDS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)  # before the first, second, ... new start of a program
HEALTHY_SECONDS = 20.0  # a program that lived so long starts counting its deaths anew
LOG_BYTES = 10_000_000  # a log larger than this is put aside at a start
PR_SET_PDEATHSIG = 1
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Program:
    name: str
    command: tuple[str, ...]


@dataclass
class Running:
    program: Program
    process: subprocess.Popen[bytes]
    since: float
    deaths: int = 0
    restart_at: float | None = None


class Supervisor:
    """A context: leaving it stops everything."""

    def __init__(self, home: Path, folder: Path, say: Callable[[str], None]) -> None:
        """`folder` is where the programs run; their logs and the record of them go into `home`."""
        self._record = home / "processes.json"
        self._logs = home / "logs"
        self._folder = folder
        self._say = say
        self._running: dict[str, Running] = {}

    def __enter__(self) -> Self:
        self._signals = Signals()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Until it is done, a second Ctrl-C is only noted: it would leave programs behind.
        self.stop()
        self._signals.close()

    def start(self, programs: Iterable[Program]) -> None:
        self._logs.mkdir(parents=True, exist_ok=True)
        for program in programs:
            self._running[program.name] = Running(program, self._spawn(program), time.monotonic())
            self._write_record()

    def watch(self, done: Callable[[], bool], every_seconds: float) -> None:
        """Keep the programs running until `done`, which is asked at least that often, says so.

        Raises:
            KeyboardInterrupt: by Ctrl-C, SIGTERM or SIGHUP.
        """
        while not done():
            self._signals.wait(every_seconds)
            self._mend()

    def deaths(self, name: str) -> int:
        return self._running[name].deaths

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def last_line(self, name: str) -> str:
        lines = self.log(name).read_bytes()[-4000:].decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "none")

    def stop(self) -> None:
        """Ask every program to stop, all at once, and end those that do not within STOP_SECONDS."""
        for running in self._running.values():
            _signal_group(running.process.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for running in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.process.wait(max(0.0, deadline - time.monotonic()))
        for running in self._running.values():
            # To the group in any case: what a program started may outlive it.
            _signal_group(running.process.pid, signal.SIGKILL)
            running.process.wait()
        self._running.clear()
        self._record.unlink(missing_ok=True)

    def _mend(self) -> None:
        now = time.monotonic()
        for running in self._running.values():
            if running.process.poll() is None:
                continue
            program = running.program
            if running.restart_at is None:
                running.deaths = 1 if now - running.since > HEALTHY_SECONDS else running.deaths + 1
                pause = PAUSES_SECONDS[min(running.deaths, len(PAUSES_SECONDS)) - 1]
                running.restart_at = now + pause
                self._say(
                    f"{program.name} ended ({_reason(running.process.returncode)}) and starts again"
                    f"{f' in {pause:g} s' if pause else ''}; its log is {self.log(program.name)}"
                )
            if now >= running.restart_at:
                _signal_group(running.process.pid, signal.SIGKILL)
                running.process, running.since, running.restart_at = self._spawn(program), now, None
                self._write_record()

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        log = self.log(program.name)
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".old.log"))
        with log.open("ab") as stream:
            return subprocess.Popen(
                program.command,
                cwd=self._folder,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Safe here because this process has a single thread.
                preexec_fn=_child_setup(),
            )

    def _write_record(self) -> None:
        pids = [running.process.pid for running in self._running.values()]
        unfinished = self._record.with_suffix(".unfinished")
        unfinished.write_text(json.dumps({pid: process_table.started_at(pid) for pid in pids}))
        unfinished.replace(self._record)


class Signals:
    """Waits until a child ends, somebody asks to stop, or a time has passed.

    A request to stop is raised as KeyboardInterrupt by `wait` alone. Raised wherever it happens to arrive, it could
    cut the start of a program in half, or be lost in a finaliser, whose errors Python ignores.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._is_asked_to_stop = False
        self._handlers = {number: signal.signal(number, self._note) for number in (signal.SIGCHLD, *STOP_SIGNALS)}
        self._wakeup_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)

    def wait(self, seconds: float) -> None:
        if select.select([self._reader], [], [], seconds)[0]:
            self._reader.recv(4096)
        if self._is_asked_to_stop:
            raise KeyboardInterrupt

    def close(self) -> None:
        signal.set_wakeup_fd(self._wakeup_fd)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._reader.close()
        self._writer.close()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._is_asked_to_stop = self._is_asked_to_stop or number in STOP_SIGNALS


def end_leftovers(home: Path) -> int:
    """End the programs that a killed supervisor of this home left behind; return how many."""
    record = home / "processes.json"
    try:
        started: Mapping[str, float | None] = json.loads(record.read_text())
    except (FileNotFoundError, ValueError):
        return 0
    left = [int(pid) for pid, at in started.items() if at and process_table.started_at(int(pid)) == at]
    left = [pid for pid in left if process_table.is_alive(pid)]
    for pid in left:
        _signal_group(pid, signal.SIGTERM)
    process_table.wait_for_end(left, STOP_SECONDS / 2)
    for pid in left:
        _signal_group(pid, signal.SIGKILL)
    process_table.wait_for_end(left, STOP_SECONDS)
    record.unlink(missing_ok=True)
    return len(left)


def _child_setup() -> Callable[[], None]:
    parent = os.getpid()
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def setup() -> None:
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
            if os.getppid() != parent:  # it died before we asked to be told
                os._exit(1)

    return setup


def _signal_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _reason(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
