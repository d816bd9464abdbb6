"""The translations: texts gathered from code and templates, kept as .po files, compiled when they are newer.

Only the .po files are in the repository. What gettext reads (.mo) is made in the data folder at the start of any
process, so that neither an installation nor a test needs the system's gettext.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from babel.messages import extract, mofile, pofile
from babel.messages.catalog import Catalog
from django.utils.translation.template import templatize

SOURCE = Path(__file__).resolve().parent / "locale"
PROJECT = SOURCE.parent.parent
PACKAGES = ("analytics", "recommender", "neuralink_site")
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),  # type: ignore[dict-item]
    "pgettext_lazy": ((1, "c"), 2),  # type: ignore[dict-item]
    "npgettext": ((1, "c"), 2, 3),  # type: ignore[dict-item]
}


def compile_catalogues(target: Path, source: Path = SOURCE) -> None:
    """Write a .mo below `target` for each .po that is newer than it. Renamed into place: several processes start."""
    for po in source.glob("*/LC_MESSAGES/django.po"):
        mo = target / po.relative_to(source).with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime_ns >= po.stat().st_mtime_ns:
            continue
        mo.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=mo.parent, delete=False) as file:
            mofile.write_mo(file, read(po))
        os.replace(file.name, mo)


def read(po: Path) -> Catalog:
    with po.open("rb") as file:
        return pofile.read_po(file, abort_invalid=True)


def write(catalogue: Catalog, po: Path) -> None:
    """Sorted, without line numbers: a change of code is then no change of the file, and merges stay small."""
    text = io.BytesIO()
    pofile.write_po(text, catalogue, width=120, sort_output=True, no_location=True, omit_header=False)
    po.parent.mkdir(parents=True, exist_ok=True)
    po.write_bytes(text.getvalue())


def gathered() -> Catalog:
    """All texts of the product that can be translated."""
    found = Catalog(fuzzy=False)
    for path, message, context, comments in messages():
        found.add(message, locations=[(path, 0)], context=context, auto_comments=comments)
    for text in _of_algorithms():
        found.add(text)
    return found


def _of_algorithms() -> Iterator[str]:
    from recommender.web.algorithms import texts  # this module compiles catalogues before Django is there

    return texts()


Found = tuple[str, str | tuple[str, ...], str | None, list[str]]


def messages() -> Iterator[Found]:
    """File, text (or singular and plural), context and remarks for the translator."""
    paths = [path for package in PACKAGES for path in sorted((PROJECT / package).rglob("*.py"))]
    paths += sorted((PROJECT / "templates").rglob("*.html"))
    for path in paths:
        if "migrations" in path.parts:
            continue
        name = path.relative_to(PROJECT).as_posix()
        for _line, message, comments, context in in_text(path.read_text(encoding="utf-8"), name):
            yield name, message, context, comments


def in_text(text: str, name: str) -> Iterator[tuple[int, str | tuple[str, ...], list[str], str | None]]:
    if name.endswith(".html"):
        # Django makes of a template something that reads like Python; its indentation would mean nothing.
        text = "\n".join(line.strip() for line in templatize(text, origin=name).splitlines()) + "\n"
    # "_" and "%s" alike: Babel finds the texts of calls without running anything.
    return extract.extract("python", io.BytesIO(text.encode()), keywords=KEYWORDS)
