"""`manage.py up` from outside: sentences instead of tracebacks, and nothing left when it ends."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from neuralink_site import embedded_postgres, first_start, process_table

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 120
PROGRAMS = ["web", "worker-import", "worker-train", "worker-aggregate", "scheduler"]


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        yield home
        server = embedded_postgres.status(home)
        embedded_postgres.stop(home)
        if server is not None and not server.folder.is_relative_to(home):
            shutil.rmtree(server.folder)


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def up(home: Path, port: int, **variables: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NEURALINK_")}
    return subprocess.Popen(
        [sys.executable, "manage.py", "up", "--no-academy"],
        cwd=ROOT,
        env=environment | {"NEURALINK_HOME": str(home), "PORT": str(port)} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_until(process: subprocess.Popen[str], pattern: str) -> str:
    """Read what it says up to the line that fits; a watchdog ends it if that does not come."""
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if re.search(pattern, line):
            return said
    pytest.fail(f"it ended without saying {pattern!r}:\n{said}")


def children(home: Path) -> list[int]:
    return [int(pid) for pid in json.loads((home / "processes.json").read_text())]


def status_of(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
        return int(answer.status)


def test_a_busy_port_ends_it_with_a_sentence(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        process = up(home, held.getsockname()[1])
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"is in use by process {os.getpid()}" in said
    assert "Traceback" not in said
    assert embedded_postgres.status(home) is None


def test_a_damaged_data_folder_ends_it_with_a_sentence(home: Path, port: int) -> None:
    (home / "postgres" / "data").mkdir(parents=True)
    (home / "postgres.json").write_text(json.dumps({"folder": "postgres", "port": 5, "password": "x"}))
    process = up(home, port)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "is damaged" in said
    assert "Traceback" not in said


def test_a_wrong_variable_ends_it_with_a_sentence(home: Path) -> None:
    process = up(home, 0)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.startswith("The environment variable PORT must be an integer at least 1 and at most 65535")


def test_logins_are_told_as_they_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_start, "LOGINS", tmp_path / "logins.json")
    assert first_start.logins() == []
    kept = {"administrator": {"login": "admin", "password": "a"}, "model_owner": {"login": "owner", "password": "b"}}
    (tmp_path / "logins.json").write_text(json.dumps(kept))
    assert first_start.logins() == [("administrator", "admin", "a"), ("model owner", "owner", "b")]


@pytest.mark.slow
def test_it_starts_mends_and_stops_everything(home: Path, port: int) -> None:
    process = up(home, port)
    with watched(process):
        read_until(process, r"ready: http://127\.0\.0\.1:")
        assert status_of(f"http://127.0.0.1:{port}/healthz") == 200
        pids = children(home)
        assert len(pids) == len(PROGRAMS)
        os.kill(pids[0], signal.SIGKILL)
        read_until(process, r"web ended \(killed by SIGKILL\) and starts again")
        pids += children(home)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        read_until(process, r"Stopped\.")
        assert time.monotonic() - begin < 15
        assert process.wait(10) == 0
    assert process_table.wait_for_end(pids, 1) == []
    server = embedded_postgres.status(home)
    assert server is not None
    assert not server.is_running


@pytest.mark.slow
def test_after_a_kill_the_next_start_is_quick_and_cleans_up(home: Path, port: int) -> None:
    first = up(home, port)
    with watched(first):
        read_until(first, "is ready")
        left = children(home)
        first.kill()
        first.wait()
    server = embedded_postgres.status(home)
    assert server is not None
    assert server.is_running
    begin = time.monotonic()
    second = up(home, port)
    with watched(second):
        read_until(second, "Web server: answers")
        assert time.monotonic() - begin < 15
        assert process_table.wait_for_end(left, 1) == []
        read_until(second, "is ready")
        second.terminate()
        read_until(second, r"Stopped\.")
        second.wait(10)
    stopped = embedded_postgres.status(home)
    assert stopped is not None
    assert not stopped.is_running


@contextlib.contextmanager
def watched(process: subprocess.Popen[str]) -> Iterator[None]:
    """End the process when the block does, and at the latest after READY_SECONDS."""
    watchdog = subprocess.Popen(["sh", "-c", f"sleep {READY_SECONDS}; kill {process.pid}"], start_new_session=True)
    try:
        yield
    finally:
        os.killpg(watchdog.pid, signal.SIGKILL)
        watchdog.wait()
        process.terminate()
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()
