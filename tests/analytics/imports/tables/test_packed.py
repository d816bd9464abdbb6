"""Files packed by every usual means, and by hostile ones."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from analytics.errors import InvalidInput
from analytics.imports.tables import packed as packing
from analytics.imports.tables.opened import open_table
from analytics.imports.tables.packed import packed

CONTENT = b"learner,at\nl1,2024-03-01\nl2,2024-03-02\n"


def zipped(path: Path, *members: tuple[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)


def zstd(path: Path, content: bytes) -> None:
    with pa.output_stream(str(path), compression="zstd") as file:
        file.write(content)


PACKERS: dict[str, Callable[[Path, bytes], object]] = {
    "none": Path.write_bytes,
    "gzip": lambda path, content: path.write_bytes(gzip.compress(content)),
    "zstd": zstd,
    "zip": lambda path, content: zipped(path, ("__MACOSX/rows.csv", b""), ("rows.csv", content)),
}


@pytest.mark.parametrize("compression", PACKERS)
def test_it_is_told_by_its_first_bytes(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "file"
    PACKERS[compression](path, CONTENT)
    source = packed(path)
    assert source.compression == compression
    with source.stream() as stream:
        assert stream.read(1000) == CONTENT
        assert stream.share(len(CONTENT)) == 1.0
    with source.stream() as stream:
        stream.jump(11)
        assert stream.read(2) == b"l1"
    with source.random_access() as file:
        file.seek(-3, 2)
        assert file.read() == b"02\n"
    assert open_table(path).columns == ["learner", "at"]


@pytest.mark.parametrize("compression", ["gzip", "zstd", "zip"])
def test_one_that_ends_too_early(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "file"
    PACKERS[compression](path, CONTENT * 1000 + bytes(range(256)))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InvalidInput, match="ends too early"):
        packed(path).verify()


@pytest.mark.parametrize("compression", ["gzip", "zstd", "zip"])
def test_a_bomb_is_stopped(tmp_path: Path, compression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "FREE_BYTES", 2**20)
    path = tmp_path / "bomb"
    PACKERS[compression](path, b"learner,at\n" + bytes(20 * 2**20))
    with pytest.raises(InvalidInput, match="250 times its size"):
        packed(path).verify()


def test_what_packs_well_is_no_bomb(tmp_path: Path, settings: Any) -> None:
    settings.NEURALINK_UNPACKED_RATIO = 1
    path = tmp_path / "equal"
    PACKERS["gzip"](path, CONTENT * 1000)
    packed(path).verify()


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([], "holds 0 files"),
        ([("a.csv", CONTENT), ("b.csv", CONTENT)], "holds 2 files (a.csv, b.csv)"),
        ([("../a.csv", CONTENT)], "leads out of it"),
        ([("x/../../a.csv", CONTENT)], "leads out of it"),
        ([("/etc/a.csv", CONTENT)], "leads out of it"),
        ([("C:\\a.csv", CONTENT)], "leads out of it"),
        ([("a.csv.gz", gzip.compress(CONTENT))], "another archive"),
    ],
)
def test_an_archive_that_is_refused(tmp_path: Path, members: list[tuple[str, bytes]], words: str) -> None:
    path = tmp_path / "bad.zip"
    zipped(path, *members)
    with pytest.raises(InvalidInput) as refused:
        packed(path)
    assert words in str(refused.value)
    assert list(tmp_path.iterdir()) == [path]


def test_an_archive_in_an_archive(tmp_path: Path) -> None:
    zipped(tmp_path / "inner.zip", ("a.csv", CONTENT))
    zipped(tmp_path / "outer.zip", ("inner.zip", (tmp_path / "inner.zip").read_bytes()))
    with pytest.raises(InvalidInput, match="another archive"):
        packed(tmp_path / "outer.zip")


def test_an_archive_with_a_password(tmp_path: Path) -> None:
    path = tmp_path / "locked.zip"
    zipped(path, ("a.csv", CONTENT))
    content = bytearray(path.read_bytes())
    content[6] |= 1  # the flag of the member, once before its content and once in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="password"):
        packed(path)


@pytest.mark.parametrize(("content", "words"), [(b"", "is empty"), (b"\xd0\xcf\x11\xe0\xa1\xb1", "Save it as .xlsx")])
def test_a_file_that_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=words):
        packed(path)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        packed(tmp_path / "nowhere.csv")
