"""What imports are measured beside: bare COPY, django-import-export, and three engines that parse."""

import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.csv

COLUMNS = "organisation_id, learner_id, activity_id, from_import_id, occurred_at, value, verb, unit"
PEER_PACKAGES = ("django-import-export==4.4.3", "tablib==3.10.0", "Django==5.2.19", "psycopg2-binary==2.9.13")
IDENTICAL = """
CREATE TABLE bench_event (LIKE analytics_event INCLUDING DEFAULTS INCLUDING INDEXES) PARTITION BY RANGE (occurred_at)
"""
MONTHS = """
SELECT relname, pg_get_expr(relpartbound, pg_class.oid) FROM pg_class JOIN pg_inherits ON inhrelid = pg_class.oid
WHERE inhparent = 'analytics_event'::regclass ORDER BY relname
"""
FOREIGN_KEYS = """
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'analytics_event'::regclass AND contype = 'f'
"""
RESOURCE = """
import json, sys, time
import django
from django.conf import settings
told = json.load(sys.stdin)
settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", **told["database"]}},
                   INSTALLED_APPS=["import_export"], USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")
django.setup()
import tablib
from django.db import models
from import_export import fields, resources
from import_export.widgets import ForeignKeyWidget
class Ours(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(organisation_id=told["organisation"])
class Learner(models.Model):
    organisation_id = models.BigIntegerField()
    external_id = models.TextField()
    objects = Ours()
    class Meta: app_label, managed, db_table = "import_export", False, "analytics_learner"
class Activity(models.Model):
    organisation_id = models.BigIntegerField()
    external_id = models.TextField()
    objects = Ours()
    class Meta: app_label, managed, db_table = "import_export", False, "analytics_activity"
class Event(models.Model):
    organisation_id = models.BigIntegerField(default=told["organisation"])
    from_import_id = models.BigIntegerField(default=told["import"])
    learner = models.ForeignKey(Learner, models.CASCADE)
    activity = models.ForeignKey(Activity, models.CASCADE)
    verb = models.TextField()
    occurred_at = models.DateTimeField()
    value = models.FloatField(null=True)
    unit = models.TextField()
    class Meta: app_label, managed, db_table = "import_export", False, "bench_event"
class Rows(resources.ModelResource):
    learner = fields.Field("learner", "learner", ForeignKeyWidget(Learner, "external_id"))
    activity = fields.Field("activity", "activity", ForeignKeyWidget(Activity, "external_id"))
    occurred_at = fields.Field("occurred_at", "at", resources.widgets.DateTimeWidget("%Y-%m-%dT%H:%M:%SZ"))
    class Meta:
        model, force_init_instance, import_id_fields = Event, True, ()
        exclude = ("id", "organisation_id", "from_import_id")
        if told["bulk"]:
            use_bulk, batch_size, skip_diff = True, 1000, True
began = time.perf_counter()
result = Rows().import_data(tablib.Dataset().load(open(told["path"]).read(), format="csv"), raise_errors=True)
print(json.dumps([time.perf_counter() - began, Event.objects.count(), result.totals]))
"""


def make_identical(connection: Any) -> None:
    """An empty `bench_event` with the partitions, indexes and foreign keys of the table of events."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_event")
        cursor.execute(IDENTICAL)
        cursor.execute("CREATE SEQUENCE IF NOT EXISTS bench_event_id")
        cursor.execute("ALTER TABLE bench_event ALTER id SET DEFAULT nextval('bench_event_id')")
        cursor.execute(MONTHS)
        for month, bounds in cursor.fetchall():
            name = month.replace("analytics_", "bench_")
            cursor.execute(f"CREATE TABLE {name} PARTITION OF bench_event {bounds}")
        cursor.execute(FOREIGN_KEYS)
        for (key,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE bench_event ADD {key}")


def make_bare(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_event")
        cursor.execute("CREATE TABLE bench_event (LIKE analytics_event INCLUDING DEFAULTS)")
        cursor.execute("CREATE SEQUENCE IF NOT EXISTS bench_event_id")
        cursor.execute("ALTER TABLE bench_event ALTER id SET DEFAULT nextval('bench_event_id')")


def copy_seconds(connection: Any, make: Callable[[Any], None]) -> float:
    """Copy the events that came in out to a file, and measure how long one COPY takes them in again."""
    make(connection)
    with connection.cursor() as cursor, tempfile.TemporaryFile() as file:
        cursor.copy_expert(f"COPY (SELECT {COLUMNS} FROM analytics_event ORDER BY id) TO STDOUT", file)
        file.seek(0)
        began = time.perf_counter()
        cursor.copy_expert(f"COPY bench_event ({COLUMNS}) FROM STDIN", file)
        spent = time.perf_counter() - began
        cursor.execute("DROP TABLE bench_event")
    return spent


def import_export_seconds(connection: Any, path: Path, environment: Path, import_id: int, *, is_bulk: bool) -> float:
    """Seconds that django-import-export takes for the file of an import, whose learners and activities are there."""
    python = _peer_python(environment)
    make_identical(connection)
    with connection.cursor() as cursor:
        cursor.execute("SELECT organisation_id FROM analytics_import WHERE id = %s", [import_id])
        (organisation,) = cursor.fetchone()
    at = connection.info
    database = {"NAME": at.dbname, "USER": at.user, "PASSWORD": at.password, "HOST": at.host, "PORT": at.port}
    told = {"database": database, "organisation": organisation, "import": import_id, "path": str(path), "bulk": is_bulk}
    run = [str(python), "-c", RESOURCE]
    done = subprocess.run(run, input=json.dumps(told), stdout=subprocess.PIPE, text=True, check=True)
    seconds, n_rows, totals = json.loads(done.stdout.splitlines()[-1])
    if n_rows != sum(totals.values()):
        sys.exit(f"The peer kept {n_rows} rows of {totals}.")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bench_event")
    return float(seconds)


def _peer_python(environment: Path) -> Path:
    """An environment of its own, so that the peer's packages are none of ours."""
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        venv.create(environment, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PEER_PACKAGES], check=True, stdout=sys.stderr)
    return python


def engine_seconds(connection: Any, path: Path) -> dict[str, float]:
    """Seconds from the bytes of a CSV file to its rows of text in a temporary table, by who parses."""
    with path.open(encoding="utf-8", newline="") as file:
        names = next(csv.reader(file))
    engines: dict[str, Callable[[Any], None]] = {
        "pyarrow": lambda cursor: _by_arrow(cursor, path),
        "pandas": lambda cursor: _by_pandas(cursor, path),
        "database": lambda cursor: _by_database(cursor, path),
    }
    spent = {}
    for name, parse in engines.items():
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS bench_parsed")
            cursor.execute(f"CREATE TEMP TABLE bench_parsed ({', '.join(f'{each} text' for each in names)})")
            began = time.perf_counter()
            parse(cursor)
            spent[name] = time.perf_counter() - began
            cursor.execute("DROP TABLE bench_parsed")
    return spent


def _by_arrow(cursor: Any, path: Path) -> None:
    with path.open("rb") as file:
        names = file.readline().decode().strip().split(",")
    strings = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, "string"))
    reading = pyarrow.csv.ReadOptions(block_size=2**22, use_threads=False)
    for batch in pyarrow.csv.open_csv(path, read_options=reading, convert_options=strings):
        text = io.BytesIO()
        pyarrow.csv.write_csv(batch, text, pyarrow.csv.WriteOptions(include_header=False))
        text.seek(0)
        cursor.copy_expert("COPY bench_parsed FROM STDIN (FORMAT csv)", text)


def _by_pandas(cursor: Any, path: Path) -> None:
    for frame in pd.read_csv(path, dtype=str, engine="c", chunksize=100_000, na_filter=False):
        text = io.StringIO()
        frame.to_csv(text, header=False, index=False)
        text.seek(0)
        cursor.copy_expert("COPY bench_parsed FROM STDIN (FORMAT csv)", text)


def _by_database(cursor: Any, path: Path) -> None:
    with path.open("rb") as file:
        cursor.copy_expert("COPY bench_parsed FROM STDIN (FORMAT csv, HEADER)", file)
