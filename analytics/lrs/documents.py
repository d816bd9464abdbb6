"""Documents: kept whole, merged where both sides are JSON objects, guarded by their ETag.

1.0.3 Communication 2.2 (https://github.com/adlnet/xAPI-Spec/blob/1.0.3/xAPI-Communication.md#22-document-resources) and
3.1 (concurrency); 2.0.0 sections 4.1.4 and 4.1.6.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.lrs.errors import Conflict, NotFound, PreconditionFailed, TooLarge
from analytics.models import Document, DocumentKind
from analytics.xapi.errors import InvalidValue
from analytics.xapi.json_text import parse_json

JSON = "application/json"
MOST_LEVELS = 100
CONTENT_TYPE_CHARACTERS = 255


@dataclass(frozen=True)
class Shelf:
    """Where documents lie beside each other: what they are about."""

    organisation_id: int
    kind: DocumentKind
    activity: str = ""
    """IRI."""
    agent: str = ""
    """Identity key."""
    registration: UUID | None = None

    @property
    def about(self) -> str:
        return hashlib.sha256(f"{self.activity} {self.agent}".encode()).hexdigest()

    def documents(self) -> QuerySet[Document]:
        """All of them; without a registration those of every registration (1.0.3 Communication 2.3)."""
        found = Document.objects.filter(organisation=self.organisation_id, kind=self.kind, about=self.about)
        return found.filter(registration=self.registration) if self.registration else found

    def named(self, document_id: str) -> Document | None:
        return self.documents().filter(document_id=document_id, registration=self.registration).first()


@dataclass(frozen=True)
class Guard:
    """What the sender believes of the document that is there (RFC 9110 section 13.1)."""

    if_match: str | None = None
    if_none_match: str | None = None
    must_believe: bool = False
    """Overwriting needs one of the two."""
    must_always_believe: bool = False
    """Writing the first one does too."""

    def check(self, present: Document | None) -> None:
        """Compare with what is there.

        Raises:
            PreconditionFailed: it is not what the sender believes.
            Conflict: the sender says nothing and would overwrite it.
            InvalidValue: the sender says nothing and always has to.
        """
        if self.if_match is not None and not _matches(self.if_match, present):
            raise PreconditionFailed(_("If-Match names another state of the document than the present one."))
        if self.if_none_match is not None and _matches(self.if_none_match, present):
            raise PreconditionFailed(_("If-None-Match excludes the document that is there."))
        if self.if_match is not None or self.if_none_match is not None:
            return
        if self.must_believe and present is not None:
            raise Conflict(
                _("The document exists. Get it, and send its ETag as If-Match to overwrite what you have seen.")
            )
        if self.must_always_believe:
            raise InvalidValue(_("Send If-None-Match: * to write a profile that is not there yet."))


def get(shelf: Shelf, document_id: str) -> Document:
    """One document.

    Raises:
        NotFound: there is none of this id.
    """
    found = shelf.named(document_id)
    if found is None:
        raise NotFound(_("There is no such document."))
    return found


def ids(shelf: Shelf, since: datetime | None) -> list[str]:
    """The ids of the documents that were stored later than `since`, or of all; at most NEURALINK_DOCUMENTS_LISTED."""
    found = shelf.documents()
    if since is not None:
        found = found.filter(updated_at__gt=since)
    names = found.order_by("document_id").values_list("document_id", flat=True).distinct()
    return list(names[: settings.NEURALINK_DOCUMENTS_LISTED])


def put(shelf: Shelf, document_id: str, content: bytes, content_type: str, guard: Guard) -> None:
    """Store a document in the place of what was there.

    Raises:
        PreconditionFailed, Conflict: see Guard.
        InvalidValue: the content is not of its type, or a name is too long.
    """
    if is_json(content_type):
        parse_json(content, MOST_LEVELS)
    with _alone(shelf, document_id) as present:
        guard.check(present)
        _store(shelf, document_id, present, content, content_type)


def post(shelf: Shelf, document_id: str, content: bytes, content_type: str, guard: Guard) -> None:
    """Store a document, or merge its properties into those of the one that is there, one level deep.

    Raises:
        PreconditionFailed: see Guard.
        InvalidValue: one of the two is no JSON object, so that they cannot be merged.
        TooLarge: together they are longer than NEURALINK_DOCUMENT_BYTES.
    """
    sent = parse_json(content, MOST_LEVELS) if is_json(content_type) else None
    with _alone(shelf, document_id) as present:
        guard.check(present)
        if present is not None:
            content = _merged(present, sent)
        _store(shelf, document_id, present, content, content_type)


def delete(shelf: Shelf, document_id: str, guard: Guard) -> None:
    """Delete a document; one that is not there is fine.

    Raises:
        PreconditionFailed: see Guard.
    """
    with _alone(shelf, document_id) as present:
        guard.check(present)
        if present is not None:
            present.delete()


def delete_all(shelf: Shelf) -> None:
    shelf.documents().delete()


def is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == JSON


def _merged(present: Document, sent: Any) -> bytes:
    there = parse_json(bytes(present.content), MOST_LEVELS) if is_json(present.content_type) else None
    if not isinstance(there, dict) or not isinstance(sent, dict):
        raise InvalidValue(_("Only JSON objects (application/json) can be merged; use PUT to replace the document."))
    merged = json.dumps(there | sent, ensure_ascii=False, separators=(",", ":")).encode()
    if len(merged) > settings.NEURALINK_DOCUMENT_BYTES:
        most = settings.NEURALINK_DOCUMENT_BYTES
        raise TooLarge(_("After the merge the document would be longer than %d bytes.") % most)
    return merged


@contextmanager
def _alone(shelf: Shelf, document_id: str) -> Iterator[Document | None]:
    """The document that is there, with nobody else at the same name until the end of the block.

    A lock on the name, not on the row: two that create the same document have no row to lock.
    """
    name = f"{shelf.organisation_id} {shelf.kind} {shelf.about} {shelf.registration} {document_id}"
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
        yield shelf.named(document_id)


def _store(shelf: Shelf, document_id: str, present: Document | None, content: bytes, content_type: str) -> None:
    if len(content_type) > CONTENT_TYPE_CHARACTERS or not (content_type.isascii() and content_type.isprintable()):
        raise InvalidValue(_("The content type must be at most %d printable characters.") % CONTENT_TYPE_CHARACTERS)
    row = present or Document(
        organisation_id=shelf.organisation_id,
        kind=shelf.kind,
        about=shelf.about,
        activity=shelf.activity,
        agent=shelf.agent,
        registration=shelf.registration,
        document_id=document_id,
    )
    row.content, row.content_type, row.updated_at = content, content_type, timezone.now()
    # 1.0.3 Communication 3.1: the SHA-1 of the content, in hexadecimal digits.
    row.etag = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    row.save()


def _matches(tags: str, present: Document | None) -> bool:
    """Whether the header names the present document. Weak tags count: compression on the way makes tags weak."""
    if present is None:
        return False
    named = [tag.strip().removeprefix("W/") for tag in tags.split(",")]
    return tags.strip() == "*" or f'"{present.etag}"' in named
