"""Files as they come: plain, or packed by gzip, zstd or zip.

They are unpacked as a stream, within limits, and never to the disk by the names in an archive.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

import pyarrow as pa
from django.conf import settings
from django.utils.translation import gettext as _

from analytics.errors import InvalidInput

GZIP, ZSTD, ZIP, OLD_OFFICE = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
EMPTY_ZIP = b"PK\x05\x06"
FREE_BYTES = 64 * 2**20
"""So much may come out of any archive: a small file of equal rows packs very well."""
WORKBOOK = "xl/workbook.xml"
CHUNK_BYTES = 2**20


class Stream(Protocol):
    """Bytes in order."""

    def read(self, n_bytes: int, /) -> bytes: ...
    def jump(self, n_bytes: int) -> None:
        """Pass over bytes."""

    def share(self, n_bytes: int) -> float:
        """How much of the file lies before a place of the stream that has been read, 0 to 1."""


@dataclass(frozen=True)
class Packed:
    """One file of rows, in whatever it is packed."""

    path: Path
    compression: str
    """none, gzip, zstd or zip."""
    member: str = ""
    """Its name in the zip archive."""

    @property
    def name(self) -> str:
        return self.member or self.path.name

    @property
    def n_bytes(self) -> int:
        """Its size unpacked where that is written down, else as it is packed."""
        if self.compression != "zip":
            return self.path.stat().st_size
        with zipfile.ZipFile(self.path) as archive:
            return archive.getinfo(self.member).file_size

    @contextlib.contextmanager
    def stream(self) -> Iterator[Stream]:
        """Open for reading from the beginning on.

        Raises:
            InvalidInput: it cannot be read, is damaged, ends early, or unpacks to too much.
        """
        with _as_sentences(self.path), open(self.path, "rb") as file, self._unpacked(file) as unpacked:
            yield _Bounded(self, file, unpacked)

    @contextlib.contextmanager
    def random_access(self) -> Iterator[BinaryIO]:
        """Open a file in which one can seek; what is packed is unpacked into a nameless file of its own."""
        if self.compression == "none":
            with _as_sentences(self.path), open(self.path, "rb") as file:
                yield file
            return
        with tempfile.TemporaryFile() as spooled, self.stream() as stream:
            while piece := stream.read(CHUNK_BYTES):
                spooled.write(piece)
            spooled.seek(0)
            yield spooled

    def verify(self) -> None:
        """Read everything that is packed, so that a damaged archive is told before its first rows are kept."""
        if self.compression != "none":
            with self.stream() as stream:
                while stream.read(CHUNK_BYTES):
                    pass

    def _unpacked(self, file: BinaryIO) -> contextlib.AbstractContextManager[BinaryIO]:
        if self.compression == "none":
            return contextlib.nullcontext(file)
        if self.compression == "zip":
            archive: BinaryIO = zipfile.ZipFile(file).open(self.member)  # type: ignore[assignment]  # noqa: SIM115
            return contextlib.closing(archive)
        return contextlib.closing(pa.CompressedInputStream(pa.PythonFile(file, mode="r"), self.compression))


class _Bounded:
    """A stream that stops at a bomb."""

    def __init__(self, source: Packed, file: BinaryIO, unpacked: BinaryIO) -> None:
        self.path, self.file, self.unpacked = source.path, file, unpacked
        self.is_packed = file is not unpacked
        self.is_size_known = source.compression in {"none", "zip"}
        self.n_whole_bytes, self.n_packed_bytes = source.n_bytes, source.path.stat().st_size
        self.n_bytes = 0

    def read(self, n_bytes: int, /) -> bytes:
        with _as_sentences(self.path):
            # Not all at once: a bomb must be noticed before it lies in memory.
            pieces = []
            while n_bytes > 0 and (piece := self.unpacked.read(min(n_bytes, CHUNK_BYTES))):
                pieces.append(piece)
                n_bytes -= len(piece)
                self.n_bytes += len(piece)
                self._check()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def jump(self, n_bytes: int) -> None:
        """Leave out bytes that were read before."""
        if self.is_packed:
            while n_bytes > 0 and (piece := self.read(min(n_bytes, CHUNK_BYTES))):
                n_bytes -= len(piece)
        else:
            self.file.seek(n_bytes, io.SEEK_CUR)

    def share(self, n_bytes: int) -> float:
        place = n_bytes if self.is_size_known else self.file.tell()
        return min(place / max(self.n_whole_bytes, 1), 1.0)

    def _check(self) -> None:
        most = settings.NEURALINK_UNPACKED_RATIO
        if self.is_packed and self.n_bytes > max(FREE_BYTES, most * self.n_packed_bytes):
            raise InvalidInput(
                _("%(file)s unpacks to more than %(most)s times its size; import the unpacked file if that is right.")
                % {"file": self.path.name, "most": most},
                "file",
            )


def packed(path: Path) -> Packed:
    """Tell by the first bytes how a file is packed; of an archive take the one file of rows in it.

    Raises:
        InvalidInput: it cannot be read, is empty, or is an archive that holds no file of rows, or several.
    """
    with _as_sentences(path), open(path, "rb") as file:
        start = file.read(4)
    if not start:
        raise InvalidInput(_("The file %(file)s is empty.") % {"file": path.name}, "file")
    if start == OLD_OFFICE:
        raise InvalidInput(
            _("%(file)s is an old or a locked Excel file. Save it as .xlsx without a password and import that.")
            % {"file": path.name},
            "file",
        )
    if start[:2] == GZIP:
        return _once(Packed(path, "gzip"))
    if start == ZSTD:
        return _once(Packed(path, "zstd"))
    if start not in {ZIP, EMPTY_ZIP}:
        return Packed(path, "none")
    names = members(path)
    if WORKBOOK in names:
        return Packed(path, "none")
    if len(names) != 1:
        raise InvalidInput(
            _("The archive %(file)s holds %(n)s files (%(names)s). Pack only the one that is to be imported.")
            % {"file": path.name, "n": len(names), "names": ", ".join(names[:5])},
            "file",
        )
    return _once(Packed(path, "zip", names[0]))


def is_zip(path: Path) -> bool:
    with _as_sentences(path), open(path, "rb") as file:
        return file.read(4) in {ZIP, EMPTY_ZIP}


def members(path: Path) -> list[str]:
    """The files in a zip archive, without those that only macOS sees.

    Raises:
        InvalidInput: it is damaged, locked, or holds a name that leads out of the archive.
    """
    with _as_sentences(path), zipfile.ZipFile(path) as archive:
        found = [info for info in archive.infolist() if not info.is_dir()]
    for info in found:
        place = PurePosixPath(info.filename.replace("\\", "/"))
        if place.is_absolute() or ".." in place.parts or ":" in place.parts[0]:
            raise InvalidInput(
                _("The archive %(file)s holds the name %(name)r, which leads out of it; it was not opened.")
                % {"file": path.name, "name": info.filename[:200]},
                "file",
            )
        if info.flag_bits & 1:
            raise InvalidInput(
                _("The archive %(file)s is locked with a password. Pack it without one.") % {"file": path.name}, "file"
            )
    names = [info.filename for info in found]
    return [name for name in names if not name.startswith("__MACOSX/") and PurePosixPath(name).name[0] != "."]


def _once(source: Packed) -> Packed:
    """Refuse what is packed twice."""
    with source.stream() as stream:
        start = stream.read(2**16)
    is_zip = start[:4] == ZIP and not _is_workbook(source)
    if is_zip or start[:2] == GZIP or start[:4] == ZSTD:
        raise InvalidInput(
            _("The archive %(file)s holds another archive. Unpack it once and import what is in it.")
            % {"file": source.path.name},
            "file",
        )
    return source


def _is_workbook(source: Packed) -> bool:
    with source.random_access() as file, zipfile.ZipFile(file) as archive:
        return WORKBOOK in archive.namelist()


@contextlib.contextmanager
def _as_sentences(path: Path) -> Iterator[None]:
    """Tell what goes wrong with a file as a sentence."""
    damaged = _("%(file)s is damaged or ends too early. Send it again, or pack it anew.") % {"file": path.name}
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, pa.ArrowInvalid) as error:
        raise InvalidInput(damaged, "file") from error
    except OSError as error:
        if error.errno is None:  # what Arrow raises on a stream that ends early
            raise InvalidInput(damaged, "file") from error
        raise InvalidInput(
            _("The file %(file)s cannot be read: %(error)s.") % {"file": path.name, "error": error.strerror}, "file"
        ) from error
