"""Everything is killed at random under load, and nothing is lost, doubled, left hanging or badly answered.

Ten minutes by default: `make test ARGS='-m slow tests/reliability'`. RELIABILITY_SECONDS makes it shorter or longer,
RELIABILITY_SEED draws other kills.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.reliability.installation import PROGRAMS, Installation, Target, kill, remove
from tests.reliability.load import IMPORT_ROWS, Load

SECONDS = float(os.environ.get("RELIABILITY_SECONDS", "600"))
SEED = int(os.environ.get("RELIABILITY_SEED", "7"))
RECOVERY_SECONDS = float(os.environ.get("RELIABILITY_RECOVERY_SECONDS", "15"))
PAUSE_SECONDS = (3.0, 9.0)
"""Between two kills, once everything works again."""
SETTLE_SECONDS = 120
TWO_AT_ONCE = 0.2
JOBS = ("analytics_import", "analytics_rolluprefresh", "recommender_run")

pytestmark = pytest.mark.slow


@pytest.fixture
def installation(request: pytest.FixtureRequest) -> Iterator[Installation]:
    home = Path(tempfile.mkdtemp(prefix="reliability-"))
    with Installation(home) as running:
        yield running
    if request.session.testsfailed or os.environ.get("RELIABILITY_KEEP"):
        sys.stdout.write(f"What its programs said is in {home / 'up.log'}\n")
    else:
        remove(home)


def test_nothing_is_lost_whatever_is_killed(installation: Installation) -> None:
    load = Load(installation.port, installation.key, SEED)
    load.start()
    recoveries = hurt(installation, load, random.Random(SEED))
    load.stop(SETTLE_SECONDS)
    tell(load, recoveries)
    assert load.book.bad == []
    check_events(installation, load)
    check_jobs(installation, load)
    late = [(name, seconds) for name, seconds in recoveries if seconds > RECOVERY_SECONDS]
    assert late == []


def hurt(installation: Installation, load: Load, draw: random.Random) -> list[tuple[str, float]]:
    """Kill this and that until the time is over; what it was, and how long everything took to work again."""
    recoveries = []
    targets = installation.targets()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        time.sleep(draw.uniform(*PAUSE_SECONDS))
        victims = draw.sample(targets, 2 if draw.random() < TWO_AT_ONCE else 1)
        before = running_jobs(installation)
        hit = [victim.name for victim in victims if strike(victim, draw)]
        if hit:
            recoveries.append((" and ".join(hit), seconds_to_recover(installation, load, hit, before)))
    return recoveries


def strike(victim: Target, draw: random.Random) -> bool:
    found = victim.find()
    return bool(found) and kill(draw.choice(found))


def seconds_to_recover(installation: Installation, load: Load, hit: list[str], before: dict[Any, Any]) -> float:
    """Until all programs live, the API answers, and every job that was under way is worked on anew or done."""
    begin = time.monotonic()

    def is_well() -> bool:
        if not all(installation.program(name) for name in PROGRAMS):
            return False
        if load.client.ask("probe", "GET", "/api/v1/learners/l1/recommendations/") is None:
            return False
        now = running_jobs(installation)
        return not any(name in hit for name in PROGRAMS) or orphans(before, now, hit) == []

    installation.wait_until(is_well, 4 * RECOVERY_SECONDS, f"not well again after {hit} was killed")
    return time.monotonic() - begin


def running_jobs(installation: Installation) -> dict[tuple[str, int], Any]:
    """Each running job's lease token."""
    try:
        return {
            (table, pk): token
            for table in JOBS
            for pk, token in installation.rows(f"SELECT id, lease_token FROM {table} WHERE state = 'running'")
        }
    except psycopg2.Error:
        return {}


def orphans(before: dict[Any, Any], now: dict[Any, Any], hit: list[str]) -> list[Any]:
    """Jobs of a worker that was killed which still bear its token."""
    table_of = {"import": "analytics_import", "aggregate": "analytics_rolluprefresh", "train": "recommender_run"}
    hurt_tables = {table_of[name] for name in hit if name in table_of}
    return [job for job, token in before.items() if job[0] in hurt_tables and now.get(job) == token]


def check_events(installation: Installation, load: Load) -> None:
    """Every accepted event is there, and none twice."""
    keys = {key for (key,) in installation.rows("SELECT key FROM analytics_eventkey")}
    assert load.book.accepted <= keys, f"lost: {sorted(load.book.accepted - keys)[:5]}"
    [(n_events,)] = installation.rows(
        "SELECT count(*) FROM analytics_event e JOIN analytics_import i ON i.id = e.from_import_id WHERE i.format='api'"
    )
    assert n_events == len(keys)
    of_files = dict(
        installation.rows(
            "SELECT from_import_id, count(*) FROM analytics_event e JOIN analytics_import i ON i.id = e.from_import_id"
            " WHERE i.format = 'csv' AND i.fingerprint <> '' GROUP BY 1"
        )
    )
    for pk in load.book.imports:
        ledger = installation.rows("SELECT n_accepted, n_merged, n_read FROM analytics_import WHERE id = %s", pk)[0]
        assert ledger[0] + ledger[1] == ledger[2] == IMPORT_ROWS
        assert of_files.get(pk, 0) == ledger[0]
    instants = installation.rows(
        "SELECT count(*), count(DISTINCT occurred_at) FROM analytics_event e"
        " JOIN analytics_import i ON i.id = e.from_import_id WHERE i.format = 'csv' AND e.occurred_at < '2024-01-01'"
    )[0]
    assert instants[0] == instants[1] == IMPORT_ROWS * (instants[0] // IMPORT_ROWS)


def check_jobs(installation: Installation, load: Load) -> None:
    """Every job ends, once: a run has one version, a file's rows came in once."""

    def is_all_done() -> bool:
        open_jobs = [
            installation.rows(f"SELECT count(*) FROM {table} WHERE state IN ('queued', 'running')")[0][0]
            for table in JOBS
        ]
        return not any(open_jobs)

    installation.wait_until(is_all_done, SETTLE_SECONDS, "jobs are still open")
    states = {
        pk: (state, error) for pk, state, error in installation.rows("SELECT id, state, error FROM recommender_run")
    }
    assert set(load.book.runs) <= set(states)
    assert {pk: end for pk, end in states.items() if end[0] != "succeeded"} == {}
    versions = Counter(pk for (pk,) in installation.rows("SELECT run_id FROM recommender_version"))
    assert versions == Counter(states.keys())
    imports = installation.rows("SELECT id, error FROM analytics_import WHERE state <> 'succeeded'")
    assert imports == []


def tell(load: Load, recoveries: list[tuple[str, float]]) -> None:
    """One JSON line for whoever ran it."""
    book = load.book
    told = {
        "seconds": SECONDS,
        "seed": SEED,
        "n_kills": len(recoveries),
        "recovery_seconds_max": round(max((seconds for _name, seconds in recoveries), default=0), 1),
        "recoveries": [(name, round(seconds, 1)) for name, seconds in recoveries],
        "n_events": len(book.accepted),
        "n_imports": len(book.imports),
        "n_runs": len(book.runs),
        "slowest_seconds": round(book.slowest_seconds, 1),
        "answers": {f"{what} {status}": n for (what, status), n in sorted(book.answers.items())},
        "n_bad": len(book.bad),
        "bad": book.bad[:10],
    }
    sys.stdout.write(f"\n{json.dumps(told)}\n")
