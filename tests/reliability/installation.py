"""A whole installation, run by the `up` command in a home of its own: started, looked into, hurt, stopped."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg2

from neuralink_site import embedded_postgres

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 180
PROGRAMS = ("web", "import", "train", "aggregate", "scheduler")


@dataclass(frozen=True)
class Target:
    """Something that can be killed: a program, one of its processes, or the database."""

    name: str
    find: Callable[[], list[psutil.Process]]


class Installation:
    """A context; `key` is the secret of an API key with every scope."""

    def __init__(self, home: Path, port: int | None = None) -> None:
        self.home = home
        self.port = port or _free_port()
        named = {name: value for name, value in os.environ.items() if not name.startswith("NEURALINK_")}
        self._environment = named | {"NEURALINK_HOME": str(home), "PORT": str(self.port)}
        self.key = ""

    def __enter__(self) -> Self:
        self._migrate()
        self.key = self._run("-m", "tests.reliability.prepare")
        self._said = (self.home / "up.log").open("w")
        self._up = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--no-academy"],
            cwd=ROOT,
            env=self._environment,
            stdout=self._said,
            stderr=subprocess.STDOUT,
        )
        self.wait_until(lambda: "is ready" in self.said(), READY_SECONDS, "it is not ready")
        return self

    def __exit__(self, *_error: object) -> None:
        self._up.send_signal(signal.SIGINT)
        try:
            self._up.wait(60)
        finally:
            self._up.kill()
            self._said.close()
            embedded_postgres.stop(self.home)

    def said(self) -> str:
        return (self.home / "up.log").read_text()

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the database directly.

        Raises:
            psycopg2.OperationalError: it is down.
        """
        server = embedded_postgres.status(self.home)
        if server is None:
            raise psycopg2.OperationalError("no server")
        opened = contextlib.closing(psycopg2.connect(server.url, connect_timeout=5))
        with opened as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    def wait_until(self, is_so: Callable[[], bool], seconds: float, otherwise: str) -> float:
        """Seconds until it was so.

        Raises:
            AssertionError: it was not, in that time.
        """
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            if is_so():
                return time.monotonic() - begin
            time.sleep(0.2)
        raise AssertionError(f"{otherwise} after {seconds:.0f} s. It said:\n{self.said()[-3000:]}")

    def program(self, name: str) -> psutil.Process | None:
        """The first process of one of PROGRAMS; None while it does not live."""
        sign = {"web": "gunicorn", "scheduler": "beat"}.get(name, f"--queues {name}")
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self._up.pid).children():
                with contextlib.suppress(psutil.Error):
                    if sign in " ".join(child.cmdline()) and child.status() != psutil.STATUS_ZOMBIE:
                        return child
        return None

    def targets(self) -> list[Target]:
        def first(name: str) -> Callable[[], list[psutil.Process]]:
            return lambda: [process for process in [self.program(name)] if process]

        programs = [Target(name, first(name)) for name in PROGRAMS]
        return [
            *programs,
            Target("a web process", lambda: _children(self.program("web"))),
            Target("what trains", lambda: _children(self.program("train"))),
            Target("postgres", self._postmaster),
            Target("a session of postgres", lambda: _children(*self._postmaster(), "neuralink")),
        ]

    def is_whole(self) -> bool:
        """Every program lives, and the API answers."""
        return all(self.program(name) for name in PROGRAMS)

    def _postmaster(self) -> list[psutil.Process]:
        server = embedded_postgres.status(self.home)
        with contextlib.suppress(OSError, ValueError, psutil.Error):
            if server is not None:
                return [psutil.Process(int((server.data / "postmaster.pid").read_text().split()[0]))]
        return []

    def _migrate(self) -> None:
        self._run("manage.py", "migrate", "-v", "0")

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout


def remove(home: Path) -> None:
    """The home, and the database's folder where that lies elsewhere."""
    server = embedded_postgres.status(home)
    if server is not None and not server.folder.is_relative_to(home):
        shutil.rmtree(server.folder, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def kill(process: psutil.Process) -> bool:
    """False where it had ended by itself."""
    try:
        process.kill()
    except psutil.Error:
        return False
    return True


def _children(parent: psutil.Process | None = None, sign: str = "") -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return [child for child in parent.children() if sign in " ".join(child.cmdline())] if parent else []
    return []


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
