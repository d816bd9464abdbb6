"""The web server as it is started: open connections are spread over its processes."""

from __future__ import annotations

import socket
import subprocess
import time

import psutil

from neuralink_site.web_command import web_command

APPLICATION = "tests.neuralink_site.empty_page"


def sockets_on(port: int) -> int:
    """How many sockets listen there."""
    return sum(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in psutil.net_connections("tcp4"))


def test_each_process_listens_for_itself() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(web_command("127.0.0.1", port, 3, APPLICATION))
    try:
        give_up_at = time.monotonic() + 30
        while sockets_on(port) < 3 and time.monotonic() < give_up_at:
            time.sleep(0.05)
        assert sockets_on(port) == 3
    finally:
        process.terminate()
        process.wait(30)
