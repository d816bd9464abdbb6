"""Where rows of delimited text end: cut a file into blocks of whole rows without parsing them.

A row ends at a line feed outside quotes, that is, where the number of quotes so far is even. A stray quote turns
that round for all that follows, so a row longer than `ROW_BYTES` is not believed: its lines are rows then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

READ_BYTES = 4 * 2**20
ROW_BYTES = 128 * 2**10
LINE_FEED, QUOTE = 10, 34


class Bytes(Protocol):
    def read(self, n_bytes: int, /) -> bytes: ...


@dataclass(frozen=True)
class Block:
    """Whole rows of a file, from `start` to `end` in bytes."""

    content: bytes
    ends: NDArray[np.int64]
    """(n,) where each row ends in `content`, line feed included."""
    start: int
    end: int
    n_skipped_bytes: int = 0
    """More than 0: the block is the beginning of one overlong row, and so many bytes of it were left out."""

    def rows(self) -> Iterator[bytes]:
        start = 0
        for end in self.ends.tolist():
            yield self.content[start:end]
            start = end


def blocks(file: Bytes, start: int, n_rows: int, *, has_quotes: bool = True) -> Iterator[Block]:
    """Cut a file that stands at `start` (in bytes) into blocks of at most `n_rows` rows and about READ_BYTES bytes.

    Without quotes every line is a row, as in JSON lines.
    """
    rest = b""
    while True:
        piece = file.read(READ_BYTES)
        buffer = rest + piece
        ends, n_trusted = _row_ends(buffer, is_last=not piece, has_quotes=has_quotes)
        first = 0
        # Never cut among lines that an open quote left: read on from there, they would be other rows.
        for chosen in np.array_split(ends, range(n_rows, max(n_trusted, 1), n_rows)):
            if len(chosen):
                last = int(chosen[-1])
                yield Block(buffer[first:last], chosen - first, start + first, start + last)
                first = last
        rest = buffer[first:]
        start += first
        if not piece:
            return
        if len(rest) > ROW_BYTES:
            n_skipped, after = _skip_line(file)
            end = start + len(rest) + n_skipped
            yield Block(rest[:ROW_BYTES], np.array([ROW_BYTES]), start, end, len(rest) - ROW_BYTES + n_skipped)
            rest, start = after, end


def _row_ends(buffer: bytes, *, is_last: bool, has_quotes: bool) -> tuple[NDArray[np.int64], int]:
    """Where rows end, and how many of these ends lie outside quotes for certain."""
    characters = np.frombuffer(buffer, np.uint8)
    line_ends = np.flatnonzero(characters == LINE_FEED) + 1
    if is_last and buffer and (not len(line_ends) or line_ends[-1] < len(buffer)):
        line_ends = np.append(line_ends, len(buffer))
    quotes = np.flatnonzero(characters == QUOTE) if has_quotes else ()
    ends = line_ends[np.searchsorted(quotes, line_ends) % 2 == 0] if len(quotes) else line_ends
    n_trusted, trusted = len(ends), int(ends[-1]) if len(ends) else 0
    if is_last or len(buffer) - trusted > ROW_BYTES:
        # A quote was opened and never closed: what follows is cut into lines.
        ends = np.append(ends, line_ends[line_ends > trusted])
    return ends.astype(np.int64), n_trusted


def _skip_line(file: Bytes) -> tuple[int, bytes]:
    """Pass over the rest of a line; how many bytes that were, and what was read of the next."""
    n_bytes = 0
    while part := file.read(READ_BYTES):
        end = part.find(b"\n") + 1
        if end:
            return n_bytes + end, part[end:]
        n_bytes += len(part)
    return n_bytes, b""
