"""What the folder of a version says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recommender.errors import CorruptArtifact, IncompatibleArtifact
from recommender.models import Version
from recommender.registry import versions as registry


@dataclass(frozen=True)
class StoredFiles:
    """The manifest, or the sentence that says why it cannot be read."""

    manifest: Mapping[str, Any] = field(default_factory=dict)
    fault: str = ""


def stored_files(version: Version) -> StoredFiles:
    """Looks at the manifest's checksum and the files' sizes; their content is checked when they are loaded."""
    try:
        return StoredFiles(registry.open_artifact(version, verify=False).manifest)
    except (CorruptArtifact, IncompatibleArtifact) as error:
        return StoredFiles(fault=str(error))
