"""Encodings: told by the bytes, and every one turned into UTF-8.

Bytes that mean nothing in the encoding become bytes that are not UTF-8, so that the row they stand in, and no other,
is rejected. A file that is UTF-8 already passes untouched.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _

from analytics.errors import InvalidInput
from analytics.imports.tables.packed import Stream

BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
ENCODINGS = (
    "utf-8", "utf-16-le", "utf-16-be", "cp1252", "iso8859-1", "gb18030", "cp1250", "cp1251", "iso8859-15",
    "big5", "shift_jis", "euc_jp", "euc_kr",
)  # fmt: skip
WIDER = {"utf-16": "utf-16-le", "gbk": "gb18030", "gb2312": "gb18030", "ascii": "utf-8", "utf-8-sig": "utf-8"}
MEANINGLESS = "neuralink-meaningless"
PIECE_BYTES = 2**20
ODD_CP1252 = bytes((0x81, 0x8D, 0x8F, 0x90, 0x9D))
"""What cp1252 leaves undefined; text in it never holds them, Latin-1 may."""


@dataclass(frozen=True)
class Encoding:
    name: str
    share: float
    """How sure it is, 0 to 1; 1 with a byte order mark, or where the file holds nothing but ASCII so far."""


def _meaningless(error: UnicodeError) -> tuple[str, int]:
    end: int = getattr(error, "end")  # noqa: B009  (UnicodeError is wider than what codecs hand over)
    return "\udcff", end


codecs.register_error(MEANINGLESS, _meaningless)


def named(name: str) -> Encoding:
    """The encoding that somebody chose.

    Raises:
        InvalidInput: it is none of those that are known.
    """
    try:
        found = codecs.lookup(name).name
    except LookupError:
        found = ""
    found = WIDER.get(found, found)
    if found not in ENCODINGS:
        raise InvalidInput(
            _("There is no encoding %(name)r here; choose one of %(known)s.")
            % {"name": name, "known": ", ".join(ENCODINGS)},
            "encoding",
        )
    return Encoding(found, 1.0)


def sniffed(sample: bytes) -> Encoding:
    """Tell the encoding by the first bytes of a file.

    Between GB18030 and cp1252 two habits decide: Chinese text comes in pairs of high bytes, and a Western one has
    single high bytes among ASCII letters.
    """
    for bom, name in BOMS.items():
        if sample.startswith(bom):
            return Encoding(name, 1.0)
    if (wide := _wide(sample)) is not None:
        return wide
    if sample.isascii():
        return Encoding("utf-8", 1.0)
    if _decodes(sample, "utf-8"):
        return Encoding("utf-8", 0.99)
    utf8 = sample.decode("utf-8", "replace")
    n_bad, n_good = utf8.count("\ufffd"), sum(character > "\x7f" and character != "\ufffd" for character in utf8)
    if n_good > 10 * n_bad:
        return Encoding("utf-8", n_good / (n_good + n_bad))
    pairs = _pair_share(sample)
    if pairs > 0.5 and _decodes(sample, "gb18030"):
        return Encoding("gb18030", min(pairs, 0.95))
    is_latin = any(byte in sample for byte in ODD_CP1252)
    return Encoding("iso8859-1" if is_latin else "cp1252", 0.8)


def _wide(sample: bytes) -> Encoding | None:
    """UTF-16 without a mark: of two bytes that make a letter of ASCII one is 0."""
    n_pairs = len(sample) // 2
    if n_pairs < 2:
        return None
    pairs = np.frombuffer(sample[: 2 * n_pairs], np.uint8).reshape(-1, 2) == 0
    first, second = pairs.mean(axis=0).tolist()
    if max(first, second) < 0.2 or min(first, second) > 0.02:
        return None
    return Encoding("utf-16-le" if second > first else "utf-16-be", 0.95)


def _decodes(sample: bytes, name: str) -> bool:
    try:
        # Not final: the sample may end in the middle of a character.
        codecs.getincrementaldecoder(name)().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _pair_share(sample: bytes) -> float:
    """Of the high bytes, how many stand in runs of an even number, as those of GB2312 do."""
    high = np.frombuffer(sample, np.uint8) >= 0xA1
    edges = np.flatnonzero(np.diff(np.concatenate([[False], high, [False]]).astype(np.int8)))
    lengths = edges[1::2] - edges[::2]
    n_high = int((np.frombuffer(sample, np.uint8) >= 0x80).sum())
    return float(lengths[lengths % 2 == 0].sum() / max(n_high, 1))


class Utf8:
    """A stream of another encoding, or with other line ends, as UTF-8 with line feeds."""

    def __init__(self, stream: Stream, encoding: str, *, has_returns: bool) -> None:
        self.stream = stream
        self.decoder = codecs.getincrementaldecoder(encoding)(MEANINGLESS)
        self.has_returns = has_returns
        self.rest = b""
        self.n_read_bytes = 0

    def read(self, n_bytes: int, /) -> bytes:
        pieces, n_there = [self.rest], len(self.rest)
        while n_there < n_bytes and (piece := self.stream.read(PIECE_BYTES)):
            self.n_read_bytes += len(piece)
            pieces.append(self._utf8(self.decoder.decode(piece)))
            n_there += len(pieces[-1])
        if n_there < n_bytes:
            pieces.append(self._utf8(self.decoder.decode(b"", True)))
        whole = b"".join(pieces)
        self.rest = whole[n_bytes:]
        return whole[:n_bytes]

    def jump(self, n_bytes: int) -> None:
        while n_bytes > 0 and (piece := self.read(min(n_bytes, PIECE_BYTES))):
            n_bytes -= len(piece)

    def share(self, n_bytes: int) -> float:
        return self.stream.share(self.n_read_bytes)

    def _utf8(self, text: str) -> bytes:
        found = text.encode("utf-8", "surrogateescape")
        return found.replace(b"\r", b"\n") if self.has_returns else found


def has_only_returns(sample: bytes) -> bool:
    """Whether lines end as on a very old Macintosh; `sample` is UTF-8."""
    return b"\r" in sample and b"\n" not in sample
