"""The same source again: told by its content, and taken only once."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils.translation import gettext as _
from psycopg2 import errors

from analytics.errors import InvalidInput
from analytics.imports.formats.base import Format
from analytics.jobs import Lease
from analytics.models import Import

WAIT = "2s"
"""How long one wait for another import of the same source lasts before the lease is looked at."""

COPY_REJECTED = """
INSERT INTO analytics_rowverdict
    (organisation_id, from_import_id, file_name, row_number, verdict, code, sentence, content)
SELECT organisation_id, %(import)s, file_name, row_number, verdict, code, sentence, content
FROM analytics_rowverdict theirs
WHERE from_import_id = %(other)s AND verdict = 'rejected' AND NOT EXISTS (
    SELECT FROM analytics_rowverdict ours
    WHERE ours.from_import_id = %(import)s AND ours.verdict = 'rejected'
      AND ours.file_name = theirs.file_name AND ours.row_number = theirs.row_number
)
ORDER BY id
"""


def fingerprint(import_: Import, source: Format) -> str:
    """SHA-256 over format, options and content (about a second per GB)."""
    whole = hashlib.sha256(json.dumps([import_.format, import_.options], sort_keys=True).encode())
    for path in source.files():
        try:
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
        except OSError as error:
            raise InvalidInput(
                _("The file %(path)s cannot be read: %(error)s.") % {"path": path, "error": error.strerror}
            ) from error
        whole.update(digest)
    return whole.hexdigest()


@contextlib.contextmanager
def alone_with(import_: Import, lease: Lease) -> Iterator[None]:
    """Wait until no other process imports the same source into the same organisation.

    An advisory lock of the session, so that it ends with the process, however that ends.
    """
    key = int.from_bytes(hashlib.sha256(f"{import_.organisation_id} {import_.fingerprint}".encode()).digest()[:8])
    key -= 2**63
    while not _locked(key):
        lease.report(import_.progress_share, _("Waiting for another import of the same file"))
    try:
        yield
    finally:
        with contextlib.suppress(OperationalError, InterfaceError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def _locked(key: int) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [WAIT])
            cursor.execute("SELECT pg_advisory_lock(%s)", [key])
    except OperationalError as error:
        if isinstance(error.__cause__, errors.LockNotAvailable):
            return False
        raise
    return True


def former(import_: Import) -> Import | None:
    """The import that got furthest with the same source and still stands."""
    return (
        Import.objects.filter(
            organisation=import_.organisation_id,
            fingerprint=import_.fingerprint,
            is_dry_run=False,
            rolled_back_at__isnull=True,
            n_read__gt=0,
        )
        .exclude(pk=import_.pk)
        .order_by("-n_read", "id")
        .first()
    )


def take_over(import_: Import, other: Import) -> None:
    """Go on where another import of the same source ended: what it accepted is merged, what it rejected stays so.

    `import_` may have accepted a beginning itself, before its process was killed and `other` passed it.
    """
    n_merged = other.n_accepted + other.n_merged - import_.n_accepted
    rejected = other.checkpoint["rejected_codes"]
    codes = {code: n_rows for code, n_rows in other.counts_by_code.items() if code in rejected}
    Import.objects.filter(pk=import_.pk).update(
        checkpoint=other.checkpoint,
        n_read=other.n_read,
        n_merged=n_merged,
        n_rejected=other.n_rejected,
        counts_by_code=import_.counts_by_code | codes | {"already_imported": n_merged},
    )
    with connection.cursor() as cursor:
        cursor.execute(COPY_REJECTED, {"import": import_.pk, "other": other.pk})
    import_.refresh_from_db()
