"""A training half-way, in one file: so that a killed one goes on where it was and ends as if undisturbed.

Imports no Keras: variables are arrays here. The file is an npz without pickles, written beside its place and renamed.
"""

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

NAME = "checkpoint.npz"
Arrays = Sequence[NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """`facts` are plain JSON values; `groups` are lists of arrays, each in the order of its owner's variables."""

    facts: Mapping[str, Any]
    groups: Mapping[str, Arrays]


def write(folder: Path, recipe: str, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint of `folder`; a kill at any moment leaves the old one or the new one.

    Args:
        folder: made where it is missing.
        recipe: everything that the training depends on, as a text; see `read`.
        checkpoint: what to keep.

    Raises:
        OSError: the disk is full or not writable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{NAME}.part"
    arrays = {f"{group}_{k}": array for group, them in checkpoint.groups.items() for k, array in enumerate(them)}
    head = json.dumps({"recipe": recipe, "facts": checkpoint.facts}).encode()
    with partial.open("wb") as file:
        np.savez(file, allow_pickle=False, head=np.frombuffer(head, np.uint8), **arrays)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(folder / NAME)


def read(folder: Path, recipe: str) -> Checkpoint | None:
    """The checkpoint of `folder`; None where there is none, where it is damaged or of another recipe.

    Then the training begins anew: nothing is lost but time.
    """
    try:
        with np.load(folder / NAME, allow_pickle=False) as stored:
            head = json.loads(stored["head"].tobytes())
            if head["recipe"] != recipe:
                return None
            return Checkpoint(head["facts"], _groups({name: stored[name] for name in stored.files if name != "head"}))
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def _groups(arrays: Mapping[str, NDArray[Any]]) -> dict[str, list[NDArray[Any]]]:
    found: dict[str, list[NDArray[Any]]] = {}
    for name in sorted(arrays, key=lambda name: int(name.rpartition("_")[2])):
        found.setdefault(name.rpartition("_")[0], []).append(arrays[name])
    return found
