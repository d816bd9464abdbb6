"""The embedded server: made, found again, recovered after a crash, and plain sentences when it cannot run."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.core.management import CommandError, call_command

from neuralink_site import embedded_postgres, process_table
from neuralink_site.embedded_postgres import EmbeddedPostgresError, Server
from neuralink_site.embedded_postgres_place import Account, programs


def query(server: Server, sql: str) -> int | None:
    with closing(psycopg2.connect(server.url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0] if cursor.description else None


def postmaster(server: Server) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home below a folder of mode 700, so that root must go elsewhere."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        server = embedded_postgres.start(home)
        yield home
        embedded_postgres.stop(home)
        shutil.rmtree(server.folder)


@pytest.fixture
def server(home: Path) -> Server:
    return embedded_postgres.start(home)


def test_the_first_start_makes_a_database_behind_a_password(home: Path, server: Server) -> None:
    assert query(server, "SHOW server_encoding") == "UTF8"
    assert query(server, "SHOW synchronous_commit") == "on"
    assert embedded_postgres._record(home).stat().st_mode & 0o777 == 0o600
    wrong = server.url.replace(server.password, "wrong")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(wrong)


def test_only_the_owner_enters_the_data_and_the_folders_above_keep_their_mode(home: Path, server: Server) -> None:
    assert server.data.stat().st_mode & 0o777 == 0o700
    assert home.parent.stat().st_mode & 0o777 == 0o700
    if os.geteuid() == 0:
        assert server.data.stat().st_uid != 0
        assert not server.data.is_relative_to(home)


def test_a_running_server_is_found_without_starting_a_program(
    home: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_postgres, "_run", lambda *_: pytest.fail("a program was started"))
    assert embedded_postgres.database_url(home) == server.url


def test_what_was_committed_survives_a_killed_server(home: Path, server: Server) -> None:
    query(server, "CREATE TABLE kept AS SELECT generate_series(1, 10000) AS n")
    pid = postmaster(server)
    os.kill(pid, signal.SIGKILL)
    process_table.wait_for_end([pid], 5)
    again = embedded_postgres.start(home)
    assert postmaster(again) != pid
    assert query(again, "SELECT count(*) FROM kept") == 10_000


def test_a_busy_session_of_a_killed_server_does_not_keep_the_next_one_from_starting(home: Path, server: Server) -> None:
    sql = "SELECT count(*) FROM generate_series(1, 10000000) a, generate_series(1, 100000) b"
    connection = psycopg2.connect(server.url, async_=1)
    while connection.poll() != psycopg2.extensions.POLL_OK:
        pass
    with closing(connection):
        connection.cursor().execute(sql)
        pid = postmaster(server)
        os.kill(pid, signal.SIGKILL)
        process_table.wait_for_end([pid], 5)
        assert query(embedded_postgres.start(home), "SELECT 1") == 1


def test_a_lock_file_that_names_a_zombie_is_cleared_away(home: Path, server: Server) -> None:
    embedded_postgres.stop(home)
    zombie = subprocess.Popen(["true"])
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    (server.data / "postmaster.pid").write_text(f"{zombie.pid}\n{server.data}\n\n{server.port}\n\n\n\nready\n")
    assert embedded_postgres.status(home) == Server(server.folder, server.port, server.password)
    assert query(embedded_postgres.start(home), "SELECT 1") == 1
    zombie.wait()


def test_the_port_is_kept_and_given_up_only_when_it_is_taken(home: Path, server: Server) -> None:
    assert embedded_postgres.stop(home)
    assert not embedded_postgres.stop(home)
    assert embedded_postgres.start(home).port == server.port
    embedded_postgres.stop(home)
    with socket.create_server(("127.0.0.1", server.port)):
        moved = embedded_postgres.start(home)
        assert moved.port != server.port
        assert query(moved, "SELECT 1") == 1
    assert embedded_postgres.status(home) == moved


def test_an_interrupted_first_start_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    folder = _home_of(tmp_path, "data.unfinished")
    (folder / "data.unfinished" / "PG_VERSION").write_text("18\n")
    with pytest.raises(EmbeddedPostgresError) as caught:
        _with_initdb_saying(tmp_path, "initdb: error: could not write: No space left on device")
    assert "the disk is full: free some space" in str(caught.value)
    assert not (folder / "data.unfinished").exists()
    assert not (folder / "password").exists()


def test_a_damaged_data_folder_is_told_with_what_to_do(tmp_path: Path) -> None:
    _home_of(tmp_path, "data")
    with pytest.raises(EmbeddedPostgresError, match=r"is damaged .*restore it from a backup, or move it away"):
        embedded_postgres.start(tmp_path)


def test_a_damaged_control_file_is_told_with_what_to_do(home: Path, server: Server, tmp_path: Path) -> None:
    embedded_postgres.stop(home)
    control = server.data / "global" / "pg_control"
    whole = control.read_bytes()
    try:
        control.write_bytes(whole[:100])
        with pytest.raises(EmbeddedPostgresError, match=r"seems damaged: restore it from a backup.*PANIC"):
            embedded_postgres.start(home)
    finally:
        control.write_bytes(whole)


def test_data_of_another_major_version_is_told_with_both_versions(tmp_path: Path) -> None:
    folder = _home_of(tmp_path, "data/global")
    (folder / "data" / "PG_VERSION").write_text("15\n")
    (folder / "data" / "global" / "pg_control").touch()
    with pytest.raises(EmbeddedPostgresError, match=r"made by PostgreSQL 15, .* \(PostgreSQL\) 18\."):
        embedded_postgres.start(tmp_path)


def test_a_damaged_record_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "postgres.json").write_text("{")
    with pytest.raises(EmbeddedPostgresError, match=r"postgres\.json is damaged, .* restore it from a backup"):
        embedded_postgres.start(tmp_path)


def test_a_password_that_does_not_fit_is_told_with_what_to_do(home: Path, server: Server) -> None:
    embedded_postgres.stop(home)
    record = embedded_postgres._record(home)
    kept = record.read_text()
    record.write_text(kept.replace(server.password, "another"))
    with pytest.raises(EmbeddedPostgresError, match="does not open the database .* restore both from the same"):
        embedded_postgres.start(home)
    embedded_postgres.stop(home)
    record.write_text(kept)


def test_a_home_that_is_a_file_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedPostgresError, match=r"cannot be used .* set NEURALINK_HOME to another one"):
        embedded_postgres.start(tmp_path / "file")


def test_programs_out_of_reach_are_copied_with_their_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Account, "can_use", lambda self, path: False)
    copied = programs(tmp_path, Account(None, None))
    assert copied.is_relative_to(tmp_path)
    for program in ("initdb", "postgres", "pg_ctl"):
        told = subprocess.run([copied / program, "--version"], capture_output=True, text=True, check=True)
        assert "PostgreSQL" in told.stdout
    assert programs(tmp_path, Account(None, None)) == copied


def test_missing_programs_are_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    _home_of(tmp_path, "data")
    with pytest.raises(EmbeddedPostgresError, match="run `make install`"):
        embedded_postgres.start(tmp_path)


def test_a_server_that_somebody_uses_is_left_running(home: Path, server: Server) -> None:
    with closing(psycopg2.connect(server.url)):
        assert not embedded_postgres.stop_unused(home)
    # The server notices the end of a connection a moment after the client.
    while query(server, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'") != 1:
        pass
    assert embedded_postgres.stop_unused(home)
    assert not embedded_postgres.stop_unused(home)


def test_by_hand(home: Path, server: Server, settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.HOME, settings.DATABASE_URL = home, ""
    call_command("database", "stop")
    call_command("database", "status")
    call_command("database", "start")
    told = f"running on 127.0.0.1:{server.port}; data and log are in {server.folder}"
    assert capsys.readouterr().out.splitlines() == ["stopped", "not running", told]
    settings.DATABASE_URL = "postgresql://somewhere/else"
    with pytest.raises(CommandError, match="a server of yours"):
        call_command("database", "stop")


def _home_of(home: Path, inner: str) -> Path:
    """Write the record of a cluster whose folder holds only `inner`; return that folder."""
    folder = home / "postgres"
    (folder / inner).mkdir(parents=True)
    (home / "postgres.json").write_text(json.dumps({"folder": "postgres", "port": 5, "password": "x"}))
    return folder


def _with_initdb_saying(home: Path, sentence: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        failed = subprocess.CompletedProcess([], 1, stdout=sentence)
        patch.setattr(embedded_postgres, "_run", lambda *_: failed)
        embedded_postgres.start(home)
