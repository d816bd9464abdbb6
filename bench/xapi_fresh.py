"""How soon a statement counts: from its answer until the recommendations of its learner follow it, while others write.

A worker runs as `up` starts it, and writers send statements one by one at a steady rate. Meanwhile, one after another,
learners nobody has heard of complete a video, and the API is asked for their recommendations until it knows them and
no longer offers that video.
"""

import contextlib
import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import numpy as np

from bench.record import ROOT, Measurement

KEY = """
import django
django.setup()
from analytics.models import ApiKey, Organisation
print(ApiKey.objects.issue(Organisation.objects.get(slug="bench"), "bench", ["recommendations:read"], None)[1])
"""
GIVE_UP_SECONDS = 60.0
PAUSE_SECONDS = 0.05


def freshness(
    store: Any, environment: Mapping[str, str], bodies: Sequence[bytes], key: str, per_second: float, writers: int
) -> Iterator[Measurement]:
    """Send the bodies at a rate, probe meanwhile, and tell how long the probes took."""
    latencies: list[float] = []
    with _worker(environment):
        done = threading.Event()
        # The worker starts, and makes events of what earlier cases stored: that is no freshness.
        _probe_once(store, key, 0)
        with ThreadPoolExecutor(1) as thread:
            prober = thread.submit(_probe, store, key, done, latencies)
            began = time.perf_counter()
            _send_steadily(store, bodies, per_second, writers)
            rate = len(bodies) / (time.perf_counter() - began)
            done.set()
            prober.result()
    case = f"fresh/{per_second:.0f}"

    def one(name: str, value: float, unit: str) -> Measurement:
        return Measurement("xapi", case, name, value, unit)

    yield one("statements_per_second", rate, "statements/s")
    yield one("recommended_p50", float(np.quantile(latencies, 0.5)), "s")
    yield one("recommended_max", max(latencies), "s")
    yield one("probes", len(latencies), "probes")


@contextlib.contextmanager
def _worker(environment: Mapping[str, str]) -> Iterator[None]:
    celery = (sys.executable, "-m", "celery", "-A", "neuralink_site.celery")
    command = (*celery, "worker", "--queues", "aggregate", "--pool", "solo", "--loglevel", "ERROR", "--without-mingle")
    process = subprocess.Popen(command, cwd=ROOT, env=dict(environment))
    try:
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()


def _send_steadily(store: Any, bodies: Sequence[bytes], per_second: float, writers: int) -> None:
    """Each writer sends every so many-th body, none before its time has come."""
    began = time.perf_counter()

    def write(first: int) -> None:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", store.port)) as connection:
            for place in range(first, len(bodies), writers):
                time.sleep(max(0.0, began + place / per_second - time.perf_counter()))
                store.ask(connection, "POST", "/xapi/statements", bodies[place])

    threads = [threading.Thread(target=write, args=(first,)) for first in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _probe(store: Any, key: str, done: threading.Event, latencies: list[float]) -> None:
    while not done.is_set():
        latencies.append(_probe_once(store, key, len(latencies)))


def _probe_once(store: Any, key: str, place: int) -> float:
    """Seconds from the answer to a statement until its learner's recommendations know of it."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", store.port, timeout=60)) as connection:
        name, video = f"probe-{uuid4()}", f"https://bench.example.org/video/{place % 5}"
        store.ask(connection, "POST", "/xapi/statements", _completed(name, video))
        began = time.perf_counter()
        while not _is_known(connection, store.port, key, name, video):
            if time.perf_counter() - began > GIVE_UP_SECONDS:
                raise TimeoutError(f"A statement did not count after {GIVE_UP_SECONDS:.0f} s.")
            time.sleep(PAUSE_SECONDS)
        return time.perf_counter() - began


def _completed(name: str, video: str) -> bytes:
    statement = {
        "id": str(uuid4()),
        "actor": {"account": {"homePage": "https://bench.example.org", "name": name}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": video, "definition": {"type": "https://w3id.org/xapi/video/activity-type/video"}},
    }
    return json.dumps(statement).encode()


def _is_known(connection: http.client.HTTPConnection, port: int, key: str, name: str, video: str) -> bool:
    path = f"/api/v1/learners/{quote(name)}/recommendations/?limit=100"
    connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
    response = connection.getresponse()
    content = response.read()
    if response.status == 404:
        return False
    if response.status != 200:
        raise RuntimeError(f"GET {path}: {response.status} {content[:500]!r}")
    offered = json.loads(content)["recommendations"]
    return video not in {each["activity"]["external_id"] for each in offered}
