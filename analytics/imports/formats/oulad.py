"""The Open University Learning Analytics Dataset: seven CSV files (Kuzilek, Hlosta, Zdrahal, Sci. Data 4:170171, 2017).

A course here is a module's presentation, because it has days, people and results of its own. Days are counted from
the presentation's beginning, which the data set does not name: “B” begins on the 1st of February, “J” on the 1st of
October. Repeated rows of studentVle are real: what a person clicked in several visits of one day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from analytics.errors import InvalidInput
from analytics.imports.formats import oulad_tables as tables
from analytics.imports.formats.base import Batch, Format, Target
from analytics.imports.marks import Mark
from analytics.imports.tables.base import Parsed, Position, Table
from analytics.imports.tables.opened import open_table
from analytics.imports.tables.packed import Packed, is_zip, members

PRESENTED = ("code_module", "code_presentation")


@dataclass(frozen=True)
class File:
    name: str
    target: Target
    columns: tuple[str, ...]
    build: Callable[[pa.Table, tables.Catalogue], tuple[pa.Table, list[Mark]]]
    """(n,) rows as they came -> (n,) rows of the target, and marks on them."""


FILES = (
    File("courses.csv", Target.ACTIVITIES, (*PRESENTED, "module_presentation_length"), tables.courses),
    File(
        "vle.csv",
        Target.ACTIVITIES,
        ("id_site", *PRESENTED, "activity_type", "week_from", "week_to"),
        tables.sites,
    ),
    File(
        "assessments.csv",
        Target.ACTIVITIES,
        (*PRESENTED, "id_assessment", "assessment_type", "date", "weight"),
        tables.assessments,
    ),
    File(
        "studentInfo.csv",
        Target.ENROLMENTS,
        (*PRESENTED, "id_student", *tables.ATTRIBUTES, "num_of_prev_attempts", "final_result"),
        tables.enrolments,
    ),
    File(
        "studentRegistration.csv",
        Target.ENROLMENT_DATES,
        (*PRESENTED, "id_student", "date_registration", "date_unregistration"),
        tables.dates,
    ),
    File(
        "studentAssessment.csv",
        Target.EVENTS,
        ("id_assessment", "id_student", "date_submitted", "is_banked", "score"),
        tables.submissions,
    ),
    File("studentVle.csv", Target.EVENTS, (*PRESENTED, "id_student", "id_site", "date", "sum_click"), tables.views),
)


class Oulad(Format):
    label = gettext_noop("OULAD (the seven files, in a folder or a zip archive)")
    is_archive = True

    def files(self) -> list[Path]:
        return [self.path] if self.path.is_file() else [self.path / file.name for file in FILES]

    def check(self) -> None:
        if not self.path.exists():
            raise InvalidInput(
                _("There is no folder or archive %(path)s with the seven files.") % {"path": self.path}, "file"
            )
        missing = [file.name for file in FILES if file.name not in self._sources]
        if missing:
            raise InvalidInput(
                _("%(path)s lacks %(missing)s.") % {"path": self.path, "missing": ", ".join(missing)}, "file"
            )
        for file, table in zip(FILES, self._tables, strict=True):
            lacking = [name for name in file.columns if name not in table.columns]
            if lacking:
                raise InvalidInput(
                    _("%(file)s has no column %(lacking)s. Its columns are: %(there)s.")
                    % {"file": file.name, "lacking": ", ".join(lacking), "there": ", ".join(table.columns)},
                    "file",
                )

    def verify(self) -> None:
        for source in self._sources.values():
            source.verify()

    @classmethod
    def parts(cls, path: Path) -> list[Packed]:
        found = _sources(path)
        return [found[file.name] for file in FILES] if found.keys() >= {file.name for file in FILES} else []

    @cached_property
    def _sources(self) -> dict[str, Packed]:
        return _sources(self.path)

    @cached_property
    def _tables(self) -> list[Table]:
        return [open_table(self._sources[file.name], {"delimiter": ","}) for file in FILES]

    @cached_property
    def _catalogue(self) -> tables.Catalogue:
        """What other files refer to: presentations and assessments, read again after a resumption."""
        lengths, assessed = (_whole(self._tables[place], FILES[place].columns) for place in (0, 2))
        return tables.Catalogue.of(lengths, assessed)

    def batches(self, position: Position) -> Iterator[Batch]:
        sizes = np.array([table.source.n_bytes for table in self._tables])
        for place in range(position.get("file", 0), len(FILES)):
            within = position if place == position.get("file", 0) else {}
            for parsed in self._tables[place].parsed(within, self.batch_rows):
                share = float((sizes[:place].sum() + parsed.share * sizes[place]) / sizes.sum())
                yield self._batch(place, parsed, share)

    def _batch(self, place: int, parsed: Parsed, share: float) -> Batch:
        file = FILES[place]
        rows, marks = file.build(parsed.table.select(list(file.columns)), self._catalogue)
        return Batch(
            target=file.target,
            file_name=file.name,
            rows=rows,
            raw=parsed.table,
            row_numbers=parsed.row_numbers,
            position={"file": place, **parsed.position},
            share=share,
            broken=parsed.broken,
            marks=marks,
        )


def _sources(path: Path) -> dict[str, Packed]:
    """The files in a folder, or anywhere in a zip archive, by their names."""
    if path.is_dir():
        return {file.name: Packed(file, "none") for file in path.iterdir() if file.is_file()}
    if not path.is_file() or not is_zip(path):
        return {}
    return {PurePosixPath(name).name: Packed(path, "zip", name) for name in members(path)}


def _whole(table: Table, columns: tuple[str, ...]) -> pa.Table:
    parts = [parsed.table.select(list(columns)) for parsed in table.parsed({}, 1_000_000)]
    return pa.concat_tables(parts) if parts else pa.table({name: pa.array([], pa.string()) for name in columns})
