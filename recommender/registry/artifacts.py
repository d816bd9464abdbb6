"""A trained model on disk: a folder with one `.npy` per array and a `manifest.json` that vouches for them.

Written beside its place, flushed to disk and renamed into it, so a folder either is whole or is not there.
Nothing in it is pickled. A folder is never written to again.
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recommender.errors import CorruptArtifact, IncompatibleArtifact, InvalidData

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
REQUIRED = ("algorithm", "config", "n_learners", "n_activities")
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Artifact:
    """A folder that was read and found whole."""

    folder: Path
    manifest: Mapping[str, Any]
    arrays: dict[str, NDArray[Any]]
    sha256: str  # of the manifest, and through it of every file

    @property
    def activity_ids(self) -> NDArray[np.int64]:
        """Shape (n_activities,): the database id behind each activity index of the model."""
        return self.arrays["activity_ids"].astype(np.int64, copy=False)


def write(folder: Path, arrays: Arrays, manifest: Mapping[str, Any]) -> str:
    """Store a model for good, and return the SHA-256 of its manifest.

    Args:
        folder: where it is to be; must not exist yet. Its parents are made.
        arrays: the state of the algorithm, and `activity_ids` (n_activities,) int64 beside it.
        manifest: at least `algorithm config n_learners n_activities`, plain JSON values. `format_version`,
            `created_at` and `files` (SHA-256, bytes, dtype, shape of each) are added.

    Raises:
        InvalidData: something required is missing, an array holds objects, or the folder exists.
        OSError: the disk is full or not writable; nothing is left behind.
    """
    _check_contents(folder, arrays, manifest)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.part")
    partial.mkdir()
    try:
        files = {f"{name}.npy": _write_array(partial / f"{name}.npy", array) for name, array in arrays.items()}
        whole = {
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            **manifest,
            "format_version": FORMAT_VERSION,
            "files": files,
        }
        text = json.dumps(whole, indent=1, sort_keys=True, allow_nan=False).encode()
        with (partial / MANIFEST).open("wb") as file:
            file.write(text)
            _flush(file.fileno())
        _flush_folder(partial)
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    _flush_folder(folder.parent)
    return hashlib.sha256(text).hexdigest()


def read(folder: Path, *, mmap: bool = True, verify: bool = True, sha256: str | None = None) -> Artifact:
    """Open a model.

    Args:
        folder: as given to `write`.
        mmap: map the arrays read-only, so that processes share them and only what is touched is read.
        verify: compare every file with its checksum, which reads it once.
        sha256: what `write` returned, to notice a folder that was exchanged as a whole.

    Raises:
        CorruptArtifact: a file is missing, or is not what was written.
        IncompatibleArtifact: whole, but of a format that this release does not know.
    """
    try:
        text = (folder / MANIFEST).read_bytes()
        manifest = json.loads(text)
    except (OSError, ValueError) as error:
        raise CorruptArtifact(f"{folder} has no readable {MANIFEST} ({error}). {_REMEDY}") from error
    found = hashlib.sha256(text).hexdigest()
    if sha256 is not None and found != sha256:
        raise CorruptArtifact(f"{folder / MANIFEST} is not the one registered ({found} is not {sha256}). {_REMEDY}")
    _check_manifest(folder, manifest)
    arrays = {
        name.removesuffix(".npy"): _read_array(folder / name, entry, mmap=mmap, verify=verify)
        for name, entry in manifest["files"].items()
    }
    return Artifact(folder, manifest, arrays, found)


_REMEDY = "Restore the folder from a backup, roll back to another version, or train again."


def _check_contents(folder: Path, arrays: Arrays, manifest: Mapping[str, Any]) -> None:
    if folder.exists():
        raise InvalidData(f"{folder} exists already, and a stored model is never overwritten: choose a new name.")
    missing = [key for key in REQUIRED if key not in manifest]
    if missing:
        raise InvalidData(f"The manifest of {folder.name} lacks {', '.join(missing)}.")
    n_ids = len(arrays["activity_ids"]) if "activity_ids" in arrays else 0
    if n_ids != manifest["n_activities"]:
        raise InvalidData(f"activity_ids holds {n_ids} ids; the manifest says {manifest['n_activities']} activities.")
    for name, array in arrays.items():
        if not name.isidentifier() or array.dtype.hasobject:
            raise InvalidData(f"The array {name!r} ({array.dtype}) cannot be stored: plain names and numbers only.")


def _check_manifest(folder: Path, manifest: object) -> None:
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise CorruptArtifact(f"{folder / MANIFEST} does not list its files. {_REMEDY}")
    version = manifest.get("format_version")
    if version != FORMAT_VERSION:
        raise IncompatibleArtifact(
            f"{folder} has format {version!r} and this release reads format {FORMAT_VERSION}: "
            "use the release that wrote it, or train again."
        )
    unsafe = [name for name in manifest["files"] if Path(name).name != name or not name.endswith(".npy")]
    missing = [key for key in REQUIRED if key not in manifest]
    if unsafe or missing or "activity_ids.npy" not in manifest["files"]:
        raise CorruptArtifact(f"{folder / MANIFEST} is incomplete or names files outside the folder. {_REMEDY}")


def _write_array(path: Path, array: NDArray[Any]) -> dict[str, Any]:
    with path.open("w+b") as file:
        np.save(file, np.ascontiguousarray(array).reshape(array.shape), allow_pickle=False)
        _flush(file.fileno())
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "sha256": digest,
        "bytes": path.stat().st_size,
        "dtype": array.dtype.str,
        "shape": list(array.shape),
    }


def _read_array(path: Path, entry: Mapping[str, Any], *, mmap: bool, verify: bool) -> NDArray[Any]:
    try:
        if path.stat().st_size != entry["bytes"]:
            raise CorruptArtifact(f"{path} has {path.stat().st_size} bytes instead of {entry['bytes']}. {_REMEDY}")
        if verify:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != entry["sha256"]:
                raise CorruptArtifact(f"{path} differs from its checksum. {_REMEDY}")
        # An empty file part cannot be mapped.
        mode: Literal["r"] | None = "r" if mmap and 0 not in entry["shape"] else None
        array: NDArray[Any] = np.load(path, mmap_mode=mode, allow_pickle=False)
    except (OSError, ValueError, KeyError) as error:
        raise CorruptArtifact(f"{path} cannot be read ({error}). {_REMEDY}") from error
    return array


def _flush(descriptor: int) -> None:
    os.fsync(descriptor)


def _flush_folder(folder: Path) -> None:
    """A rename is only durable once the folder that holds the name is on disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _flush(descriptor)
    finally:
        os.close(descriptor)
