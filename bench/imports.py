"""Imports in a fresh process and an empty database of their own: seconds, peak memory, and what COPY alone takes.

`generated` writes a CSV file of `--rows` events; `oulad` needs the folder of its seven files (`--folder`), and unpacks
them from ../shared/data where that is there. Peers, in the same run: bare COPY of the very rows that came in, into a
table of the same columns without index or foreign key; and, for `generated`, COPY into one that has them all.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psycopg2

from bench.record import ROOT, Measurement
from neuralink_site import embedded_postgres

QUICK = ("--case", "generated", "--rows", "200000")
SHARED = ROOT.parent / "shared" / "data"
COLUMNS = "organisation_id, learner_id, activity_id, from_import_id, occurred_at, value, verb, unit"
LIVE_WRITES = 20
LIVE = """
import django, json, statistics, sys, time
django.setup()
from analytics.aggregates.rollups import refresh
from analytics.imports.events import add_events
from analytics.models import Learner, Organisation, OrganisationDay
organisation = Organisation.objects.get()
learner = Learner.objects.filter(total__isnull=False).first().external_id
day = OrganisationDay.objects.order_by("-n_events").first().on
spent = []
for n in range(int(sys.argv[1])):
    row = {"learner": learner, "activity": "live", "verb": "viewed", "at": f"{day}T10:{n:02}:00Z"}
    began = time.perf_counter()
    add_events(organisation, [row], source="bench")
    written = time.perf_counter()
    refresh(organisation.pk)
    spent.append((written - began, time.perf_counter() - written))
print(json.dumps([statistics.median(each) for each in zip(*spent)]))
"""


@dataclass(frozen=True)
class Done:
    """One run of the command."""

    told: dict[str, Any]
    """Its last line."""
    seconds: float
    peak_bytes: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the generated file")
    parser.add_argument("--folder", type=Path, help="the seven files of OULAD")
    parser.add_argument("--repeats", type=int, default=3, help="of the peers; the median counts")


def measure(arguments: argparse.Namespace) -> Iterator[Measurement]:
    for case in arguments.case or ("generated", "oulad"):
        with tempfile.TemporaryDirectory(prefix="bench-imports-") as folder:
            home = Path(folder) / "home"
            try:
                if case == "oulad":
                    yield from _oulad(home, arguments)
                else:
                    yield from _generated(home, arguments)
            finally:
                embedded_postgres.stop(home)


def _oulad(home: Path, arguments: argparse.Namespace) -> Iterator[Measurement]:
    source = arguments.folder or home.parent / "oulad"
    if not arguments.folder:
        if not (SHARED / "unpack_oulad.py").exists():
            print("OULAD is not beside this checkout (../shared/data): give --folder.", file=sys.stderr)
            return
        subprocess.run([sys.executable, str(SHARED / "unpack_oulad.py"), str(source)], check=True, stdout=sys.stderr)
    yield from _measured("oulad", home, ["oulad", str(source)], arguments.repeats, with_indexes=False)


def _generated(home: Path, arguments: argparse.Namespace) -> Iterator[Measurement]:
    source = home.parent / "generated.csv"
    _generate(source, arguments.rows)
    yield from _measured(
        f"generated/{arguments.rows}", home, ["csv", str(source)], arguments.repeats, with_indexes=True
    )


def _generate(path: Path, n_rows: int) -> None:
    """Write events of 5,000 learners on 2,000 activities in 40 courses over two years, in the order of time."""
    chance = np.random.default_rng(0)
    learners = chance.zipf(1.3, n_rows) % 5000
    activities = chance.zipf(1.2, n_rows) % 2000
    days = np.sort(chance.integers(0, 730 * 86_400, n_rows)) + np.datetime64("2023-01-01T00:00:00", "s")
    values = chance.integers(1, 600, n_rows)
    with path.open("w", encoding="utf-8") as file:
        file.write("learner,activity,verb,at,value,unit,course\n")
        for learner, activity, at, value in zip(learners, activities, days, values, strict=True):
            file.write(f"l{learner},a{activity},viewed,{at}Z,{value},seconds,c{activity % 40}\n")


def _measured(case: str, home: Path, words: list[str], repeats: int, *, with_indexes: bool) -> Iterator[Measurement]:
    def one(name: str, value: float, unit: str, *peer: Any) -> Measurement:
        return Measurement("imports", case, name, value, unit, *peer)

    _manage(home, "migrate", "--verbosity", "0")
    words = ["import_data", *words, "--organisation", "bench", "--create-organisation", "Bench"]
    first = _manage(home, *words)
    with contextlib.closing(psycopg2.connect(embedded_postgres.start(home).url)) as connection:
        connection.autocommit = True
        spent = _seconds(connection, "analytics_import")
        bare = median(_copy_seconds(connection, "") for _ in range(repeats))
        yield one("rows", first.told["read"], "rows")
        yield one("import_seconds", spent, "s", "bare COPY", bare)
        if with_indexes:
            indexed = median(_copy_seconds(connection, INDEXES) for _ in range(repeats))
            yield one("import_seconds", spent, "s", "COPY with the same indexes and foreign keys", indexed)
        yield one("rows_per_second", first.told["read"] / spent, "rows/s")
        yield one("rollup_seconds", _seconds(connection, "analytics_rolluprefresh"), "s")
    yield one("command_seconds", first.seconds, "s")
    yield one("peak_memory_bytes", first.peak_bytes, "B")
    yield one("repeated_seconds", _manage(home, *words).seconds, "s")
    write, refresh = _live(home)
    yield one("live_write_seconds", write, "s")
    yield one("live_refresh_seconds", refresh, "s")


def _environment(home: Path) -> dict[str, str]:
    chosen = {"NEURALINK_HOME": str(home), "NEURALINK_DATABASE_URL": ""}
    return os.environ | chosen | {"DJANGO_SETTINGS_MODULE": "neuralink_site.settings"}


def _manage(home: Path, *words: str) -> Done:
    """Run a command of manage.py; its own peak memory, without the database's."""
    began = time.perf_counter()
    command = [sys.executable, "manage.py", *words]
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=_environment(home), stdout=output)
        # Not `wait`: only wait4 tells the memory of this one child.
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        lines = output.read().splitlines()
    if process.returncode:
        sys.exit(f"{' '.join(words)} failed; it says above why.")
    told = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    return Done(told, time.perf_counter() - began, usage.ru_maxrss * 1024)


def _live(home: Path) -> list[float]:
    """Seconds that one event by API takes, and the refresh of its day, the busiest of all."""
    command = [sys.executable, "-c", LIVE, str(LIVE_WRITES)]
    done = subprocess.run(command, cwd=ROOT, env=_environment(home), stdout=subprocess.PIPE, text=True, check=True)
    found: list[float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _seconds(connection: Any, table: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT extract(epoch FROM finished_at - started_at) FROM {table} ORDER BY id LIMIT 1")
        return float(cursor.fetchone()[0])


INDEXES = """
ALTER TABLE bench_event ADD PRIMARY KEY (id, occurred_at);
CREATE INDEX ON bench_event (learner_id, occurred_at);
CREATE INDEX ON bench_event (organisation_id, occurred_at);
CREATE INDEX ON bench_event USING brin (occurred_at) WITH (pages_per_range = 32);
CREATE INDEX ON bench_event USING brin (from_import_id) WITH (pages_per_range = 32);
ALTER TABLE bench_event ADD FOREIGN KEY (organisation_id) REFERENCES analytics_organisation (id);
ALTER TABLE bench_event ADD FOREIGN KEY (learner_id) REFERENCES analytics_learner (id);
ALTER TABLE bench_event ADD FOREIGN KEY (activity_id) REFERENCES analytics_activity (id);
ALTER TABLE bench_event ADD FOREIGN KEY (from_import_id) REFERENCES analytics_import (id);
"""


def _copy_seconds(connection: Any, indexes: str) -> float:
    """Copy the events that came in out to a file, and measure how long one COPY takes them in again."""
    with connection.cursor() as cursor, tempfile.TemporaryFile() as file:
        cursor.execute("DROP TABLE IF EXISTS bench_event")
        cursor.execute("CREATE TABLE bench_event (LIKE analytics_event INCLUDING DEFAULTS)")
        cursor.execute("CREATE SEQUENCE IF NOT EXISTS bench_event_id")
        cursor.execute("ALTER TABLE bench_event ALTER id SET DEFAULT nextval('bench_event_id')")
        cursor.execute(indexes or "SELECT 1")
        cursor.copy_expert(f"COPY (SELECT {COLUMNS} FROM analytics_event ORDER BY id) TO STDOUT", file)
        file.seek(0)
        began = time.perf_counter()
        cursor.copy_expert(f"COPY bench_event ({COLUMNS}) FROM STDIN", file)
        spent = time.perf_counter() - began
        cursor.execute("DROP TABLE bench_event")
    return spent
