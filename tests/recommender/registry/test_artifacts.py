import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recommender.errors import CorruptArtifact, IncompatibleArtifact, InvalidData
from recommender.registry import artifacts

ARRAYS = {
    "activity_ids": np.array([3, 5, 8]),
    "weights": np.arange(6, dtype=np.float32).reshape(2, 3),
    "empty": np.zeros((0, 4), np.int32),
    "single": np.array(7, np.int64),
}
MANIFEST: dict[str, Any] = {"algorithm": "ease", "config": {"neighbours": 3}, "n_learners": 2, "n_activities": 3}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    artifacts.write(tmp_path / "deep" / "v1", ARRAYS, MANIFEST)
    return tmp_path / "deep" / "v1"


@pytest.mark.parametrize("mmap", [True, False])
def test_comes_back_as_it_was(folder: Path, mmap: bool) -> None:
    found = artifacts.read(folder, mmap=mmap)
    assert found.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found.arrays[name].dtype == array.dtype
        assert np.array_equal(found.arrays[name], array)
    assert found.manifest["config"] == {"neighbours": 3}
    assert found.manifest["created_at"].endswith("+00:00")
    assert found.activity_ids.tolist() == [3, 5, 8]
    assert isinstance(found.arrays["weights"], np.memmap) is mmap


def test_nothing_else_is_left_beside_it(folder: Path) -> None:
    assert [one.name for one in folder.parent.iterdir()] == ["v1"]


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(artifacts, "_flush", full)
    with pytest.raises(OSError, match="No space"):
        artifacts.write(tmp_path / "v1", ARRAYS, MANIFEST)
    assert list(tmp_path.iterdir()) == []


def test_a_stored_model_is_never_overwritten(folder: Path) -> None:
    with pytest.raises(InvalidData, match="never overwritten"):
        artifacts.write(folder, ARRAYS, MANIFEST)


@pytest.mark.parametrize("name", [*[f"{name}.npy" for name in ARRAYS], "manifest.json"])
def test_a_missing_file_is_corrupt(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CorruptArtifact, match=f"{name}.* train again"):
        artifacts.read(folder)


def test_a_changed_byte_is_corrupt(folder: Path) -> None:
    path = folder / "weights.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptArtifact, match="checksum"):
        artifacts.read(folder)
    artifacts.read(folder, verify=False)


def test_a_cut_file_is_corrupt_even_unverified(folder: Path) -> None:
    path = folder / "weights.npy"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(CorruptArtifact, match="bytes instead of"):
        artifacts.read(folder, verify=False)


def test_an_exchanged_folder_is_corrupt(folder: Path, tmp_path: Path) -> None:
    other = artifacts.write(tmp_path / "v2", ARRAYS, {**MANIFEST, "config": {}})
    with pytest.raises(CorruptArtifact, match="not the one registered"):
        artifacts.read(folder, sha256=other)


def test_another_format_is_incompatible_and_not_corrupt(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format_version": 99}))
    with pytest.raises(IncompatibleArtifact, match="format 99"):
        artifacts.read(folder)


def test_a_manifest_cannot_point_outside(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"]["../secret.npy"] = manifest["files"]["weights.npy"]
    path.write_text(json.dumps(manifest))
    with pytest.raises(CorruptArtifact, match="outside"):
        artifacts.read(folder)


def test_pickles_are_neither_written_nor_read(folder: Path, tmp_path: Path) -> None:
    objects = np.array([{"a": 1}], object)
    with pytest.raises(InvalidData, match="numbers only"):
        artifacts.write(tmp_path / "v2", {**ARRAYS, "objects": objects}, MANIFEST)
    np.save(folder / "weights.npy", objects, allow_pickle=True)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["weights.npy"]["bytes"] = (folder / "weights.npy").stat().st_size
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(CorruptArtifact, match="pickle"):
        artifacts.read(folder, verify=False)


@pytest.mark.parametrize("key", ["algorithm", "config", "n_learners", "n_activities"])
def test_a_manifest_says_what_it_must(tmp_path: Path, key: str) -> None:
    manifest = {name: value for name, value in MANIFEST.items() if name != key}
    with pytest.raises(InvalidData, match=key):
        artifacts.write(tmp_path / "v1", ARRAYS, manifest)


def test_as_many_ids_as_activities(tmp_path: Path) -> None:
    with pytest.raises(InvalidData, match="3 ids; the manifest says 4"):
        artifacts.write(tmp_path / "v1", ARRAYS, {**MANIFEST, "n_activities": 4})
