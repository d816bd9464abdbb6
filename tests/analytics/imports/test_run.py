"""Imports as jobs: taken once, gone on with, tried dry, rolled back, stopped."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from analytics import tasks
from analytics.errors import JobCancelled, LeaseLost, NeuralinkError
from analytics.imports import load
from analytics.imports import run as run_module
from analytics.imports.formats.csv_events import CsvEvents
from analytics.imports.rollback import roll_back
from analytics.imports.run import run_import
from analytics.imports.start import create_import
from analytics.jobs import Lease, working_on
from analytics.models import (
    DirtyDay,
    Event,
    EventKey,
    Import,
    JobState,
    Learner,
    Organisation,
    RollupRefresh,
    RowVerdict,
)
from tests.analytics.imports.conftest import HEADER, worked_on

ImportCsv = Callable[..., Import]
ROWS = "l1,a1,viewed,2024-03-01,1,\nl1,a1,viewed,2024-03-01,1,\nl2,,viewed,2024-03-02,1,\nl2,a2,viewed,2024-04-02,1,\n"
KEYED = (
    b"id,learner,activity,verb,at\ne1,l1,a1,viewed,2024-03-01\ne2,l1,a1,viewed,2024-03-01\ne1,l1,a1,viewed,2024-03-01\n"
)


def counts(import_: Import) -> tuple[int, int, int, int]:
    assert import_.adds_up
    return import_.n_read, import_.n_accepted, import_.n_merged, import_.n_rejected


@pytest.fixture
def small_batches(settings: Any) -> None:
    settings.NEURALINK_BATCH_ROWS = 7


class Killed(BaseException):
    """What ends a process in a test without ending the test."""


def killed_after(n_batches: int, import_: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work on the import until so many batches are committed, and vanish without a word."""
    job = Import.objects.claim(import_.pk)
    done = 0

    def die(share: float, text: str) -> None:
        nonlocal done
        done += 1
        if done == n_batches:
            raise Killed

    with pytest.raises(Killed):
        run_import(Lease(job), die)
    Import.objects.filter(pk=import_.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_repeats_inside_a_file_are_real(import_csv: ImportCsv) -> None:
    assert counts(import_csv(ROWS)) == (4, 3, 0, 1)
    assert Event.objects.count() == 3


def test_the_same_file_again(import_csv: ImportCsv) -> None:
    import_csv(ROWS)
    again = import_csv(ROWS, name="renamed.csv")
    assert counts(again) == (4, 0, 3, 1)
    assert again.counts_by_code == {"already_imported": 3, "activity_missing": 1}
    assert list(RowVerdict.objects.filter(from_import=again).values_list("row_number", "code")) == [
        (3, "activity_missing")
    ]
    assert counts(import_csv(ROWS)) == (4, 0, 3, 1)
    assert Event.objects.count() == 3


def test_other_options_make_it_another_import(import_csv: ImportCsv) -> None:
    import_csv(ROWS)
    assert counts(import_csv(ROWS, time_zone="UTC")) == (4, 3, 0, 1)


def test_other_organisations_do_not_matter(import_csv: ImportCsv, tmp_path: Path) -> None:
    import_csv(ROWS)
    other = Organisation.objects.create(slug="other", name="Other")
    done = worked_on(create_import(other, "csv", tmp_path / "events.csv"))
    assert counts(done) == (4, 3, 0, 1)
    assert Learner.objects.filter(organisation=other).count() == 2
    assert Event.objects.exclude(learner__organisation=other).filter(organisation=other).count() == 0
    roll_back(done)
    assert Event.objects.filter(organisation__slug="importing").count() == 3


def test_rows_with_ids_are_taken_once(import_csv: ImportCsv) -> None:
    done = import_csv(KEYED)
    assert counts(done) == (3, 2, 1, 0)
    assert done.counts_by_code == {"repeated_id": 1}
    later = import_csv(KEYED + b"e3,l1,a1,viewed,2024-03-01\n", name="longer.csv")
    assert counts(later) == (4, 1, 3, 0)
    assert later.counts_by_code == {"known_id": 2, "repeated_id": 1}
    assert Event.objects.count() == EventKey.objects.count() == 3


def test_a_dry_run_tells_and_keeps_nothing(import_csv: ImportCsv) -> None:
    done = import_csv(ROWS, dry=True)
    assert counts(done) == (4, 3, 0, 1)
    assert RowVerdict.objects.get(from_import=done).code == "activity_missing"
    assert not Event.objects.exists()
    assert not Learner.objects.exists()
    assert not DirtyDay.objects.exists()
    assert not RollupRefresh.objects.exists()
    assert counts(import_csv(ROWS)) == (4, 3, 0, 1)


def test_roll_back_and_in_again(import_csv: ImportCsv) -> None:
    done = import_csv(ROWS)
    again = import_csv(ROWS)
    keyed = import_csv(KEYED)
    DirtyDay.objects.all().delete()
    assert roll_back(again) == 3
    done.refresh_from_db()
    assert done.rolled_back_at is not None
    assert Event.objects.count() == 2
    assert {day.on.isoformat() for day in DirtyDay.objects.all()} == {"2024-02-29", "2024-04-01"}
    assert roll_back(keyed) == 2
    assert not EventKey.objects.exists()
    assert counts(import_csv(ROWS)) == (4, 3, 0, 1)
    assert counts(import_csv(KEYED)) == (3, 2, 1, 0)


def test_what_cannot_be_rolled_back(import_csv: ImportCsv, organisation: Organisation, tmp_path: Path) -> None:
    done, dry = import_csv(ROWS), import_csv(KEYED, name="keyed.csv", dry=True)
    queued = create_import(organisation, "csv", tmp_path / "keyed.csv")
    roll_back(done)
    for import_, words in ((done, "rolled back before"), (dry, "dry run"), (queued, "still runs")):
        with pytest.raises(NeuralinkError, match=words):
            roll_back(import_)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("n_batches", [1, 2, 5])
def test_a_killed_import_is_gone_on_with(
    organisation: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_batches: int
) -> None:
    path = many_rows(tmp_path)
    import_ = create_import(organisation, "csv", path)
    killed_after(n_batches, import_, monkeypatch)
    assert Event.objects.count() < 40
    done = worked_on(import_)
    assert (done.state, done.attempt) == (JobState.SUCCEEDED, 2)
    assert counts(done) == (45, 40, 0, 5)
    assert sorted(Event.objects.values_list("value", flat=True)) == [n for n in range(45) if n % 9]
    assert RowVerdict.objects.filter(from_import=done).count() == 5


@pytest.mark.usefixtures("small_batches")
def test_another_import_goes_on_where_one_was_killed(
    organisation: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = many_rows(tmp_path)
    first, second = create_import(organisation, "csv", path), create_import(organisation, "csv", path)
    killed_after(2, first, monkeypatch)
    assert counts(worked_on(second)) == (45, 28, 12, 5)
    assert counts(worked_on(first)) == (45, 12, 28, 5)
    assert Event.objects.count() == 40
    assert RowVerdict.objects.count() == 10
    assert roll_back(first) == 40


@pytest.mark.usefixtures("small_batches")
def test_a_worker_that_lost_its_lease_writes_nothing(
    organisation: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_ = create_import(organisation, "csv", many_rows(tmp_path))
    slow = Lease(Import.objects.claim(import_.pk))

    def taken_over(share: float, text: str) -> None:
        if share < 0.5:
            Import.objects.filter(pk=import_.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
            assert Import.objects.claim(import_.pk) is not None
        else:
            pytest.fail("The batch of a lost lease was committed.")

    with pytest.raises(LeaseLost):
        run_import(slow, taken_over)
    import_.refresh_from_db()
    assert import_.n_read == 7
    assert Event.objects.count() == import_.n_accepted


@pytest.mark.usefixtures("small_batches")
def test_a_cancelled_import_stops_between_batches(organisation: Organisation, tmp_path: Path) -> None:
    import_ = create_import(organisation, "csv", many_rows(tmp_path))
    with working_on(Import, import_.pk) as lease:
        assert lease is not None
        with pytest.raises(JobCancelled):
            run_import(lease, lambda share, text: bool(Import.objects.get(pk=import_.pk).request_cancel()))
        raise JobCancelled
    import_.refresh_from_db()
    assert import_.state == JobState.CANCELLED
    assert Event.objects.count() == import_.n_accepted == 6
    assert RollupRefresh.objects.get().state == JobState.QUEUED


@pytest.mark.usefixtures("small_batches")
def test_a_file_that_changes_meanwhile(
    organisation: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = many_rows(tmp_path)
    import_ = create_import(organisation, "csv", path)
    killed_after(1, import_, monkeypatch)
    path.write_text(path.read_text() + "l9,a9,viewed,2024-03-01,1,\n")
    done = worked_on(import_)
    assert (done.state, done.n_read) == (JobState.FAILED, 7)
    assert "changed while it was being imported" in done.error


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("small_batches")
def test_two_workers_with_the_same_file(tmp_path: Path) -> None:
    organisation = Organisation.objects.create(slug="twice", name="Twice")
    path = many_rows(tmp_path)
    imports = [create_import(organisation, "csv", path) for _ in range(2)]
    together = Barrier(2)

    def work(import_: Import) -> Import:
        try:
            connection.ensure_connection()
            together.wait(timeout=30)
            return worked_on(import_)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as workers:
        done = list(workers.map(work, imports))
    assert sorted(counts(each) for each in done) == [(45, 0, 40, 5), (45, 40, 0, 5)]
    assert sorted(Event.objects.values_list("value", flat=True)) == [n for n in range(45) if n % 9]


def test_verdicts_are_capped_and_counted(import_csv: ImportCsv, settings: Any) -> None:
    settings.NEURALINK_VERDICTS_KEPT = 3
    settings.NEURALINK_BATCH_ROWS = 2
    done = import_csv("l1,,viewed,2024-03-01,,\n" * 9)
    assert counts(done) == (9, 0, 0, 9)
    assert done.counts_by_code == {"activity_missing": 9}
    assert RowVerdict.objects.count() == 3


def test_the_planner_learns_of_many_rows(import_csv: ImportCsv, small_batches: None) -> None:
    def n_known() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'analytics_event'")
            return int(cursor.fetchone()[0])

    import_csv("l1,a1,viewed,2024-03-01,,\n", "few.csv")
    known = n_known()
    import_csv("l1,a1,viewed,2024-03-01,,\n" * 20, "many.csv")
    assert n_known() != known
    assert n_known() == 21


def test_an_import_asks_for_fresh_day_tables(import_csv: ImportCsv) -> None:
    import_csv(ROWS)
    import_csv(KEYED)
    assert [job.state for job in RollupRefresh.objects.all()] == [JobState.QUEUED]
    assert {day.on.isoformat() for day in DirtyDay.objects.all()} == {"2024-02-29", "2024-04-01"}


def test_an_archive_stops_the_clock(
    organisation: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CsvEvents, "is_archive", True)
    (tmp_path / "old.csv").write_text(HEADER + "l1,a1,viewed,2014-03-01T12:00Z,,\nl1,a1,viewed,2014-02-01T12:00Z,,\n")
    done = worked_on(create_import(organisation, "csv", tmp_path / "old.csv"))
    organisation.refresh_from_db()
    assert organisation.as_of == datetime(2014, 3, 2, tzinfo=UTC)
    assert "2014-03-02 00:00 UTC" in done.progress_text
    (tmp_path / "older.csv").write_text(HEADER + "l1,a1,viewed,2013-03-01T12:00Z,,\n")
    worked_on(create_import(organisation, "csv", tmp_path / "older.csv"))
    organisation.refresh_from_db()
    assert organisation.as_of == datetime(2014, 3, 2, tzinfo=UTC)


def test_starting_wakes_a_worker(
    organisation: Organisation, tmp_path: Path, woken: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    path = many_rows(tmp_path)
    with django_capture_on_commit_callbacks(execute=True):
        import_ = create_import(organisation, "csv", path, source_name="mine.csv", wakes_worker=True)
    assert (import_.source_name, import_.state) == ("mine.csv", JobState.QUEUED)
    assert [(message.task_name, message.args, message.queue) for message in woken] == [
        ("analytics.tasks.run_import", (import_.pk,), "import")
    ]


def test_the_task_does_what_the_row_says(organisation: Organisation, tmp_path: Path) -> None:
    import_ = create_import(organisation, "csv", many_rows(tmp_path))
    for _ in range(2):  # a message that comes twice finds nothing to do
        tasks.run_import(import_.pk)
    import_.refresh_from_db()
    assert (import_.state, import_.attempt) == (JobState.SUCCEEDED, 1)
    assert counts(import_) == (45, 40, 0, 5)


def test_events_without_a_place_are_not_lost_silently(import_csv: ImportCsv, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if somebody had deleted the learners between two statements of the load."""
    monkeypatch.setattr(load, "LEARNERS", "SELECT 1")
    done = import_csv(ROWS)
    assert (done.state, done.n_read) == (JobState.FAILED, 0)
    assert "deleted meanwhile" in done.error
    assert not Event.objects.exists()


def test_one_is_made_while_one_is_used() -> None:
    made: list[int] = []

    def numbers() -> Any:
        for number in range(4):
            made.append(number)
            yield number

    assert list(run_module.one_ahead(numbers())) == [0, 1, 2, 3]
    assert made == [0, 1, 2, 3]


def many_rows(folder: Path) -> Path:
    """45 rows; every ninth names no learner, and the value is the row's number."""
    path = folder / "many.csv"
    rows = [f"{'' if n % 9 == 0 else f'l{n % 4}'},a{n % 5},viewed,2024-0{1 + n % 6}-01T12:00Z,{n}," for n in range(45)]
    path.write_text(HEADER + "\n".join(rows) + "\n")
    return path
