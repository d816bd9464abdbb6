"""Programs run as one: started again when they die, stopped with all that they started."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from neuralink_site import process_table, processes
from neuralink_site.processes import Program, Supervisor, end_leftovers

FOREVER = ("sh", "-c", "exec sleep 600")


def pid_in(path: Path) -> Callable[[], bool]:
    return lambda: path.exists() and path.read_text().endswith("\n")


def test_a_program_that_dies_is_started_again_and_that_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    once = f"echo started >> {tmp_path}/starts; [ $(wc -l < {tmp_path}/starts) -gt 1 ] && exec sleep 600; exit 3"
    with Supervisor(tmp_path, tmp_path, said.append) as supervisor:
        supervisor.start([Program("web", ("sh", "-c", once))])
        supervisor.watch(lambda: len((tmp_path / "starts").read_text().split()) == 2 if said else False, 0.05)
        assert supervisor.deaths("web") == 1
    assert said == [f"web ended (exit status 3) and starts again; its log is {tmp_path}/logs/web.log"]


def test_a_program_that_keeps_dying_gets_pauses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PAUSES_SECONDS", (0.0, 0.2, 60.0))
    said: list[str] = []
    with Supervisor(tmp_path, tmp_path, said.append) as supervisor:
        supervisor.start([Program("web", ("sh", "-c", "kill -9 $$"))])
        supervisor.watch(lambda: supervisor.deaths("web") == 3, 0.05)
    assert "killed by SIGKILL" in said[0]
    assert "starts again in 0.2 s;" in said[1]
    assert "starts again in 60 s;" in said[2]


def test_leaving_stops_programs_and_what_they_started(tmp_path: Path) -> None:
    """Even one that does not listen: it is asked, and then ended."""
    deaf = f"trap '' TERM; sleep 600 & echo $! > {tmp_path}/grandchild; wait; sleep 600"
    with pytest.MonkeyPatch.context() as patch, Supervisor(tmp_path, tmp_path, lambda _: None) as supervisor:
        patch.setattr(processes, "STOP_SECONDS", 0.3)
        supervisor.start([Program("deaf", ("sh", "-c", deaf)), Program("good", FOREVER)])
        supervisor.watch(pid_in(tmp_path / "grandchild"), 0.05)
        pids = [running.process.pid for running in supervisor._running.values()]
        grandchild = int((tmp_path / "grandchild").read_text())
        begin = time.monotonic()
        supervisor.stop()
        assert time.monotonic() - begin < 2
    assert process_table.wait_for_end([*pids, grandchild], 2) == []
    assert not (tmp_path / "processes.json").exists()


def test_output_goes_to_a_log_that_is_put_aside_when_large(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "talk.log").write_bytes(b"x" * (processes.LOG_BYTES + 1))
    with Supervisor(tmp_path, tmp_path, lambda _: None) as supervisor:
        supervisor.start([Program("talk", ("sh", "-c", "echo out; echo err >&2; exec sleep 600"))])
        supervisor.watch(lambda: supervisor.log("talk").read_text() == "out\nerr\n", 0.05)
    assert (tmp_path / "logs" / "talk.old.log").stat().st_size > processes.LOG_BYTES


@pytest.mark.parametrize("number", processes.STOP_SIGNALS)
def test_a_request_to_stop_is_raised_between_two_looks(tmp_path: Path, number: int) -> None:
    seen = []

    def ask() -> bool:
        os.kill(os.getpid(), number)
        seen.append("still here")
        return False

    with Supervisor(tmp_path, tmp_path, lambda _: None) as supervisor, pytest.raises(KeyboardInterrupt):
        supervisor.watch(ask, 5)
    assert seen == ["still here"]


def killed_supervisor(home: Path, *, is_deaf: bool) -> list[int]:
    """Run a supervisor in another process, kill it with SIGKILL, return the programs that it had started."""
    script = textwrap.dedent(f"""
        import os, signal
        from pathlib import Path
        from neuralink_site.processes import Program, Supervisor
        home = Path({str(home)!r})
        with Supervisor(home, home, print) as supervisor:
            trap = "trap '' TERM; " if {is_deaf} else ""
            script = trap + "echo ready > " + str(home / "ready") + "; while :; do sleep 600; done"
            supervisor.start([Program("loop", ("sh", "-c", script))])
            supervisor.watch((home / "ready").exists, 0.05)
            print(supervisor._running["loop"].process.pid, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return [int(pid) for pid in done.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_programs_end_with_a_killed_supervisor(tmp_path: Path) -> None:
    pids = killed_supervisor(tmp_path, is_deaf=False)
    assert process_table.wait_for_end(pids, 5) == []
    os.killpg(pids[0], signal.SIGKILL)  # the `sleep` of its loop


def test_the_next_start_ends_what_a_killed_supervisor_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.5)
    pids = killed_supervisor(tmp_path, is_deaf=True)
    assert process_table.is_alive(pids[0])
    assert end_leftovers(tmp_path) == 1
    assert not process_table.is_alive(pids[0])
    assert end_leftovers(tmp_path) == 0


def test_a_process_that_took_over_a_recorded_id_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "processes.json").write_text(f'{{"{os.getpid()}": 12.5}}')
    assert end_leftovers(tmp_path) == 0
