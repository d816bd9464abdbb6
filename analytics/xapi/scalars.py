"""Strings with a meaning: IRIs, UUIDs, instants, durations, language tags.

Each `check_...` raises InvalidValue and otherwise returns nothing; each `parse_...` returns what the string means.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from analytics.xapi.errors import InvalidValue, shown

# RFC 3987, as far as it can be told from broken text: a scheme, then what an IRI may hold.
IRI = re.compile(r"""[A-Za-z][A-Za-z0-9+.\-]*:(?:[^\s%<>"{}|\\^`\x00-\x20\x7f-\x9f]|%[0-9A-Fa-f]{2})+""")
MAILTO = re.compile(r"mailto:[^\s@<>\"\x00-\x20\x7f]+@[^\s@<>\"\x00-\x20\x7f]+")
SHA1 = re.compile(r"[0-9A-Fa-f]{40}")
SHA2 = re.compile(r"[0-9A-Fa-f]{56}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{96}|[0-9A-Fa-f]{128}")
STANDARD_UUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
MEDIA_TYPE = re.compile(r"[\w!#$&^.+\-]+/[\w!#$&^.+\-]+(?:\s*;.*)?")
# ISO 8601 section 4.3.2, extended and basic; RFC 3339 is a part of it.
TIMESTAMP = re.compile(
    r"\d{4}(?:-\d\d-\d\d|-W\d\d-\d|\d{4})T\d\d(?::?\d\d(?::?\d\d(?:[.,]\d+)?)?)?(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?"
)
NO_OFFSET = re.compile(r"-00(?::?00)?")
# ISO 8601:2004(E) section 4.4.3.2; only the last number may have a fraction.
DURATION = re.compile(
    r"P(?:\d+(?:[.,]\d+)?W|"
    r"(?=\d|T\d)(?:\d+(?:[.,]\d+(?=Y$))?Y)?(?:\d+(?:[.,]\d+(?=M$))?M)?(?:\d+(?:[.,]\d+(?=D$))?D)?"
    r"(?:T(?=\d)(?:\d+(?:[.,]\d+(?=H$))?H)?(?:\d+(?:[.,]\d+(?=M$))?M)?(?:\d+(?:[.,]\d+)?S)?)?)"
)
# RFC 5646 section 2.1.
LANGUAGE_TAG = re.compile(
    r"(?:(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})"  # language, extended language
    r"(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?"  # script, region
    r"(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*"  # variants
    r"(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*"  # extensions
    r"(?:-x(?:-[a-z0-9]{1,8})+)?"
    r"|x(?:-[a-z0-9]{1,8})+"
    r"|en-gb-oed|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)"
    r"|sgn-(?:be-fr|be-nl|ch-de)|art-lojban|cel-gaulish|no-(?:bok|nyn)|zh-(?:guoyu|hakka|min|min-nan|xiang))",
    re.IGNORECASE,
)


def text(value: Any) -> str:
    """The value, which must be a string."""
    if not isinstance(value, str):
        raise InvalidValue(f"This must be a string, but it is {shown(value)}.")
    return value


def check_text(value: Any) -> None:
    text(value)


def check_iri(value: Any) -> None:
    """Absolute, with a scheme (1.0.3 Data 4.4 and 2.4.3; a relative one means nothing in a store)."""
    if not IRI.fullmatch(text(value)):
        raise InvalidValue(f"This must be an IRI with a scheme, like https://example.com/a, but it is {shown(value)}.")


def check_mailto(value: Any) -> None:
    """1.0.3 Data 2.4.2.3: `mailto:` and an address."""
    if not MAILTO.fullmatch(text(value)):
        raise InvalidValue(f"This must be like mailto:ada@example.com, but it is {shown(value)}.")


def check_sha1(value: Any) -> None:
    if not SHA1.fullmatch(text(value)):
        raise InvalidValue(f"This must be a SHA-1 of 40 hexadecimal digits, but it is {shown(value)}.")


def check_sha2(value: Any) -> None:
    if not SHA2.fullmatch(text(value)):
        raise InvalidValue(f"This must be a SHA-2 of 56, 64, 96 or 128 hexadecimal digits, but it is {shown(value)}.")


def check_media_type(value: Any) -> None:
    """RFC 2046."""
    if not MEDIA_TYPE.fullmatch(text(value)):
        raise InvalidValue(f"This must be a media type, like image/png, but it is {shown(value)}.")


def parse_uuid(value: Any) -> UUID:
    """RFC 4122 in its standard form: braces, `urn:uuid:` and missing hyphens are not."""
    if not STANDARD_UUID.fullmatch(text(value)):
        raise InvalidValue(f"This must be a UUID like 7ccd3322-e1a5-411a-a67d-6a735c76f119, but it is {shown(value)}.")
    return UUID(value)


def check_uuid(value: Any) -> None:
    parse_uuid(value)


def parse_timestamp(value: Any) -> datetime:
    """An instant in UTC; one without a zone is taken as UTC (1.0.3 Data 4.5, 2.0.0 section 4.2.7).

    `-00`, the offset of a place that is not known, is refused, as ISO 8601 has no such thing.
    """
    found = TIMESTAMP.fullmatch(text(value).upper())
    if found and not NO_OFFSET.fullmatch(found["zone"] or ""):
        try:
            at = datetime.fromisoformat(found[0].replace(",", "."))
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise InvalidValue(f"This must be an instant like 2026-05-18T09:30:00.000Z, but it is {shown(value)}.")


def check_timestamp(value: Any) -> None:
    parse_timestamp(value)


def check_duration(value: Any) -> None:
    if not DURATION.fullmatch(text(value)):
        raise InvalidValue(f"This must be a duration in ISO 8601, like PT4H35M59.14S, but it is {shown(value)}.")


def check_language_tag(value: Any) -> None:
    if not LANGUAGE_TAG.fullmatch(text(value)):
        raise InvalidValue(f"This must be a language tag (RFC 5646), like en-US, but it is {shown(value)}.")


def check_language_map(value: Any) -> None:
    """1.0.3 Data 4.2: strings by RFC 5646 tag."""
    if not isinstance(value, dict):
        raise InvalidValue(f"This must be an object of texts by language, but it is {shown(value)}.")
    for tag, words in value.items():
        try:
            check_language_tag(tag)
            text(words)
        except InvalidValue as error:
            raise error.below(tag) from None


def format_instant(at: datetime) -> str:
    """As RFC 3339 in UTC, to the microsecond: what a client sends back as `since` must name the same instant."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def last_word(iri: str) -> str:
    """What an IRI seems to say, to show and to suggest: `completed` of `http://example.org/verbs/completed`."""
    return re.split(r"[/#:]", iri.rstrip("/#:"))[-1] or iri
