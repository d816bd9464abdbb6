"""Encodings are told by the bytes, and everything becomes UTF-8."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import InvalidInput
from analytics.imports.tables import encodings
from analytics.imports.tables.encodings import ENCODINGS, Utf8, named, sniffed

GERMAN = "Lernende;Aktivität\nMüller;Größenlehre für Anfänger – Übung 1\nStraße;naïve Bücher\n"
CHINESE = "学习者,活动\n王小明,高等数学第一章\n李雷,线性代数期末考试\n"


class Whole(io.BytesIO):
    def share(self, n_bytes: int) -> float:
        return 0.5

    def jump(self, n_bytes: int) -> None:
        self.seek(n_bytes, io.SEEK_CUR)


def utf8(content: bytes, encoding: str, n_bytes: int = 7, **more: Any) -> bytes:
    stream = Utf8(Whole(content), encoding, has_returns=more.get("has_returns", False))
    return b"".join(iter(lambda: stream.read(n_bytes), b""))


@pytest.mark.parametrize(
    ("content", "name", "is_sure"),
    [
        (b"learner,activity\n", "utf-8", True),
        (GERMAN.encode(), "utf-8", False),
        (GERMAN.encode("utf-8-sig"), "utf-8", True),
        (GERMAN.encode("utf-16"), "utf-16-le", True),
        (b"\xfe\xff" + GERMAN.encode("utf-16-be"), "utf-16-be", True),
        (GERMAN.encode("utf-16-le"), "utf-16-le", False),
        (GERMAN.encode("utf-16-be"), "utf-16-be", False),
        (GERMAN.encode("cp1252"), "cp1252", False),
        (b"a\x81b;\xe9t\xe9\n", "iso8859-1", False),
        (CHINESE.encode("gb18030"), "gb18030", False),
        (CHINESE.encode(), "utf-8", False),
        (GERMAN.encode() * 20 + b"one bad \xff row\n", "utf-8", False),
    ],
)
def test_it_is_told_by_the_bytes(content: bytes, name: str, is_sure: bool) -> None:
    found = sniffed(content)
    assert found.name == name
    assert (found.share == 1.0) is is_sure
    assert 0 < found.share <= 1


def test_half_a_character_at_the_end_of_the_sample_is_no_fault() -> None:
    assert sniffed(CHINESE.encode()[:-3]).name == "utf-8"
    assert sniffed(CHINESE.encode("gb18030")[:-2]).name == "gb18030"


@given(
    st.text(st.characters(codec="utf-8"), max_size=50), st.sampled_from(["utf-16-le", "utf-16-be", "gb18030", "utf-8"])
)
def test_everything_becomes_utf8(text: str, encoding: str) -> None:
    assert utf8(text.encode(encoding), encoding) == text.encode()


@pytest.mark.parametrize("n_bytes", [1, 3, 1000])
def test_pieces_do_not_matter(monkeypatch: pytest.MonkeyPatch, n_bytes: int) -> None:
    monkeypatch.setattr(encodings, "PIECE_BYTES", n_bytes)
    assert utf8(CHINESE.encode("gb18030"), "gb18030", n_bytes) == CHINESE.encode()


def test_jumping_is_reading_without_looking() -> None:
    stream = Utf8(Whole(GERMAN.encode("utf-16-le")), "utf-16-le", has_returns=False)
    stream.jump(9)
    assert stream.read(5) == GERMAN.encode()[9:14]
    assert stream.share(14) == 0.5


@pytest.mark.parametrize(("encoding", "bad"), [("cp1252", b"\x81"), ("gb18030", b"\xff"), ("utf-16-le", b"\x00\xd8")])
def test_bytes_without_meaning_spoil_only_their_row(encoding: str, bad: bytes) -> None:
    first, second, third = utf8("a\nb".encode(encoding) + bad + "c\nd".encode(encoding), encoding).split(b"\n")
    assert (first, third) == (b"a", b"d")
    with pytest.raises(UnicodeDecodeError):
        second.decode()


def test_lines_of_an_old_macintosh() -> None:
    assert utf8(b"a\rb\r", "utf-8", has_returns=True) == b"a\nb\n"


@pytest.mark.parametrize(
    ("name", "found"), [("UTF8", "utf-8"), ("latin-1", "iso8859-1"), ("gbk", "gb18030"), ("utf-16", "utf-16-le")]
)
def test_names_that_people_use(name: str, found: str) -> None:
    assert named(name).name == found
    assert found in ENCODINGS


@pytest.mark.parametrize("name", ["klingon", "rot13", "idna", "zlib"])
def test_names_that_are_no_encodings(name: str) -> None:
    with pytest.raises(InvalidInput, match="no encoding"):
        named(name)
