"""Generic events: one row per event in delimited text, columns mapped by option."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from analytics.errors import InvalidInput
from analytics.imports.formats.base import Batch, Format, Option, Position, Target
from analytics.imports.formats.delimited import Delimited, opened

REQUIRED = ("learner", "activity", "verb", "at")
OPTIONAL = ("value", "unit", "id", "kind", "course", "name", "learner_name")


class CsvEvents(Format):
    label = gettext_noop("Events as CSV")
    implies_enrolment = True
    options = (
        Option("columns", gettext_noop("which column of the file holds what, as {“learner”: “user_id”, ...}")),
        Option("delimiter", gettext_noop("what separates the columns; found out if not given"), (",", ";", "\t", "|")),
        Option("time_zone", gettext_noop("zone of instants that name none; the organisation's if not given")),
        Option("default_kind", gettext_noop("kind of the activities whose row names none; “other” if not given")),
    )

    def files(self) -> list[Path]:
        return [self.path]

    def check(self) -> None:
        if not self.path.is_file():
            raise InvalidInput(_("There is no file %(path)s.") % {"path": self.path}, "file")
        self._mapping  # noqa: B018  (finding the columns is the check)

    @cached_property
    def _file(self) -> Delimited:
        return opened(self.path, self.given.get("delimiter", ""))

    @cached_property
    def _mapping(self) -> dict[str, int]:
        """Which of our columns is which of the file's."""
        wanted = self.given.get("columns") or {}
        _check_names(wanted)
        places: dict[str, int] = {}
        for name in REQUIRED + OPTIONAL:
            source = wanted.get(name, name)
            found = [place for place, column in enumerate(self._file.columns) if column == source]
            found = found or [p for p, column in enumerate(self._file.columns) if column.lower() == source.lower()]
            if len(found) > 1:
                raise InvalidInput(_("The header names the column %(name)r twice.") % {"name": source}, "columns")
            if found:
                places[name] = found[0]
            elif name in REQUIRED or name in wanted:
                raise InvalidInput(self._missing(name, source), "columns")
        return places

    def _missing(self, name: str, source: str) -> str:
        there = ", ".join(self._file.columns)
        if name == source:
            return _(
                "The file %(file)s has no column %(name)r. Its columns are: %(there)s. "
                "Say which of them it is with --column %(name)s=..."
            ) % {"file": self.path.name, "name": name, "there": there}
        return _("The file %(file)s has no column %(source)r for %(name)s. Its columns are: %(there)s.") % {
            "file": self.path.name,
            "source": source,
            "name": name,
            "there": there,
        }

    def batches(self, position: Position) -> Iterator[Batch]:
        places = self._mapping
        for parsed in self._file.parsed(position.get("byte", 0), position.get("row", 1), self.batch_rows):
            yield Batch(
                target=Target.EVENTS,
                file_name=self.path.name,
                rows=parsed.table.select(list(places.values())).rename_columns(list(places)),
                raw=parsed.table,
                row_numbers=parsed.row_numbers,
                position={"byte": parsed.end, "row": parsed.next_row},
                share=parsed.end / max(self._file.n_bytes, 1),
                broken=parsed.broken,
            )


def _check_names(wanted: dict[str, Any]) -> None:
    for name in wanted:
        if name not in REQUIRED + OPTIONAL:
            raise InvalidInput(
                _("Events have no column %(name)r. The columns are: %(known)s.")
                % {"name": name, "known": ", ".join(REQUIRED + OPTIONAL)},
                "columns",
            )
