"""Another version goes into use under load: every web process follows within seconds, and no request fails."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.reliability.installation import Installation, remove
from tests.reliability.load import Book, Client

FOLLOW_SECONDS = 10.0
N_ASKING = 4
TRAIN_SECONDS = 180

pytestmark = pytest.mark.slow


@pytest.fixture
def installation() -> Iterator[Installation]:
    home = Path(tempfile.mkdtemp(prefix="roll-back-"))
    with Installation(home) as running:
        yield running
    remove(home)


class Asking:
    """Threads that ask for recommendations without a pause; each answer's instant, status and version are kept."""

    def __init__(self, client: Client) -> None:
        self.seen: list[tuple[float, int | None]] = []
        self._client = client
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=[k], daemon=True) for k in range(N_ASKING)]

    def __enter__(self) -> Asking:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self, number: int) -> None:
        while not self._stop.is_set():
            asked_at = time.monotonic()
            found = self._client.ask("asked", "GET", f"/api/v1/learners/l{number}/recommendations/")
            self.seen.append((asked_at, found["version"] if found else None))

    def late(self, since: float, version: int) -> list[float]:
        """Seconds after `since` at which an answer was asked for that did not come from this version."""
        return [at - since for at, used in list(self.seen) if at > since and used != version]


def trained(client: Client, algorithm: str, **wanted: Any) -> None:
    run = client.ask("run", "POST", "/api/v1/runs/", {"algorithm": algorithm, "override": "test"} | wanted)
    end = time.monotonic() + TRAIN_SECONDS
    while time.monotonic() < end:
        found = client.ask("job", "GET", f"/api/v1/runs/{run['id']}/")
        if found is not None and found["state"] == "succeeded":
            return
        assert found is None or found["state"] in {"queued", "running"}, found["error"]
        time.sleep(0.5)
    pytest.fail("the training did not end")


def test_every_process_follows_and_no_request_fails(installation: Installation) -> None:
    book = Book()
    client = Client(installation.port, installation.key, book)
    trained(client, "ease")
    trained(client, "item_knn", promotes=False)
    with Asking(client) as asking:
        time.sleep(3)
        changes = [
            (2, "POST", "/api/v1/versions/2/promote/", {"why": "test"}),
            (1, "POST", "/api/v1/versions/roll-back/", {"kind": "any", "why": "test"}),
        ]
        for version, method, path, body in changes:
            assert client.ask("change", method, path, body) is not None
            changed_at = time.monotonic()
            time.sleep(FOLLOW_SECONDS + 3)
            late = asking.late(changed_at, version)
            assert max(late, default=0.0) < FOLLOW_SECONDS
            assert any(at > changed_at + FOLLOW_SECONDS for at, _used in asking.seen), "it was asked until then"
    assert len(asking.seen) > 50
    assert book.bad == []
    assert {status for (what, status), n in book.answers.items() if what == "asked"} == {200}
    assert book.bad == []
