"""What the folder of a version says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recommender.errors import RecommenderError
from recommender.models import Version
from recommender.registry import versions as registry
from recommender.web.algorithms import class_of


@dataclass(frozen=True)
class StoredFiles:
    """The manifest as far as it can be read, and the sentence that says why the version cannot serve."""

    manifest: Mapping[str, Any] = field(default_factory=dict)
    fault: str = ""


def stored_files(version: Version) -> StoredFiles:
    """Whether this release could serve it. The files' content is compared with its checksums when they are loaded."""
    try:
        artifact = registry.open_artifact(version, verify=False)
    except RecommenderError as error:
        return StoredFiles(fault=str(error))
    try:
        class_of(artifact.manifest["algorithm"]).from_state(artifact.manifest["config"], artifact.arrays)
    except RecommenderError as error:
        return StoredFiles(artifact.manifest, str(error))
    return StoredFiles(artifact.manifest)
