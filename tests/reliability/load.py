"""Mixed load by API, and a book of what was accepted: what the database must hold in the end."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.recommender.school import COLOURS, N_PARTS
from tests.reliability.prepare import N_LEARNERS

TIMEOUT_SECONDS = 30
FINISHED = {"succeeded", "failed", "cancelled"}
IMPORT_ROWS = 3000
ALGORITHMS = ("ease", "item_knn", "popularity", "sequential_linear")


@dataclass
class Book:
    """What happened, kept by several threads."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)  # (what was asked, status; 0: no answer)
    bad: list[str] = field(default_factory=list)  # answers that nobody should get
    accepted: set[str] = field(default_factory=set)  # ids of events
    imports: dict[int, str] = field(default_factory=dict)  # id -> state in which it was seen to end
    runs: dict[int, str] = field(default_factory=dict)
    slowest_seconds: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Client:
    def __init__(self, port: int, key: str, book: Book) -> None:
        self.port, self.book = port, book
        self._headers = {"Authorization": f"Bearer {key}", "Connection": "close"}

    def ask(self, what: str, method: str, path: str, body: Any = None, media_type: str = "application/json") -> Any:
        """The answer's JSON, or None for one that is no success; an answer that nobody should get is noted."""
        begin = time.monotonic()
        status, kind, content = self._answer(method, path, body, media_type)
        with self.book.lock:
            self.book.answers[what, status] += 1
            self.book.slowest_seconds = max(self.book.slowest_seconds, time.monotonic() - begin)
            if not _is_fit(status, kind, content):
                self.book.bad.append(f"{method} {path}: {status} {kind} {content[:300]!r}")
        return json.loads(content) if 200 <= status < 300 else None

    def _answer(self, method: str, path: str, body: Any, media_type: str) -> tuple[int, str, bytes]:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = self._headers | ({"Content-Type": media_type} if data is not None else {})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type", ""), answer.read()
        except TimeoutError:
            return 599, "", b"no answer in time"
        except (OSError, http.client.HTTPException):
            return 0, "", b""  # nobody listens, or the one who did was killed: no answer is no wrong answer
        finally:
            connection.close()


def _is_fit(status: int, kind: str, content: bytes) -> bool:
    """No answer at all, a success, or a problem that says "later" or "not now, something else is going on"."""
    if status == 0 or 200 <= status < 300:
        return True
    is_problem = kind.startswith("application/problem+json") and json.loads(content).get("status") == status
    return is_problem and status in {409, 503, 400}


class Load:
    """Threads that ask until told to stop; what they began they see through."""

    def __init__(self, port: int, key: str, seed: int) -> None:
        self.book = Book()
        self.client = Client(port, key, self.book)
        self._stop = threading.Event()
        work = [self._send_events] * 2 + [self._ask_for_recommendations] * 2 + [self._import, self._train]
        self._threads = [
            threading.Thread(target=one, args=(number, random.Random(seed * 100 + number)), daemon=True)
            for number, one in enumerate(work)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float) -> None:
        """Let every thread end what it is at."""
        self._stop.set()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        hanging = [thread for thread in self._threads if thread.is_alive()]
        assert not hanging, f"{len(hanging)} of the load's threads still wait for something after {seconds:.0f} s"

    def _send_events(self, number: int, draw: random.Random) -> None:
        """Each batch again and again until it is accepted, as a client that wants to lose nothing does."""
        for batch in itertools.count():
            if self._stop.is_set():
                return
            rows = [_event(f"api-{number}-{batch}-{k}", draw) for k in range(draw.randint(1, 5))]
            while (written := self.client.ask("events", "POST", "/api/v1/events/", rows)) is None:
                time.sleep(0.3)
            assert written["accepted"] + written["merged"] == len(rows)
            with self.book.lock:
                self.book.accepted |= {row["id"] for row in rows}
            time.sleep(0.1)

    def _ask_for_recommendations(self, number: int, draw: random.Random) -> None:
        while not self._stop.is_set():
            learner = f"l{draw.randrange(N_LEARNERS)}"
            self.client.ask("recommendations", "GET", f"/api/v1/learners/{learner}/recommendations/?limit=5")
            time.sleep(0.05)

    def _import(self, number: int, draw: random.Random) -> None:
        for n in itertools.count():
            if self._stop.is_set():
                return
            body, media_type = _upload(f"part-{n}.csv", _csv(n))
            while (made := self.client.ask("import", "POST", "/api/v1/imports/", body, media_type)) is None:
                time.sleep(0.5)
            self.book.imports[made["id"]] = self._end_of(f"/api/v1/imports/{made['id']}/")
            time.sleep(1)

    def _train(self, number: int, draw: random.Random) -> None:
        while not self._stop.is_set():
            wanted = {"algorithm": draw.choice(ALGORITHMS), "seed": 1, "override": "The load may look odd."}
            made = self.client.ask("run", "POST", "/api/v1/runs/", wanted)
            if made is not None:
                self.book.runs[made["id"]] = self._end_of(f"/api/v1/runs/{made['id']}/")
            time.sleep(1)

    def _end_of(self, path: str) -> str:
        while True:
            found = self.client.ask("job", "GET", path)
            if found is not None and found["state"] in FINISHED:
                return str(found["state"])
            time.sleep(0.5)


def _event(key: str, draw: random.Random) -> dict[str, Any]:
    colour = draw.choice(COLOURS)
    return {
        "id": key,
        "learner": f"l{draw.randrange(N_LEARNERS)}",
        "activity": f"{colour}-{draw.randrange(N_PARTS)}",
        "verb": "viewed",
        "at": datetime.now(UTC).isoformat(),
    }


def _csv(n: int) -> bytes:
    """Rows without ids, each with an instant of its own."""
    draw = random.Random(n)
    lines = ["learner,activity,verb,at"]
    begin = 1_700_000_000 + n * IMPORT_ROWS
    for k in range(IMPORT_ROWS):
        at = datetime.fromtimestamp(begin + k, UTC).isoformat()
        lines.append(f"l{draw.randrange(N_LEARNERS)},{draw.choice(COLOURS)}-{draw.randrange(N_PARTS)},viewed,{at}")
    return "\n".join(lines).encode()


def _upload(name: str, content: bytes) -> tuple[bytes, str]:
    boundary = "boundary-of-the-load"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="format"\r\n\r\ncsv\r\n'.encode(),
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'.encode(),
        b"Content-Type: text/csv\r\n\r\n" + content + b"\r\n",
        f"--{boundary}--\r\n".encode(),
    ]
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"
