"""Files that mean harm, machines that fail: a clear error, and nothing half written."""

from __future__ import annotations

import gzip
import os
import random
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import openpyxl
import pyarrow as pa
import pyarrow.parquet
import pytest
from django.conf import settings as django_settings
from django.db import OperationalError, connection, connections
from psycopg2.errors import DiskFull

from analytics.errors import InvalidInput
from analytics.imports import load
from analytics.imports.run import run_import
from analytics.imports.start import create_import
from analytics.imports.tables import packed
from analytics.jobs import working_on
from analytics.models import Activity, Event, Import, JobState, Learner, Organisation, RowVerdict
from tests.analytics.imports.conftest import HEADER, worked_on

ImportCsv = Callable[..., Import]
ROW = "l1,a1,viewed,2024-03-01T10:00Z,1,\n"
ROWS = "".join(f"l{n % 7},a{n % 5},viewed,2024-03-{n % 28 + 1:02}T10:00Z,{n},\n" for n in range(3000))
MIB = 2**20


def refused(organisation: Organisation, path: Path, **options: Any) -> str:
    """The sentence with which a file is refused, before or after a worker took it; nothing of it is there."""
    try:
        done = worked_on(create_import(organisation, "csv", path, options=options))
    except InvalidInput as error:
        sentence = str(error)
    else:
        assert done.state == JobState.FAILED
        sentence = done.error
    assert not Event.objects.exists()
    assert not Learner.objects.exists()
    return sentence


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (HEADER.encode(), "has no rows below its header"),
        (HEADER.replace(",", "\0").encode(), "holds NUL bytes"),
        ((",".join(f"c{n}" for n in range(10_000)) + "\n").encode(), "10,000 columns; at most 2,000"),
        (b"learner,activity,verb,at\n" + ROW.encode() * 3, "no rows below its header"),
    ],
)
def test_a_file_that_is_refused(organisation: Organisation, tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    if b"at\nl1" in content:  # every row has too many fields: rejected one by one, and told
        done = worked_on(create_import(organisation, "csv", path))
        assert done.counts_by_code == {"wrong_number_of_fields": 3}
    else:
        assert words in refused(organisation, path)


def _gzip(path: Path) -> None:
    path.write_bytes(gzip.compress((HEADER + ROWS).encode()))


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.csv", HEADER + ROWS)


def _zstd(path: Path) -> None:
    with pa.output_stream(str(path), compression="zstd") as file:
        file.write((HEADER + ROWS).encode())


def _parquet(path: Path) -> None:
    rows = [line.split(",") for line in ROWS.splitlines()]
    columns = dict(zip(HEADER.strip().split(","), map(list, zip(*rows, strict=True)), strict=True))
    pyarrow.parquet.write_table(pa.table(columns), path)


def _workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    for line in (HEADER + ROWS).splitlines():
        book.active.append(line.split(","))
    book.save(path)


@pytest.mark.parametrize("write", [_gzip, _zip, _zstd, _parquet, _workbook])
@pytest.mark.parametrize("n_lost", [1, 40, 2000])
def test_a_file_that_was_cut_off_in_transit(
    organisation: Organisation, tmp_path: Path, write: Callable[[Path], None], n_lost: int
) -> None:
    path = tmp_path / "cut"
    write(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-n_lost])
    assert "ends too early" in refused(organisation, path) or "damaged" in refused(organisation, path)
    path.write_bytes(whole)
    assert worked_on(create_import(organisation, "csv", path)).n_accepted == 3000


@pytest.mark.parametrize("pack", [gzip.compress, None])
def test_a_bomb(
    organisation: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes] | None
) -> None:
    monkeypatch.setattr(packed, "FREE_BYTES", MIB)
    content = (HEADER + ROW * 200_000).encode() + bytes(30 * MIB)
    path = tmp_path / "bomb"
    if pack:
        path.write_bytes(pack(content))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("rows.csv", content)
    assert "unpacks to more than 250 times its size" in refused(organisation, path)


def test_a_name_that_leads_out_of_the_archive(organisation: Organisation, tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    with zipfile.ZipFile(folder / "bad.zip", "w") as archive:
        archive.writestr("../rows.csv", HEADER + ROW)
    assert "leads out of it" in refused(organisation, folder / "bad.zip")
    assert list(tmp_path.rglob("*.csv")) == []


def test_formulas_are_not_computed_and_links_not_followed(organisation: Organisation, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(HEADER.strip().split(","))
    book.active.append(["l1", "a1", "viewed", "2024-03-01T10:00Z", "=1+1", None])
    book.active.append(['=HYPERLINK("http://127.0.0.1:1/")', "a1", "viewed", "2024-03-01T10:00Z", 2, None])
    book.active.append(["l2", "='http://127.0.0.1:1/[x.xlsx]S'!A1", "viewed", "2024-03-01T10:00Z", 3, None])
    book.save(tmp_path / "book.xlsx")
    done = worked_on(create_import(organisation, "csv", tmp_path / "book.xlsx"))
    assert done.counts_by_code == {"learner_missing": 1, "activity_missing": 1}
    assert list(Event.objects.values_list("value", flat=True)) == [None]


def test_encodings_mixed_in_one_file(import_csv: ImportCsv) -> None:
    rows = [f"Müller {n},a1,viewed,2024-03-01T10:00Z,,".encode() for n in range(50)]
    rows[20] = "Jürgen,a1,viewed,2024-03-01T10:00Z,,".encode("cp1252")
    done = import_csv(HEADER.encode() + b"\n".join(rows))
    assert (done.n_accepted, done.counts_by_code) == (49, {"not_utf8": 1})
    verdict = RowVerdict.objects.get()
    assert verdict.row_number == 21
    assert "\\xfc" in verdict.content["text"]


def test_ids_of_every_kind(import_csv: ImportCsv) -> None:
    ids = ["مُتَعَلِّم", "😀👩‍🎓", "\u202egnirts\u202c", "x" * 500, "-1", "=1+1", "'; DROP TABLE analytics_event; --", "0"]
    done = import_csv("".join(f'"{each}",a1,viewed,2024-03-01T10:00Z,,\n' for each in [*ids, "y" * 10_240]))
    assert (done.n_accepted, done.counts_by_code) == (len(ids), {"learner_too_long": 1})
    assert set(Learner.objects.values_list("external_id", flat=True)) == set(ids)
    assert Activity.objects.count() == 1


@pytest.mark.parametrize("at", ["0000-01-01", "0001-01-01T00:00Z", "9999-12-31T23:59:59-14:00", "10000-01-01", "-5"])
def test_years_that_are_none(import_csv: ImportCsv, at: str) -> None:
    done = import_csv(f"l1,a1,viewed,{at},,\n")
    assert done.n_rejected == 1
    assert set(done.counts_by_code) <= {"at_impossible", "at_unreadable"}


@pytest.mark.parametrize("value", ["NaN", "inf", "-Infinity", "1e999", "0x10", "1_000", "١٢"])
def test_numbers_that_are_none(import_csv: ImportCsv, value: str) -> None:
    done = import_csv(f"l1,a1,viewed,2024-03-01T10:00Z,{value},points\n")
    assert done.counts_by_code == ({} if value == "NaN" else {"value_not_a_number": 1})
    assert list(Event.objects.values_list("value", flat=True)) == ([None] if value == "NaN" else [])


def test_a_quote_that_is_not_closed_in_the_middle(import_csv: ImportCsv) -> None:
    rows = ROWS.splitlines(keepends=True)
    rows[1500] = 'l1,"a1,viewed,2024-03-01T10:00Z,1,\n'
    done = import_csv("".join(rows))
    assert (done.n_read, done.n_accepted, done.counts_by_code) == (3000, 2999, {"broken_quoting": 1})


def test_a_full_disk(organisation: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.csv"
    path.write_text(HEADER + ROWS)

    def full(*_args: Any) -> None:
        raise OperationalError from DiskFull()

    with monkeypatch.context() as patched:
        patched.setattr(load, "stage", full)
        assert "disk is full. Free some space and import the same file again" in refused(organisation, path)
    assert worked_on(create_import(organisation, "csv", path)).n_accepted == 3000


@pytest.mark.django_db(transaction=True)
def test_the_database_goes_away_in_the_middle(tmp_path: Path, settings: Any) -> None:
    settings.NEURALINK_BATCH_ROWS = 500
    organisation = Organisation.objects.create(slug="gone", name="Gone")
    path = tmp_path / "events.csv"
    path.write_text(HEADER + ROWS)
    import_ = create_import(organisation, "csv", path)

    def cut(share: float, text: str) -> None:
        if 0.4 < share < 0.7:
            ours = connection.connection.info.backend_pid
            other = connections.create_connection("default")
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [ours])
            other.close()

    with working_on(Import, import_.pk) as lease:
        assert lease is not None
        run_import(lease, cut)
    import_.refresh_from_db()
    assert import_.state == JobState.RUNNING
    assert 0 < import_.n_read < 3000
    assert import_.n_accepted == Event.objects.count()
    Import.objects.update(lease_expires_at="2020-01-01T00:00Z")
    done = worked_on(import_)
    assert (done.state, done.n_read, done.n_accepted, done.attempt) == (JobState.SUCCEEDED, 3000, 3000, 2)
    assert Event.objects.count() == 3000


MEMORY = """
import sys
from pathlib import Path
import django
django.setup()
from analytics.imports.formats import format_named
read = [batch for batch in format_named("csv")(Path(sys.argv[1]), {}).batches({})]
# Of this program alone: what getrusage tells was inherited from the tests that started it.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print(sum(b.rows.num_rows for b in read), [row.code for b in read for row in b.broken], int(peak) // 1024)
"""


@pytest.mark.slow
def test_a_line_of_a_gigabyte(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("wb") as file:
        file.write((HEADER + ROW).encode())
        for _ in range(1024):
            file.write(b"x" * MIB)
        file.write(b"\n" + ROW.encode())
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "neuralink_site.settings"}
    told = subprocess.run(
        [sys.executable, "-c", MEMORY, str(path)], env=environment, capture_output=True, text=True, check=True
    ).stdout
    n_rows, codes, peak = told.split(" ", 1)[0], told[told.index("[") : told.index("]") + 1], int(told.split()[-1])
    assert (n_rows, codes) == ("2", "['row_too_long']")
    assert peak < 250, f"{peak} MiB"


N_KILLS, N_KILLED_ROWS = 20, 150_000


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_at_twenty_random_moments(tmp_path: Path) -> None:
    """Every row there once, whatever moment each of twenty processes dies at; each ledger adds up."""
    organisation = Organisation.objects.create(slug="killed", name="Killed")
    path = tmp_path / "events.csv"
    with path.open("w") as file:
        file.write(HEADER)
        for n in range(N_KILLED_ROWS):
            learner = "" if n % 100 == 7 else f"l{n % 977}"
            file.write(f"{learner},a{n % 89},viewed,2024-03-{n % 28 + 1:02}T10:00Z,{n},\n")
    chance = random.Random(3)
    for _kill in range(N_KILLS):
        process = _start(path)
        before, until = Event.objects.count(), time.monotonic() + (60 if chance.random() < 0.9 else 1)
        while Event.objects.count() == before and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.1))
        process.kill()
        process.wait()
    assert 0 < Event.objects.count() < N_KILLED_ROWS * 0.99, "The moments of death say nothing."
    assert _start(path).wait(timeout=120) == 0
    expected = {float(n) for n in range(N_KILLED_ROWS) if n % 100 != 7}
    found = list(Event.objects.filter(organisation=organisation).values_list("value", flat=True))
    assert len(found) == len(expected)
    assert set(found) == expected
    imports = list(Import.objects.order_by("id"))
    assert all(each.adds_up for each in imports)
    assert sum(each.n_accepted for each in imports) == len(expected)
    assert (imports[-1].state, imports[-1].n_read) == (JobState.SUCCEEDED, N_KILLED_ROWS)
    assert RowVerdict.objects.filter(from_import=imports[-1]).count() == imports[-1].n_rejected == N_KILLED_ROWS // 100


def _start(path: Path) -> subprocess.Popen[bytes]:
    """The command in a process of its own, on the database of this test."""
    connection.ensure_connection()
    at = connection.connection.info  # an embedded server's address is known to the connection only
    url = f"postgresql://{at.user}:{quote(at.password, safe='')}@{quote(at.host, safe='')}:{at.port}/{at.dbname}"
    chosen = {"NEURALINK_DATABASE_URL": url, "NEURALINK_BATCH_ROWS": "1000", "NEURALINK_LEASE_SECONDS": "3"}
    return subprocess.Popen(
        [sys.executable, "manage.py", "import_data", "csv", str(path), "--organisation", "killed"],
        cwd=django_settings.BASE_DIR,
        env=os.environ | chosen,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
