"""The files that the rules of the house are about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("neuralink_site", "analytics", "recommender")
CODE_FOLDERS = (*PACKAGES, "tests", "bench")


def python_files(*folders: str) -> Iterator[Path]:
    """Files written by hand below the folders, all code without one; migrations are generated."""
    for folder in folders or CODE_FOLDERS:
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if "migrations" not in path.parts)


def page_files() -> Iterator[Path]:
    for folder, pattern in (("templates", "*.html"), ("static", "*.js"), ("static", "*.css")):
        yield from sorted((ROOT / folder).rglob(pattern))


def shown(path: Path) -> str:
    """As it is named in a sentence: from the root of the repository."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
