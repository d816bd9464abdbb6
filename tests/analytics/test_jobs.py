"""kill -9 of a real process in the middle of an import: the next one finishes it, and every row is there once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import Count, Sum
from django.utils import timezone, translation

from analytics.aggregates.rollups import refresh
from analytics.errors import NeuralinkError
from analytics.imports.start import create_import
from analytics.jobs import working_on
from analytics.models import Event, Import, JobState, Learner, Organisation, OrganisationDay, Projection, RowVerdict

N_ROWS = 40_000
WORKER = """
import sys, django
django.setup()
from analytics.imports.run import run_import
from analytics.jobs import working_on
from analytics.models import Import
with working_on(Import, int(sys.argv[1])) as lease:
    if lease is not None:
        run_import(lease, lambda share, text: print(share, flush=True))
"""


def worker(import_: Import) -> subprocess.Popen[str]:
    """A process that works on the import in the test's database, and prints its share after every batch."""
    address = {name: quote(str(value), safe="") for name, value in connection.get_connection_params().items()}
    url = "postgresql://{user}:{password}@{host}:{port}/{dbname}".format(**address)
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "neuralink_site.settings",
        "NEURALINK_DATABASE_URL": url,
        "NEURALINK_BATCH_ROWS": "1000",
        "NEURALINK_HOME": str(settings.HOME),
    }
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(import_.pk)],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def kill_when(process: subprocess.Popen[str], share: float, seconds: float) -> None:
    """Kill it some moments after it told of that share: reading, copying, inserting or committing the next batch."""
    assert process.stdout is not None
    for line in process.stdout:
        if float(line) >= share:
            break
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


def silent_for_long(import_: Import) -> None:
    """As if the lease had run out: nobody has to wait for that in a test."""
    Import.objects.filter(pk=import_.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def file_of(folder: Path) -> Path:
    """Row n has the value n; every hundredth names no activity."""
    path = folder / "killed.csv"
    with path.open("w") as file:
        file.write("learner,activity,verb,at,value\n")
        for n in range(N_ROWS):
            activity = "" if n % 100 == 0 else f"a{n % 37}"
            file.write(f"l{n % 501},{activity},viewed,2024-{1 + n % 12:02}-{1 + n % 28:02}T{n % 24:02}:00Z,{n}\n")
    return path


@pytest.mark.django_db(transaction=True)
def test_killed_three_times_and_finished_once(tmp_path: Path) -> None:
    chance = random.Random()
    organisation = Organisation.objects.create(slug="killed", name="Killed")
    import_ = create_import(organisation, "csv", file_of(tmp_path))
    for share in (0.05, 0.3, 0.55):
        kill_when(worker(import_), share, seconds=chance.uniform(0.001, 0.05))
        found = Import.objects.annotate(n_events=Count("events")).get(pk=import_.pk)
        assert (found.state, found.n_read % 1000) == (JobState.RUNNING, 0)
        assert found.n_events == found.n_accepted == found.n_read - found.n_rejected
        silent_for_long(import_)
    assert worker(import_).wait(timeout=120) == 0

    import_.refresh_from_db()
    assert (import_.state, import_.attempt, import_.error) == (JobState.SUCCEEDED, 4, "")
    expected = [n for n in range(N_ROWS) if n % 100]
    found = Event.objects.aggregate(n=Count("id"), n_values=Count("value", distinct=True), total=Sum("value"))
    assert found == {"n": len(expected), "n_values": len(expected), "total": float(sum(expected))}
    assert (import_.n_read, import_.n_accepted, import_.n_rejected) == (N_ROWS, len(expected), N_ROWS // 100)
    rejected = RowVerdict.objects.filter(from_import=import_).values_list("row_number", flat=True)
    assert sorted(rejected) == [n + 1 for n in range(0, N_ROWS, 100)]
    assert Learner.objects.count() == 501
    refresh(organisation.pk)
    assert OrganisationDay.objects.aggregate(n=Sum("n_events")) == {"n": len(expected)}


@pytest.mark.django_db
def test_a_job_writes_in_the_language_of_its_organisation() -> None:
    organisation = Organisation.objects.create(slug="school", name="School", language="zh-hans")
    job = Projection.objects.create(organisation=organisation)
    with translation.override("en"):
        with working_on(Projection, job.pk):
            assert translation.get_language() == "zh-hans"
            raise NeuralinkError(translation.gettext("Queued"))
        assert translation.get_language() == "en"
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, "排队中")


@pytest.mark.django_db
def test_a_job_that_kills_its_workers_is_given_up_with_a_sentence() -> None:
    organisation = Organisation.objects.create(slug="school", name="School", language="zh-hans")
    job = Projection.objects.create(organisation=organisation, attempt=Projection.max_attempts)
    with working_on(Projection, job.pk) as lease:
        assert lease is None
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert job.error.startswith("工作进程在处理它时已终止 5 次")
