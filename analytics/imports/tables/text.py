"""Text: a file as a stream of UTF-8 with line feeds, whatever it is packed and encoded in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from analytics.errors import InvalidInput
from analytics.imports.tables.encodings import Encoding, Utf8, has_only_returns, named, sniffed
from analytics.imports.tables.packed import Packed, Stream

BOM = b"\xef\xbb\xbf"
SAMPLE_BYTES = 2**20


@dataclass(frozen=True)
class Text:
    """A file of text, as a stream of UTF-8 with line feeds."""

    source: Packed
    encoding: Encoding
    has_returns: bool

    @contextlib.contextmanager
    def stream(self) -> Iterator[Stream]:
        with self.source.stream() as stream:
            is_plain = self.encoding.name == "utf-8" and not self.has_returns
            yield stream if is_plain else Utf8(stream, self.encoding.name, has_returns=self.has_returns)

    def sample(self) -> bytes:
        with self.stream() as stream:
            return stream.read(SAMPLE_BYTES)


def text_of(source: Packed, encoding: str = "") -> Text:
    """Tell the encoding and the line ends of a file, unless the encoding is given.

    Raises:
        InvalidInput: the file cannot be read or is empty, or the encoding is not known.
    """
    with source.stream() as stream:
        sample = stream.read(SAMPLE_BYTES)
    chosen = named(encoding) if encoding else sniffed(sample)
    if not sample.removeprefix(BOM).strip():
        raise InvalidInput(_("The file %(file)s is empty.") % {"file": source.name}, "file")
    text = Text(source, chosen, has_returns=False)
    return Text(source, chosen, has_returns=True) if has_only_returns(text.sample()) else text
