"""Ralph (PyPI `ralph-malph`), a Learning Record Store in Python, with its file back end: the peer of `xapi`.

It is installed into an environment of its own below the data folder, once, by the ordinary pip. Its file back end
neither indexes nor waits for the disk, and reads the whole file to find duplicates. As it comes it only writes to a
file that is not there yet, so that it is told to append.
"""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from pathlib import Path

from bench.record import ROOT
from bench.xapi_load import Server

VERSION = "5.1.0"
NAME = f"Ralph {VERSION}, files"
START_SECONDS = 60
SERVE = """
import sys, uvicorn
from ralph.backends.data.base import BaseOperationType
from ralph.backends.data.fs import FSDataBackend
FSDataBackend.default_operation_type = BaseOperationType.APPEND
uvicorn.run("ralph.api:app", port=int(sys.argv[1]), log_level="error")
"""


@contextlib.contextmanager
def ralph() -> Iterator[Server]:
    python = _installed() / "bin" / "python"
    with tempfile.TemporaryDirectory(prefix="bench-ralph-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        (Path(folder) / "statements").mkdir()
        environment = os.environ | {
            "RALPH_AUTH_FILE": f"{folder}/auth.json",
            "RALPH_RUNSERVER_BACKEND": "fs",
            "RALPH_BACKENDS__LRS__FS__DEFAULT_DIRECTORY_PATH": f"{folder}/statements",
        }
        who = ("-u", "bench", "-p", "secret", "-s", "all", "-M", "mailto:bench@example.com", "-N", "bench", "-w")
        subprocess.run(
            [python.with_name("ralph"), "auth", *who], env=environment, check=True, stderr=subprocess.DEVNULL
        )
        command: list[str | Path] = [python, "-c", SERVE, str(port)]
        process = subprocess.Popen(command, env=environment)
        try:
            _wait_for(port)
            yield Server(port, "bench:secret", "/xAPI/statements", "1.0.3")
        finally:
            process.terminate()
            process.wait(30)


def _installed() -> Path:
    place = Path(os.environ.get("NEURALINK_HOME") or ROOT / "var") / "peers" / f"ralph-{VERSION}"
    if not (place / "installed").exists():
        venv.create(place, clear=True, with_pip=True)
        packages = [f"ralph-malph[cli,lrs]=={VERSION}", "requests"]
        command: list[str | Path] = [place / "bin" / "pip", "install", "--quiet", *packages]
        subprocess.run(command, check=True, stdout=sys.stderr)
        (place / "installed").touch()
    return place


def _wait_for(port: int) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up_at:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.2)
    sys.exit(f"Ralph did not answer within {START_SECONDS} s.")
