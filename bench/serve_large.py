"""The large case of `bench.serve`: 100,000 learners and 50,000 activities, two web processes, wrk on loopback.

The model is iALS: a dense model of 50,000 activities would take 10 GB (and `ease` refuses), while vectors take 13 MB,
answer new learners, and say exactly what of a history spoke for a recommendation. The peer of each number is measured
in the same run through the same server: a view that reads one precomputed row (`bench.serve_peer`).
"""

import json
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from bench import serve_school, wrk
from bench.record import Measurement
from bench.web import web_server

SLUG = "bench-serve"
CONFIG = {"embedding_size": 64, "epochs": 3}
N_ASKED = 4000
N_SESSION = 200
SECONDS = 5
ROUNDS = 3
PEER = "one precomputed row"


def measure(n_learners: int, n_activities: int, seed: int) -> Iterator[Measurement]:
    """All numbers of the large case; about five minutes at the full size, once the school is there."""
    from analytics.models import ApiKey, Scope

    case = f"{n_learners}x{n_activities}/ials"
    begun = time.perf_counter()
    organisation = serve_school.school(SLUG, n_learners, n_activities)
    yield _said(case, "set_up_seconds", time.perf_counter() - begun, "s")
    begun = time.perf_counter()
    versions = _versions(organisation)
    yield _said(case, "fit_seconds", time.perf_counter() - begun, "s")
    yield from _nightly(case, organisation)
    if not wrk.is_there():
        print("wrk is not installed, so the web server is not loaded: apt-get install wrk")
        return
    scopes: list[str] = [Scope.RECOMMENDATIONS_READ, Scope.VERSIONS_WRITE]
    key, secret = ApiKey.objects.issue(organisation, "bench", scopes, None)
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "bench.serve_settings"}
    try:
        with web_server(environment, 2) as (port, process), tempfile.TemporaryDirectory() as folder:
            load = _Loader(port, secret, Path(folder), organisation, random.Random(seed))
            yield from _http(case, load)
            yield from _swap(case, load, versions)
            rss = max(child.memory_info().rss for child in process.children())
            yield _said(case, "web_rss_bytes", rss, "B")
    finally:
        key.delete()


class _Loader:
    """What is asked, of whom; the peer's rows are put there."""

    def __init__(self, port: int, secret: str, folder: Path, organisation: Any, draw: random.Random) -> None:
        from analytics.models import Activity, Learner

        self.port, self.secret, self.folder = port, secret, folder
        names = list(Learner.objects.filter(organisation=organisation).values_list("external_id", flat=True))
        self.learners = draw.sample(names, min(N_ASKED, len(names)))
        parts = Activity.objects.filter(organisation=organisation).exclude(kind="course")
        self.activities = draw.sample(list(parts.values_list("external_id", flat=True)), 2000)
        answer = self.answer(f"/api/v1/learners/{self.learners[0]}/recommendations/")
        serve_school.precompute(organisation, self.learners, answer)

    def answer(self, address: str) -> str:
        request = Request(f"http://127.0.0.1:{self.port}{address}", headers={"Authorization": f"Bearer {self.secret}"})
        with urlopen(request, timeout=60) as answer:  # noqa: S310 (our own server)
            return str(answer.read().decode())

    def __call__(self, asked: list[str], connections: int, post_to: str = "", seconds: int = SECONDS) -> wrk.Load:
        found = wrk.load(
            self.port, asked, self.secret, self.folder, connections=connections, seconds=seconds, post_to=post_to
        )
        if found.n_failed:
            print(f"{found.n_failed} of {found.n_requests} requests failed: {asked[0]}")
        return found

    def of_learners(self, what: str, query: str = "") -> list[str]:
        return [f"/api/v1/learners/{name}/{what}/{query}" for name in self.learners]


def _http(case: str, load: _Loader) -> Iterator[Measurement]:
    ours, rows = load.of_learners("recommendations"), load.of_learners("precomputed")
    few, peer_few = _in_turn(load, ours, rows, 4)
    yield _said(case, "p50_ms_4_connections", few.p50_ms, "ms", peer_few.p50_ms)
    yield _said(case, "p99_ms_4_connections", few.p99_ms, "ms", peer_few.p99_ms)
    many, peer_many = _in_turn(load, ours, rows, 16)
    yield _said(case, "per_second_16_connections", many.per_second, "1/s", peer_many.per_second)
    reasons, plain = _in_turn(load, ours, load.of_learners("recommendations", "?explain=false"), 4)
    yield Measurement("serve", case, "p50_ms_with_reasons", reasons.p50_ms, "ms", "without", plain.p50_ms)
    similar = [f"/api/v1/activities/{name}/similar/" for name in load.activities[:500]]
    for name, asked in (("similar", similar), ("popular", ["/api/v1/activities/popular/"])):
        found, beside = _in_turn(load, asked, rows, 16)
        yield _said(case, f"{name}_per_second_16_connections", found.per_second, "1/s", beside.per_second)
    draw = random.Random(0)
    bodies = [json.dumps({"history": draw.sample(load.activities, N_SESSION)}) for _time in range(200)]
    session = load(bodies, 1, post_to="/api/v1/recommendations/")
    yield _said(case, "session_of_200_p50_ms", session.p50_ms, "ms")


def _in_turn(load: _Loader, ours: list[str], beside: list[str], connections: int) -> tuple[wrk.Load, wrk.Load]:
    """Both by turns, the round in the middle of each: what else the machine does then meets both alike."""
    for asked in (ours, beside):
        load(asked, 4, seconds=3)  # both processes load what they need
    rounds = [(load(ours, connections), load(beside, connections)) for _round in range(ROUNDS)]
    left, right = zip(*rounds, strict=True)
    return _middle(left), _middle(right)


def _middle(loads: Sequence[wrk.Load]) -> wrk.Load:
    return wrk.Load(
        per_second=statistics.median(one.per_second for one in loads),
        p50_ms=statistics.median(one.p50_ms for one in loads),
        p99_ms=statistics.median(one.p99_ms for one in loads),
        n_requests=sum(one.n_requests for one in loads),
        n_failed=sum(one.n_failed for one in loads),
    )


def _swap(case: str, load: _Loader, versions: list[Any]) -> Iterator[Measurement]:
    from recommender.registry.versions import promote

    found: list[wrk.Load] = []
    loading = threading.Thread(target=lambda: found.append(load(load.of_learners("recommendations"), 8, seconds=12)))
    loading.start()
    for place in (1, 0, 1):
        time.sleep(3)
        promote(versions[place], by=None, why="bench")
    loading.join()
    yield _said(case, "failed_while_swapping", found[0].n_failed, "requests")
    yield _said(case, "requests_while_swapping", found[0].n_requests, "requests")
    told = json.loads(load.answer(load.of_learners("recommendations")[0]))
    yield _said(case, "is_swapped", float(told["version"] == versions[1].number), "yes")


def _versions(organisation: Any) -> list[Any]:
    """Two of the same model, the first in use."""
    from recommender.algorithms.catalogue import build
    from recommender.history import interactions
    from recommender.models import Run, Version
    from recommender.registry.versions import Trained, live, promote, register

    found = list(Version.objects.filter(organisation=organisation).select_related("organisation").order_by("number"))
    if len(found) < 2:
        known = interactions(organisation, kind="any")
        trained = Trained(build("ials", CONFIG).fit(known), known.activity_ids, known.n_learners)
        for _time in range(2):
            run = Run.objects.create(organisation=organisation, algorithm="ials", config=CONFIG, state="succeeded")
            found.append(register(run, trained, {}))
    if live(organisation, "any") != found[0]:
        promote(found[0], by=None, why="bench")
    return found


def _nightly(case: str, organisation: Any) -> Iterator[Measurement]:
    from analytics.jobs import working_on
    from recommender.models import ListExport
    from recommender.serving.list_export import export_lists, start_export

    export = start_export(organisation, wakes_worker=False)
    begun = time.perf_counter()
    with working_on(ListExport, export.pk) as lease:
        if lease is not None:
            export_lists(lease)
    seconds = time.perf_counter() - begun
    export.refresh_from_db()
    if export.state != "succeeded":
        raise SystemExit(f"The lists of all learners: {export.error}")
    yield _said(case, "nightly_seconds", seconds, "s")
    yield _said(case, "nightly_rows", export.n_rows, "rows")


def _said(case: str, name: str, value: float, unit: str, beside: float | None = None) -> Measurement:
    return Measurement("serve", case, name, value, unit, PEER if beside is not None else None, beside)
