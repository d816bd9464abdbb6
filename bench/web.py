"""A web server to measure, started as `up` starts it."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from bench.record import ROOT

START_SECONDS = 60


@contextlib.contextmanager
def web_server(environment: Mapping[str, str], n_processes: int) -> Iterator[tuple[int, psutil.Process]]:
    """Port on 127.0.0.1 and master process of a server with so many processes."""
    from neuralink_site.web_command import web_command

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(web_command("127.0.0.1", port, n_processes), cwd=ROOT, env=environment)
    try:
        _wait_for(port)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port: int) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up_at:
        with contextlib.suppress(URLError, ConnectionError):
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as answer:
                answer.read()
            return
        time.sleep(0.1)
    sys.exit(f"The web server did not answer within {START_SECONDS} s.")
