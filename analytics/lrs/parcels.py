"""What came in one request: statements that hold together with their attachments, checked and ready to be stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.lrs.errors import TooLarge
from analytics.xapi.completion import complete
from analytics.xapi.errors import InvalidValue
from analytics.xapi.json_text import dump_json, parse_json
from analytics.xapi.mentions import Mentions, activities_with_definition, activity_key, mentions_of
from analytics.xapi.multipart import AttachmentData, media_type, split_request
from analytics.xapi.scalars import parse_timestamp
from analytics.xapi.signatures import check_signature, is_signature
from analytics.xapi.statements import check_statement

Json = dict[str, Any]
MULTIPART, JSON = "multipart/mixed", "application/json"


@dataclass(frozen=True, slots=True)
class Prepared:
    """One statement, as it will be kept."""

    uuid: UUID
    occurred_at: datetime
    has_timestamp: bool
    """False if the store set it: then it does not tell this statement from another."""
    mentions: Mentions
    document: str
    definitions: list[tuple[str, str, str]]
    """(activity key, digest, JSON) of every definition in it."""


@dataclass(frozen=True)
class Parcel:
    statements: Sequence[Prepared]
    attachments: Mapping[str, AttachmentData]


def open_parcel(content_type: str, body: bytes, version: str, authority: Json, put_id: UUID | None = None) -> Parcel:
    """`put_id` is given where a single statement was put under that id (1.0.3 Communication 2.1.1).

    Raises:
        InvalidValue: anything in it is not as the specification wants it; then nothing of it is taken.
        TooLarge: more statements than are taken at once.
    """
    kind, parameters = media_type(content_type)
    if kind == MULTIPART:
        most_parts = settings.NEURALINK_STATEMENTS_AT_ONCE + 1
        text, attachments = split_request(body, parameters.get("boundary", ""), most_parts)
    elif kind == JSON:
        text, attachments = memoryview(body), {}
    else:
        raise InvalidValue(_("The Content-Type must be %(a)s or %(b)s.") % {"a": JSON, "b": MULTIPART})
    value = parse_json(bytes(text), settings.NEURALINK_JSON_LEVELS, settings.NEURALINK_JSON_VALUES)
    if put_id is not None:
        value = _with_id(value, put_id)
    given = value if isinstance(value, list) else [value]
    if len(given) > settings.NEURALINK_STATEMENTS_AT_ONCE:
        words = _("The body holds %(n)d statements; at most %(most)d are taken at once. Send them in several requests.")
        raise TooLarge(words % {"n": len(given), "most": settings.NEURALINK_STATEMENTS_AT_ONCE})
    _check_all(given, attachments, isinstance(value, list), version)
    now = timezone.now()
    return Parcel([prepared(one, version, authority, now) for one in given], attachments)


def _with_id(value: Any, put_id: UUID) -> Any:
    if not isinstance(value, dict):
        raise InvalidValue(_("PUT stores a single statement, as an object; send arrays by POST."))
    given = value.get("id")
    if isinstance(given, str) and given.lower() != str(put_id):
        raise InvalidValue(_("The id differs from the parameter statementId, %s.") % put_id, "id")
    return {"id": str(put_id), **value}


def _check_all(given: Sequence[Any], received: Mapping[str, AttachmentData], is_array: bool, version: str) -> None:
    seen: dict[str, int] = {}
    wanted: set[str] = set()
    for index, statement in enumerate(given):
        try:
            check_statement(statement, version)
            statement_id = statement.get("id", "").lower()
            if statement_id and seen.setdefault(statement_id, index) != index:
                raise InvalidValue(_("Statement %d of this request has the same id.") % seen[statement_id], "id")
            wanted |= _check_attachments(statement, received, version)
        except InvalidValue as error:
            if not is_array:
                raise
            words = _("%(sentence)s (Statement %(index)d of the request, counted from 0.)")
            raise InvalidValue(words % {"sentence": error.sentence, "index": index}, index, *error.path) from None
    extra = received.keys() - wanted
    if extra:
        raise InvalidValue(_("No statement has an attachment with the hash %s, which was sent.") % min(extra))


def _check_attachments(statement: Json, received: Mapping[str, AttachmentData], version: str) -> set[str]:
    """1.0.3 Communication 1.5.2: data for each attachment that has no fileUrl. Returns the hashes of all.

    An attachment is matched with its data by the hash and nothing else, so that a wrong `length` is not looked at.
    """
    hashes = set()
    for number, attachment in enumerate(statement.get("attachments", ())):
        sha2 = attachment["sha2"].lower()
        try:
            _check_attachment(statement, attachment, received.get(sha2), version)
        except InvalidValue as error:
            raise error.below("attachments", number) from None
        hashes.add(sha2)
    return hashes


def _check_attachment(statement: Json, attachment: Json, data: AttachmentData | None, version: str) -> None:
    if data is None:
        if "fileUrl" not in attachment:
            raise InvalidValue(_("The attachment has no fileUrl, and no part of the request has its hash."), "sha2")
        return
    if is_signature(attachment):
        check_signature(statement, attachment, data, version, settings.NEURALINK_JSON_LEVELS)


def prepared(statement: Json, version: str, authority: Json, now: datetime) -> Prepared:
    """A checked statement, as it will be kept."""
    kept = complete(statement, version, authority, now)
    definitions = []
    for activity in activities_with_definition(kept):
        text = dump_json(activity["definition"])
        definitions.append((activity_key(activity["id"]), _digest(text), text))
    document = dump_json(kept)
    return Prepared(
        UUID(kept["id"]),
        parse_timestamp(kept["timestamp"]),
        "timestamp" in statement,
        mentions_of(kept),
        document,
        definitions,
    )


@lru_cache(maxsize=4096)
def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
