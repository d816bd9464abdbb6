"""Imports in a fresh process and an empty database of their own: rows a second, peak memory, growth, and the peers.

`oulad` needs the folder of its seven files (`--folder`), and unpacks them from ../shared/data where that is there;
`generated` writes a CSV file of `--rows` events; `growth` such files of every size of `--sizes`; `peer` compares 20,000
rows with django-import-export, which it installs into an environment of its own; `engines` who parses fastest. Beside
the imports stands, in the same run, one COPY of the very rows that came in: into an identical table (same partitions,
indexes and foreign keys), and into a bare one.
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

from bench.import_peers import copy_seconds, engine_seconds, import_export_seconds, make_bare, make_identical
from bench.record import ROOT, Measurement
from neuralink_site import embedded_postgres

QUICK = ("--case", "generated", "peer", "engines", "--rows", "200000", "--repeats", "1")
SHARED = ROOT.parent / "shared" / "data"
PEER_ROWS = 20_000
MANY_ROWS = 5_000_000
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

WORKER = """
import django, sys
django.setup()
from django.core.management import call_command
for told in sys.argv[1:]:
    path, slug = told.split("=")
    call_command("import_data", "csv", path, organisation=slug, create_organisation=slug)
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
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000], help="of growth")
    parser.add_argument("--folder", type=Path, help="the seven files of OULAD")
    parser.add_argument("--repeats", type=int, default=3, help="of the peers; the median counts")


def measure(arguments: argparse.Namespace) -> Iterator[Measurement]:
    cases = {"oulad": _oulad, "generated": _generated, "growth": _growth, "peer": _peer, "engines": _engines}
    for case in arguments.case or cases:
        with tempfile.TemporaryDirectory(prefix="bench-imports-") as folder:
            home = Path(folder) / "home"
            try:
                yield from cases[case](home, arguments)
            finally:
                embedded_postgres.stop(home)


def _oulad(home: Path, arguments: argparse.Namespace) -> Iterator[Measurement]:
    source = arguments.folder or home.parent / "oulad"
    if not arguments.folder:
        if not (SHARED / "unpack_oulad.py").exists():
            print("OULAD is not beside this checkout (../shared/data): give --folder.", file=sys.stderr)
            return
        subprocess.run([sys.executable, str(SHARED / "unpack_oulad.py"), str(source)], check=True, stdout=sys.stderr)
    yield from _measured("oulad", home, ["oulad", str(source)], arguments.repeats)


def _generated(home: Path, arguments: argparse.Namespace) -> Iterator[Measurement]:
    source = home.parent / "generated.csv"
    _generate(source, arguments.rows)
    yield from _measured(f"generated/{arguments.rows}", home, ["csv", str(source)], arguments.repeats)


def _growth(home: Path, arguments: argparse.Namespace) -> Iterator[Measurement]:
    """How the seconds of imports grow with their rows: 1 is in proportion."""
    _manage(home, "migrate", "--verbosity", "0")
    seconds: list[float] = []
    rollups: list[float] = []
    for n_rows in arguments.sizes:
        source = home.parent / f"{n_rows}.csv"
        _generate(source, n_rows)
        slug = f"rows-{n_rows}"
        done = _manage(home, "import_data", "csv", str(source), "--organisation", slug, "--create-organisation", slug)
        with _connected(home) as connection:
            seconds.append(_seconds(connection, "analytics_import", done.told["import_id"]))
            rollups.append(
                _seconds(connection, "analytics_rolluprefresh", _last(connection, "analytics_rolluprefresh"))
            )
        source.unlink()
        yield Measurement("imports", f"growth/{n_rows}", "import_seconds", seconds[-1], "s")
        yield Measurement("imports", f"growth/{n_rows}", "rollup_seconds", rollups[-1], "s")
        yield Measurement("imports", f"growth/{n_rows}", "peak_memory_bytes", done.peak_bytes, "B")
    for name, taken in (("exponent", seconds), ("exponent_with_day_tables", np.add(seconds, rollups))):
        exponent = float(np.polyfit(np.log(arguments.sizes), np.log(taken), 1)[0])
        yield Measurement("imports", "growth", name, exponent, "")


def _peer(home: Path, arguments: argparse.Namespace) -> Iterator[Measurement]:
    """Theirs meets learners and activities that are there; ours does so too, and has to make all of them where empty.

    The months of events are there in both, made by a first import: once in an installation. It also loads the modules
    of the process, which goes on to import as a worker does; those of the peer are loaded before its clock starts.
    """
    _manage(home, "migrate", "--verbosity", "0")
    files = []
    for seed, slug in enumerate(("first", "empty", "empty"), 1):
        source = home.parent / f"{seed}.csv"
        _generate(source, PEER_ROWS, seed)
        files.append(f"{source}={slug}")
    subprocess.run(
        [sys.executable, "-c", WORKER, *files], cwd=ROOT, env=_environment(home), stdout=sys.stderr, check=True
    )
    cache = Path(os.environ.get("NEURALINK_HOME") or ROOT / "var") / "bench" / "django-import-export"
    with _connected(home) as connection:
        ours = {
            f"peer/{PEER_ROWS}": PEER_ROWS / _seconds(connection, "analytics_import", 3),
            f"peer/{PEER_ROWS}/empty": PEER_ROWS / _seconds(connection, "analytics_import", 2),
        }
        for name, is_bulk in (("django-import-export", False), ("django-import-export, in bulk", True)):
            taken = import_export_seconds(connection, source, cache, 3, is_bulk=is_bulk)
            for case, rate in ours.items():
                yield Measurement("imports", case, "rows_per_second", rate, "rows/s", name, PEER_ROWS / taken)


def _engines(home: Path, arguments: argparse.Namespace) -> Iterator[Measurement]:
    source = home.parent / "parsed.csv"
    _generate(source, arguments.rows)
    with _connected(home) as connection:
        runs = [engine_seconds(connection, source) for _ in range(arguments.repeats)]
    for name in runs[0]:
        rate = arguments.rows / median(run[name] for run in runs)
        yield Measurement("imports", f"engines/{name}", "staged_rows_per_second", rate, "rows/s")


def _generate(path: Path, n_rows: int, seed: int = 0) -> None:
    """Write events of 5,000 learners on 2,000 activities in 40 courses over two years, in the order of time."""
    chance = np.random.default_rng(seed)
    learners = chance.zipf(1.3, n_rows) % 5000
    activities = chance.zipf(1.2, n_rows) % 2000
    days = np.sort(chance.integers(0, 730 * 86_400, n_rows)) + np.datetime64("2023-01-01T00:00:00", "s")
    values = chance.integers(1, 600, n_rows)
    with path.open("w", encoding="utf-8") as file:
        file.write("learner,activity,verb,at,value,unit,course\n")
        for learner, activity, at, value in zip(learners, activities, days, values, strict=True):
            file.write(f"l{learner},a{activity},viewed,{at}Z,{value},seconds,c{activity % 40}\n")


def _measured(case: str, home: Path, words: list[str], repeats: int) -> Iterator[Measurement]:
    def one(name: str, value: float, unit: str, *peer: Any) -> Measurement:
        return Measurement("imports", case, name, value, unit, *peer)

    _manage(home, "migrate", "--verbosity", "0")
    words = ["import_data", *words, "--organisation", "bench", "--create-organisation", "Bench"]
    first = _manage(home, *words)
    with _connected(home) as connection:
        n_events = _scalar(connection, "SELECT count(*) FROM analytics_event")
        spent = _seconds(connection, "analytics_import", first.told["import_id"])
        rollups = _seconds(connection, "analytics_rolluprefresh", 1)
        yield one("events", n_events, "rows")
        yield one("import_seconds", spent, "s")
        yield one("rollup_seconds", rollups, "s")
        for name, make in (("identical table", make_identical), ("bare table", make_bare)):
            # One COPY of ten million rows takes minutes, and differs less from the next than three short ones do.
            times = repeats if n_events < MANY_ROWS else 1
            rate = n_events / median(copy_seconds(connection, make) for _ in range(times))
            yield one("rows_per_second", n_events / spent, "rows/s", f"COPY, {name}", rate)
            yield one("rows_per_second_with_day_tables", n_events / (spent + rollups), "rows/s", f"COPY, {name}", rate)
    yield one("command_seconds", first.seconds, "s")
    yield one("peak_memory_bytes", first.peak_bytes, "B")
    again = _manage(home, *words)
    yield one("repeated_seconds", again.seconds, "s", "first time", first.seconds)
    yield one("repeated_accepted", again.told["accepted"], "rows")
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


@contextlib.contextmanager
def _connected(home: Path) -> Iterator[Any]:
    with contextlib.closing(psycopg2.connect(embedded_postgres.start(home).url)) as connection:
        connection.autocommit = True
        yield connection


def _seconds(connection: Any, table: str, key: int) -> float:
    return _scalar(connection, f"SELECT extract(epoch FROM finished_at - started_at) FROM {table} WHERE id = {key}")


def _last(connection: Any, table: str) -> int:
    return int(_scalar(connection, f"SELECT max(id) FROM {table}"))


def _scalar(connection: Any, sql: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return float(cursor.fetchone()[0])
