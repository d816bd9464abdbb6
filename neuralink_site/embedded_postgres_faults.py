"""Why the embedded PostgreSQL cannot run, in one sentence that says what to do."""

import re
from pathlib import Path

from django.db import OperationalError


class EmbeddedPostgresError(OperationalError):
    """The embedded database cannot run; the message is one sentence that says what to do.

    To whoever connects it is what an unreachable server is: jobs wait for it, and health reports it.
    """


# What the server says -> what to do about it; the first that fits counts.
ADVICE = (
    (r"No space left on device", "the disk is full: free some space (1 GB is enough) and start again"),
    (
        r"pre-existing shared memory block",
        "sessions of a crashed server still use the data: end the processes named postgres and start again",
    ),
    (
        r"lock file .* already exists",
        "another start of it has not finished: wait until its log says that it accepts connections",
    ),
    (
        r"Cannot allocate memory|could not map anonymous shared memory",
        "this machine has too little free memory: end other programs, or set NEURALINK_DATABASE_URL",
    ),
    (
        r"Permission denied|Operation not permitted|wrong ownership|invalid permissions",
        "the account that runs it may not use a file there: give the folder back to that account",
    ),
    (
        r"PANIC|invalid|corrupt|could not (?:open|read|locate|stat)|does not exist|not a directory",
        "its data folder seems damaged: restore it from a backup, or move it away to begin with an empty database",
    ),
)


def diagnosis(folder: Path, log: Path, said: str) -> str:
    """Turn what a failed start left on its output or in its log into a sentence."""
    otherwise = f"see {log}" if log.exists() else "its own words tell why"
    advice = next((advice for pattern, advice in ADVICE if re.search(pattern, said)), otherwise)
    telling = re.findall(r"((?:PANIC|FATAL|[Ee]rror):.*)$", said, re.MULTILINE)
    last = (telling or said.strip().splitlines() or ["nothing"])[-1].strip()
    return f"PostgreSQL in {folder} does not start; {advice}. (It said: {last})"


def unusable(home: Path, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return (
            f"The data folder {home} belongs to another account ({error}): run as that account, or set "
            "NEURALINK_HOME to a folder of your own."
        )
    return f"The data folder {home} cannot be used ({error}): free it, or set NEURALINK_HOME to another one."
