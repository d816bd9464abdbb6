"""Which column of a file is which of ours: as it was told for the last such file, or suggested by name and content."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils import timezone

from analytics.errors import InvalidInput
from analytics.imports.column_words import by_content, content_fit, name_fit
from analytics.imports.formats import FORMATS, format_named
from analytics.imports.formats.base import Format
from analytics.imports.formats.mapped import Mapped
from analytics.imports.look import Column, Look
from analytics.imports.rejected import is_extra
from analytics.imports.tables.opened import open_table
from analytics.models import ColumnMapping, Organisation, Upload

READING = ("encoding", "delimiter", "sheet")
"""Options about how this one file is written: found out anew for each."""
LEAST_FIT = 0.35


@dataclass(frozen=True)
class Choice:
    """How a file could be imported."""

    format: str
    options: dict[str, Any] = field(default_factory=dict)
    is_remembered: bool = False


def choice_for(organisation: Organisation, look: Look, format: str = "", *, is_anew: bool = False) -> Choice:
    """The choice made for the last file with these columns, or a suggestion; of one format if that is given.

    A suggestion in any case where `is_anew`: what was remembered may be wrong.
    """
    kept = ColumnMapping.objects.filter(organisation=organisation, columns_hash=columns_hash(look)).first()
    if not is_anew and kept is not None and kept.format in FORMATS and format in {"", kept.format}:
        return Choice(kept.format, dict(kept.options), is_remembered=True)
    chosen = format or _fitting_format(look)
    columns = suggested(look.columns, format_named(chosen))
    return Choice(chosen, {"columns": columns} if columns else {})


def suggested(columns: Sequence[Column], kind: type[Format]) -> dict[str, str]:
    """Ours -> theirs, each at most once, the surest first; nothing for formats that need no mapping."""
    if not (issubclass(kind, Mapped) and takes_mapping(kind)):
        return {}
    theirs = [column for column in columns if column.name and not is_extra(column.name)]
    fits = [
        (_fit(ours, column) + (0.01 if ours in kind.required else 0.0), -place, ours, column.name)
        for place, column in enumerate(theirs)
        for ours in kind.required + kind.optional
    ]
    found: dict[str, str] = {}
    for fit, _place, ours, name in sorted(fits, reverse=True):
        if fit >= LEAST_FIT and ours not in found and name not in found.values():
            found[ours] = name
    if "activity" in kind.required and "activity" not in found and "course" in found:
        found["activity"] = found.pop("course")  # what was learnt with is the course itself
    return {ours: found[ours] for ours in kind.required + kind.optional if ours in found}


def columns_of(upload: Upload, options: Mapping[str, Any]) -> list[str]:
    """The columns of the file, read as the options say; none for an archive of several files."""
    with contextlib.suppress(InvalidInput):
        return list(open_table(Path(upload.path), {name: str(options.get(name, "")) for name in READING}).columns)
    return []


def remember(upload: Upload, columns: Sequence[str], format: str, options: Mapping[str, Any]) -> None:
    """Keep the choice: for this upload as it is, for other files with its columns without what is about one file."""
    Upload.objects.filter(pk=upload.pk).update(settings={"format": format, "options": dict(options)})
    if columns:
        ColumnMapping.objects.update_or_create(
            organisation=upload.organisation,
            columns_hash=_hash(columns),
            defaults={
                "format": format,
                "options": {name: value for name, value in options.items() if name not in READING},
                "used_at": timezone.now(),
            },
        )


def columns_hash(look: Look) -> str:
    return _hash([column.name for column in look.columns])


def _hash(columns: Sequence[str]) -> str:
    own = sorted(name for name in columns if not is_extra(name))
    return hashlib.sha256(json.dumps(own).encode()).hexdigest()


def takes_mapping(kind: type[Format]) -> bool:
    """Whether the columns of such files may have any names."""
    return issubclass(kind, Mapped) and any(option.name == "columns" for option in kind.options)


def _fitting_format(look: Look) -> str:
    """The format that the rows themselves show, else the one whose required columns are there most surely."""
    if not takes_mapping(format_named(look.format)):
        return look.format
    sure = {name: _sureness(look.columns, format_named(name)) for name in FORMATS}
    best = max(sure, key=lambda name: sure[name])
    return best if sure[best] > 0 else look.format


def _sureness(columns: Sequence[Column], kind: type[Format]) -> float:
    """Mean fit of the required columns, and a little for each column; 0 if one that is required is not there."""
    found = suggested(columns, kind)
    if not issubclass(kind, Mapped) or not found or not set(kind.required) <= found.keys():
        return 0.0
    by_name = {column.name: column for column in columns}
    fits = [_fit_of_required(ours, by_name[found[ours]]) for ours in kind.required]
    return sum(fits) / len(fits) + 0.05 * len(fits) + 0.01 * len(found)


def _fit_of_required(ours: str, column: Column) -> float:
    """A course may be what was learnt with, see `suggested`."""
    return max(_fit(ours, column), _fit("course", column) if ours == "activity" else 0.0)


def _fit(ours: str, column: Column) -> float:
    by_name = name_fit(ours, column.name) * content_fit(ours, column.kind, column.samples)
    return max(by_name, by_content(ours, column.kind, column.samples))
