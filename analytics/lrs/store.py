"""Store a parcel: all of its statements or none, in one transaction that waits for nobody.

Rows are only ever added. Where writers can meet (the same id, the same definition), all of them take the rows in the
same order, so that one waits for the other and never both; and who met another's uncommitted row begins anew.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from psycopg2 import Binary

from analytics.lrs.consistency import begin_storing, wait_for_linking
from analytics.lrs.definitions import keep_definitions
from analytics.lrs.errors import Conflict
from analytics.lrs.links import add_links
from analytics.lrs.parcels import Parcel, Prepared
from analytics.lrs.waking import request_projection
from analytics.xapi.multipart import AttachmentData
from analytics.xapi.sameness import are_same

ATTEMPTS = 10
COLUMNS = (
    "organisation_id", "uuid", "stored_at", "occurred_at", "verb", "registration", "refers_to", "actor", "agents",
    "other_agents", "activities", "other_activities", "credential_id", "from_import_id", "document",
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Who brings statements: a tool with its credential, or the import of a file."""

    organisation_id: int
    credential_id: int | None = None
    import_id: int | None = None


def store(parcel: Parcel, source: Source) -> list[Prepared]:
    """Store what is not here yet, and return that; what is here and the same is passed over (1.0.3 Data 2.3.1).

    Raises:
        Conflict: a statement has the id of one that is here and differs from it; then nothing is stored.
    """
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                new = _store_once(parcel, source)
            break
        except IntegrityError:
            # Another writer committed one of our ids after we had looked. Now it can be seen.
            if attempt == ATTEMPTS - 1:
                raise
    if new:
        # A queued job that is not committed yet would hold up everybody else who wants to make one.
        transaction.on_commit(lambda: request_projection(source.organisation_id))
    return new


def _store_once(parcel: Parcel, source: Source) -> list[Prepared]:
    organisation_id = source.organisation_id
    new = _without_known(organisation_id, parcel.statements)
    if not new:
        return []
    referring = [one.uuid for one in new if one.mentions.refers_to is not None]
    if referring:
        wait_for_linking(organisation_id)
    at = begin_storing(organisation_id)
    keep_definitions(organisation_id, (entry for one in new for entry in one.definitions))
    _keep_attachments(organisation_id, parcel.attachments)
    _copy(source, new, at)
    if referring:
        add_links(organisation_id, referring)
    return new


def _without_known(organisation_id: int, statements: Sequence[Prepared]) -> list[Prepared]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT uuid, document FROM analytics_statement WHERE organisation_id = %s AND uuid = ANY(%s)",
            [organisation_id, [one.uuid for one in statements]],
        )
        known: dict[UUID, str] = dict(cursor.fetchall())
    for one in statements if known else ():
        if one.uuid in known and not are_same(json.loads(known[one.uuid]), _as_sent(one)):
            raise Conflict(_("Another statement has the id %s; it cannot be changed. Nothing was stored.") % one.uuid)
    return [one for one in statements if one.uuid not in known]


def _as_sent(one: Prepared) -> dict[str, Any]:
    statement: dict[str, Any] = json.loads(one.document)
    if not one.has_timestamp:
        del statement["timestamp"]
    return statement


def _keep_attachments(organisation_id: int, attachments: Mapping[str, AttachmentData]) -> None:
    with connection.cursor() as cursor:
        for sha2, data in sorted(attachments.items()):
            cursor.execute(
                "INSERT INTO analytics_attachment (organisation_id, sha2, content_type, content)"
                " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [organisation_id, sha2, data.content_type, Binary(data.content)],
            )


def _copy(source: Source, statements: Sequence[Prepared], at: datetime) -> None:
    """In the order of the ids, which all writers share; `stored_at` keeps the order of the batch."""
    stored = [(one, at + timedelta(microseconds=place)) for place, one in enumerate(statements)]
    lines = (_line(source, one, one_at) for one, one_at in sorted(stored, key=_by_uuid))
    # Django wraps the errors of `execute`, not those of COPY.
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.copy_expert(f"COPY analytics_statement ({', '.join(COLUMNS)}) FROM STDIN", io.StringIO("".join(lines)))


def _by_uuid(pair: tuple[Prepared, datetime]) -> UUID:
    return pair[0].uuid


def _line(source: Source, one: Prepared, at: datetime) -> str:
    said = one.mentions
    values = (
        str(source.organisation_id), str(one.uuid), at.isoformat(), one.occurred_at.isoformat(), _in_copy(said.verb),
        str(said.registration or "\\N"), str(said.refers_to or "\\N"), _in_copy(said.actor), _array(said.agents),
        _array(said.other_agents), _array(said.activities), _array(said.other_activities),
        str(source.credential_id or "\\N"),
        str(source.import_id or "\\N"), _in_copy(one.document),
    )  # fmt: skip
    return "\t".join(values) + "\n"


def _array(keys: Iterable[str]) -> str:
    quoted = (key.replace("\\", "\\\\").replace('"', '\\"') for key in keys)
    return _in_copy("{" + ",".join(f'"{key}"' for key in quoted) + "}")


def _in_copy(text: str) -> str:
    """As COPY's text format wants it; `replace` takes a tenth of the time of `translate`."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
