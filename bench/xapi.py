"""The Learning Record Store over HTTP: what many writers get stored a second, and what a search takes among many.

An embedded database of its own (durable, all indexes) and the web server as `up` starts it, on this machine. The
statements are the 22,000 real ones of ../shared/data/xapi (or `--file`: JSON lines), sent under new ids as often as
needed. After writing it is counted that all that was acknowledged is there, and that no writers stopped each other.
"""

import argparse
import contextlib
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import numpy as np
import psycopg2
import pyarrow as pa

from bench import xapi_peer
from bench.record import ROOT, Measurement
from bench.web import web_server
from bench.xapi_fresh import KEY, freshness
from bench.xapi_load import Server, send
from neuralink_site import embedded_postgres

QUICK = ("--no-peer", "--seconds", "10", "--statements", "4000", "--stored", "20000", "--searches", "100")
FILE = ROOT.parent / "shared" / "data" / "xapi" / "ralph_statements.jsonl.zst"
BATCH = 500
PEER_STATEMENTS = {1: 200, BATCH: 20}
"""Statements in a request -> requests that the peer gets; it grows slower with each."""
CREDENTIAL = """
import django
django.setup()
from analytics.models import Credential, Organisation
organisation = Organisation.objects.create(slug="bench", name="Bench")
credential, secret = Credential.objects.issue(organisation, "bench", ["all"])
print(f"{credential.key}:{secret}")
"""


@dataclass(kw_only=True)
class Store(Server):
    """Ours, with a look into its database."""

    database: Any
    environment: dict[str, str]

    def call(self, *words: str) -> str:
        return call(self.environment, *words)

    def scalar(self, sql: str) -> int:
        with self.database.cursor() as cursor:
            cursor.execute(sql)
            return int(cursor.fetchone()[0])


def call(environment: Mapping[str, str], *words: str) -> str:
    """Run Python with these words; its output."""
    command = [sys.executable, *words]
    done = subprocess.run(command, cwd=ROOT, env=dict(environment), stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--file", type=Path, default=FILE, help="statements as JSON lines, plain or .zst")
    parser.add_argument("--writers", type=int, default=8, help="connections that write at once")
    parser.add_argument("--statements", type=int, default=22_000, help="sent in each case of writing")
    parser.add_argument("--stored", type=int, default=1_000_000, help="statements that are there when searching")
    parser.add_argument("--rate", type=float, default=300.0, help="statements a second in the case fresh")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long the case fresh writes")
    parser.add_argument("--searches", type=int, default=500)
    parser.add_argument("--peer", action=argparse.BooleanOptionalAction, default=True, help="measure Ralph beside it")
    parser.add_argument("--seed", type=int, default=0)


def measure(arguments: argparse.Namespace) -> Iterator[Measurement]:
    if not arguments.file.exists():
        print(f"{arguments.file} is not there: give --file with statements as JSON lines.", file=sys.stderr)
        return
    statements = _read(arguments.file)
    cases = arguments.case or ["one_by_one", "batches", "fresh", "search"]
    with _running() as store:
        if "one_by_one" in cases:
            bodies = list(_bodies(statements, arguments.statements // 5, 1))
            yield from _writing(store, "one_by_one", bodies, arguments, 1)
        if "batches" in cases:
            bodies = list(_bodies(statements, max(arguments.statements, 40 * BATCH), BATCH))
            yield from _writing(store, f"batches_of_{BATCH}", bodies, arguments, BATCH)
        if "fresh" in cases:
            key = store.call("-c", KEY).split()[-1]
            bodies = list(_bodies(statements, int(arguments.rate * arguments.seconds), 1))
            yield from freshness(store, store.environment, bodies, key, arguments.rate, arguments.writers)
        if "search" in cases:
            yield from _searching(store, statements, arguments)


def _read(path: Path) -> list[dict[str, Any]]:
    with pa.input_stream(str(path), compression="detect") as stream:
        return [json.loads(line) for line in stream.read().decode().splitlines()]


def _bodies(statements: Sequence[dict[str, Any]], n: int, size: int) -> Iterator[bytes]:
    """Requests with `size` statements each, `n` statements in all, every one under an id of its own."""
    chance = random.Random(os.urandom(8))
    for start in range(0, n, size):
        batch = [
            statements[place % len(statements)] | {"id": str(UUID(int=chance.getrandbits(128)))}
            for place in range(start, min(start + size, n))
        ]
        yield json.dumps(batch if size > 1 else batch[0]).encode()


def _writing(
    store: Store, case: str, bodies: list[bytes], arguments: argparse.Namespace, size: int
) -> Iterator[Measurement]:
    before = store.scalar("SELECT count(*) FROM analytics_statement")
    seconds, latencies = send(store, bodies, arguments.writers)
    n_sent = len(bodies) * size
    n_stored = store.scalar("SELECT count(*) FROM analytics_statement") - before
    n_deadlocks = store.scalar("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    peer = (xapi_peer.NAME, _peer_rate(bodies, arguments.writers, size)) if arguments.peer else (None, None)
    case = f"{case}/{arguments.writers}"

    def one(name: str, value: float, unit: str) -> Measurement:
        return Measurement("xapi", case, name, value, unit)

    yield Measurement("xapi", case, "statements_per_second", n_stored / seconds, "statements/s", *peer)
    yield one("request_p50", float(np.quantile(latencies, 0.5)) * 1000, "ms")
    yield one("request_p95", float(np.quantile(latencies, 0.95)) * 1000, "ms")
    yield one("lost", n_sent - n_stored, "statements")
    yield one("deadlocks", n_deadlocks, "deadlocks")


def _peer_rate(bodies: list[bytes], writers: int, size: int) -> float:
    """Statements a second of the peer, over the first of the same requests."""
    bodies = bodies[: PEER_STATEMENTS[size]]
    with xapi_peer.ralph() as server:
        seconds, _latencies = send(server, bodies, writers)
    return len(bodies) * size / seconds


def _searching(
    store: Store, statements: Sequence[dict[str, Any]], arguments: argparse.Namespace
) -> Iterator[Measurement]:
    """GET by agent, verb and since, of agents drawn as often as they act, the half of time that is newer."""
    missing = arguments.stored - store.scalar("SELECT count(*) FROM analytics_statement")
    began = time.perf_counter()
    for start in range(0, missing, 100 * BATCH):
        send(store, list(_bodies(statements, min(100 * BATCH, missing - start), BATCH)), arguments.writers)
    filled = time.perf_counter() - began
    n_stored = store.scalar("SELECT count(*) FROM analytics_statement")
    case = f"search/{n_stored}"
    if missing > 0:
        yield Measurement("xapi", case, "filling", missing / filled, "statements/s")
    since = _instant(store, n_stored // 2)
    chance = random.Random(arguments.seed)
    latencies, n_found = [], 0
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", store.port)) as connection:
        for _ in range(arguments.searches):
            drawn = chance.choice(statements)
            query = {"agent": json.dumps(drawn["actor"]), "verb": drawn["verb"]["id"], "since": since}
            began = time.perf_counter()
            content = store.ask(connection, "GET", f"/xapi/statements?{urlencode(query)}")
            latencies.append(time.perf_counter() - began)
            n_found += len(json.loads(content)["statements"])
    yield Measurement("xapi", case, "agent_verb_since_p50", float(np.quantile(latencies, 0.5)) * 1000, "ms")
    yield Measurement("xapi", case, "agent_verb_since_p95", float(np.quantile(latencies, 0.95)) * 1000, "ms")
    yield Measurement("xapi", case, "found", n_found / arguments.searches, "statements a search")


def _instant(store: Store, place: int) -> str:
    with store.database.cursor() as cursor:
        cursor.execute(f"SELECT stored_at FROM analytics_statement ORDER BY stored_at OFFSET {place} LIMIT 1")
        return str(cursor.fetchone()[0].isoformat())


@contextlib.contextmanager
def _running() -> Iterator[Store]:
    with tempfile.TemporaryDirectory(prefix="bench-xapi-") as folder:
        home = Path(folder)
        environment = os.environ | {
            "NEURALINK_HOME": folder,
            "NEURALINK_DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "neuralink_site.settings",
        }

        try:
            call(environment, "manage.py", "migrate", "--verbosity", "0")
            pair = call(environment, "-c", CREDENTIAL).split()[-1]
            with (
                web_server(environment, 2) as (port, _process),
                contextlib.closing(psycopg2.connect(embedded_postgres.start(home).url)) as database,
            ):
                database.autocommit = True
                yield Store(port, pair, database=database, environment=environment)
        finally:
            embedded_postgres.stop(home)
