"""multipart/mixed, well and badly made."""

from __future__ import annotations

import hashlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.xapi.errors import InvalidValue
from analytics.xapi.multipart import end_of_parts, media_type, parse_parts, part_head, split_request

JSON = {"Content-Type": "application/json"}


def sealed(content: bytes, **changes: str) -> tuple[dict[str, str], bytes]:
    """Headers and content of a part with an attachment."""
    headers = {"X-Experience-API-Hash": hashlib.sha256(content).hexdigest(), "Content-Transfer-Encoding": "binary"}
    return headers | {name.replace("_", "-"): value for name, value in changes.items()}, content


def body_of(*parts: tuple[dict[str, str], bytes], boundary: str = "b") -> bytes:
    whole = b"".join(part_head(boundary, headers) + content + b"\r\n" for headers, content in parts)
    return whole + end_of_parts(boundary)


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5))
def test_what_is_written_is_read_back(contents):
    body = body_of(*((JSON, content) for content in contents), boundary="0123456789abcdef")
    assert [bytes(part.content) for part in parse_parts(body, "0123456789abcdef", 9)] == contents


@given(st.binary(max_size=300))
def test_garbage_is_refused_or_understood(garbage):
    for body in (garbage, b"--b" + garbage, b"--b\r\n" + garbage + b"\r\n--b--"):
        with suppress(InvalidValue):  # and nothing else is raised
            split_request(body, "b", 5)


def test_attachments_by_their_hash():
    text, attachments = split_request(body_of((JSON, b"{}"), sealed(b"\r\n--xyz\0")), "b", 2)
    assert bytes(text) == b"{}"
    [(sha2, data)] = attachments.items()
    assert (sha2, bytes(data.content)) == (hashlib.sha256(b"\r\n--xyz\0").hexdigest(), b"\r\n--xyz\0")
    assert data.content_type == "application/octet-stream"


def test_what_stands_around_the_parts_does_not_count():
    body = b"preamble\r\n" + body_of((JSON, b"1")) + b"epilogue"
    assert bytes(split_request(body, "b", 1)[0]) == b"1"
    assert bytes(split_request(b"\r\n" + body_of((JSON, b"1")), "b", 1)[0]) == b"1"


@pytest.mark.parametrize(
    ("body", "boundary", "said"),
    [
        (body_of((JSON, b"1")), "", "boundary of RFC 2046"),
        (body_of((JSON, b"1")), "x" * 71, "boundary of RFC 2046"),
        (body_of((JSON, b"1")), "c", "stands nowhere"),
        (body_of((JSON, b"1"))[:-8], "b", "Part 0 has no end"),
        (body_of(), "b", "no part"),
        (body_of(({}, b"1")), "b", "Part 0 must be application/json"),
        (body_of(({"Content-Type": "text/plain"}, b"1")), "b", "Part 0 must be application/json"),
        (body_of((JSON, b"1"), sealed(b"x", X_Experience_API_Hash="")), "b", "Part 1 must have its SHA-2"),
        (body_of((JSON, b"1"), sealed(b"x", X_Experience_API_Hash="0" * 64)), "b", "data of part 1 has the hash"),
        (body_of((JSON, b"1"), sealed(b"x", Content_Transfer_Encoding="base64")), "b", "Part 1 must have Content-Tr"),
        (body_of(*[(JSON, b"1")] * 4), "b", "more than 3 parts"),
        (b"--b\r\nno colon\r\n\r\n1\r\n--b--", "b", "a header that is none"),
        (b"--b\r\na: b\nc: d\r\n\r\n1\r\n--b--", "b", "a header that is none"),
        (b"--b\r\na: b\0\r\n\r\n1\r\n--b--", "b", "a header that is none"),
        (b"--b\r\n" + b"a: b\r\n" * 5000 + b"\r\n1\r\n--b--", "b", "bytes of headers"),
    ],
)
def test_refused(body, boundary, said):
    with pytest.raises(InvalidValue, match=said):
        split_request(body, boundary, 3)


def test_media_types():
    assert media_type('Multipart/Mixed; Boundary="a b;\\"c"; x=y') == (
        "multipart/mixed",
        {"boundary": 'a b;"c', "x": "y"},
    )
    assert media_type("application/json") == ("application/json", {})
