"""Many connections that post statements to a Learning Record Store at once."""

import base64
import contextlib
import http.client
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass
class Server:
    """A Learning Record Store on this machine, and how to speak to it."""

    port: int
    pair: str
    """`key:secret` for HTTP Basic."""
    path: str = "/xapi/statements"
    version: str = "2.0.0"

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Basic {base64.b64encode(self.pair.encode()).decode()}",
            "X-Experience-API-Version": self.version,
            "Content-Type": "application/json",
        }

    def ask(self, connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None) -> bytes:
        connection.request(method, path, body, self.headers)
        response = connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise RuntimeError(f"{method} {path}: {response.status} {content[:500]!r}")
        return content


def send(server: Server, bodies: Sequence[bytes], writers: int) -> tuple[float, list[float]]:
    """Post all bodies over `writers` connections at once: seconds in all, and of each request."""
    latencies: list[float] = []
    failures: list[BaseException] = []
    waiting = iter(bodies)
    lock = threading.Lock()

    def write() -> None:
        try:
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
                while True:
                    with lock:
                        body = next(waiting, None)
                    if body is None:
                        return
                    began = time.perf_counter()
                    server.ask(connection, "POST", server.path, body)
                    latencies.append(time.perf_counter() - began)
        except BaseException as error:  # noqa: BLE001  (told by the thread that measures)
            failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(writers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return time.perf_counter() - began, latencies
