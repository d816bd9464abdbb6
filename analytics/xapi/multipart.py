"""multipart/mixed (RFC 2046) as xAPI uses it: statements first, then the data of attachments by their hash.

1.0.3 Communication 1.5.2 (https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md#152-multipartmixed).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from analytics.xapi.errors import InvalidValue, shown
from analytics.xapi.scalars import SHA2

BOUNDARY = re.compile(r"[\w'()+,\-./:=? ]{0,69}[\w'()+,\-./:=?]")
# RFC 9110 section 5.1 and 5.5: no control characters, which would make two headers of one where they are sent again.
HEADER = re.compile(r"([!-9;-~]+)[ \t]*:[ \t]*([\t -~\x80-\xff]*)")
HEADER_BYTES = 8192
"""Most bytes of one part's headers."""
DIGESTS = {56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}


@dataclass(frozen=True)
class Part:
    headers: Mapping[str, str]
    """By name in lower case."""
    content: memoryview


@dataclass(frozen=True)
class AttachmentData:
    sha2: str
    content_type: str
    content: memoryview


def media_type(content_type: str) -> tuple[str, dict[str, str]]:
    """`a/b; c="d"` -> (`a/b`, {`c`: `d`}), names in lower case."""
    kind, _, rest = content_type.partition(";")
    found = re.findall(r'\s*([\w\-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]*))', rest)
    parameters = {name.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain for name, quoted, plain in found}
    return kind.strip().lower(), parameters


def split_request(body: bytes, boundary: str, most_parts: int) -> tuple[memoryview, dict[str, AttachmentData]]:
    """The JSON of the first part, and the attachments of the others by their hash.

    Raises:
        InvalidValue: the body is not multipart, or a part breaks a rule; the sentence names it (the first is part 0).
    """
    parts = list(parse_parts(body, boundary, most_parts))
    if not parts:
        raise InvalidValue("The body has no part; the first must hold the statements.")
    kind = parts[0].headers.get("content-type", "")
    if media_type(kind)[0] != "application/json":
        raise InvalidValue(f"Part 0 must be application/json and hold the statements, but it is {shown(kind)}.")
    attachments = {}
    for number, part in enumerate(parts[1:], 1):
        data = _attachment(number, part)
        attachments[data.sha2] = data
    return parts[0].content, attachments


def _attachment(number: int, part: Part) -> AttachmentData:
    sha2, encoding = part.headers.get("x-experience-api-hash", ""), part.headers.get("content-transfer-encoding", "")
    if not SHA2.fullmatch(sha2):
        raise InvalidValue(f"Part {number} must have its SHA-2 as X-Experience-API-Hash, but that is {shown(sha2)}.")
    if encoding.lower() != "binary":
        raise InvalidValue(f"Part {number} must have Content-Transfer-Encoding: binary, but that is {shown(encoding)}.")
    found = hashlib.new(DIGESTS[len(sha2)], part.content).hexdigest()
    if found != sha2.lower():
        raise InvalidValue(f"The data of part {number} has the hash {found}, but X-Experience-API-Hash says {sha2}.")
    return AttachmentData(found, part.headers.get("content-type", "application/octet-stream"), part.content)


def parse_parts(body: bytes, boundary: str, most_parts: int) -> Iterator[Part]:
    """Parts between the delimiters; what stands before the first and after the last is nothing (RFC 2046 5.1.1)."""
    if not BOUNDARY.fullmatch(boundary):
        raise InvalidValue(f"The Content-Type must have a boundary of RFC 2046, but that is {shown(boundary)}.")
    delimiter = b"\r\n--" + boundary.encode()
    first = -2 if body.startswith(delimiter[2:]) else body.find(delimiter)
    if first == -1:
        raise InvalidValue("The boundary of the Content-Type stands nowhere in the body; lines end with CR LF.")
    place = first + len(delimiter)
    view = memoryview(body)
    for number in range(most_parts + 1):
        if body.startswith(b"--", place):
            return
        end_of_line, end = body.find(b"\r\n", place), body.find(delimiter, place)
        if end_of_line < 0 or end < 0 or body[place:end_of_line].strip(b" \t"):
            raise InvalidValue(f"Part {number} has no end: the boundary after it is missing.")
        yield _part(number, body, view, end_of_line + 2, end)
        place = end + len(delimiter)
    raise InvalidValue(f"The body has more than {most_parts} parts. Send it in several requests.")


def _part(number: int, body: bytes, view: memoryview, start: int, end: int) -> Part:
    if body.startswith(b"\r\n", start) or start > end:  # no headers; or the empty line is the delimiter's own
        return Part({}, view[min(start + 2, end) : end])
    end_of_headers = body.find(b"\r\n\r\n", start, min(end, start + HEADER_BYTES))
    if end_of_headers < 0:
        raise InvalidValue(f"Part {number} has no empty line after at most {HEADER_BYTES} bytes of headers.")
    headers = {}
    for line in body[start:end_of_headers].decode("latin-1").split("\r\n"):
        header = HEADER.fullmatch(line)
        if header is None:
            raise InvalidValue(f"Part {number} has a header that is none: {shown(line)}.")
        headers[header[1].lower()] = header[2].strip()
    return Part(headers, view[end_of_headers + 4 : end])


def part_head(boundary: str, headers: Mapping[str, str]) -> bytes:
    """What stands before the content of a part that is sent."""
    lines = [f"--{boundary}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode()


def end_of_parts(boundary: str) -> bytes:
    return f"--{boundary}--\r\n".encode()
