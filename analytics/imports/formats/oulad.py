"""The Open University Learning Analytics Dataset: seven CSV files (Kuzilek, Hlosta, Zdrahal, Sci. Data 4:170171, 2017).

A course here is a module's presentation, because it has days, people and results of its own. Days are counted from
the presentation's beginning, which the data set does not name: “B” begins on the 1st of February, “J” on the 1st of
October. Repeated rows of studentVle are real: what a person clicked in several visits of one day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from analytics.errors import InvalidInput
from analytics.imports.formats import oulad_tables as tables
from analytics.imports.formats.base import Batch, Format, Position, Target
from analytics.imports.formats.delimited import Delimited, Parsed, opened
from analytics.imports.marks import Mark

PRESENTED = ("code_module", "code_presentation")


@dataclass(frozen=True)
class Table:
    file_name: str
    target: Target
    columns: tuple[str, ...]
    build: Callable[[pa.Table, tables.Catalogue], tuple[pa.Table, list[Mark]]]
    """(n,) rows as they came -> (n,) rows of the target, and marks on them."""


TABLES = (
    Table("courses.csv", Target.ACTIVITIES, (*PRESENTED, "module_presentation_length"), tables.courses),
    Table(
        "vle.csv",
        Target.ACTIVITIES,
        ("id_site", *PRESENTED, "activity_type", "week_from", "week_to"),
        tables.sites,
    ),
    Table(
        "assessments.csv",
        Target.ACTIVITIES,
        (*PRESENTED, "id_assessment", "assessment_type", "date", "weight"),
        tables.assessments,
    ),
    Table(
        "studentInfo.csv",
        Target.ENROLMENTS,
        (*PRESENTED, "id_student", *tables.ATTRIBUTES, "final_result"),
        tables.enrolments,
    ),
    Table(
        "studentRegistration.csv",
        Target.ENROLMENT_DATES,
        (*PRESENTED, "id_student", "date_registration", "date_unregistration"),
        tables.dates,
    ),
    Table(
        "studentAssessment.csv",
        Target.EVENTS,
        ("id_assessment", "id_student", "date_submitted", "is_banked", "score"),
        tables.submissions,
    ),
    Table("studentVle.csv", Target.EVENTS, (*PRESENTED, "id_student", "id_site", "date", "sum_click"), tables.views),
)


class Oulad(Format):
    label = gettext_noop("OULAD (folder of seven files)")
    takes_folder = True
    is_archive = True

    def files(self) -> list[Path]:
        return [self.path / table.file_name for table in TABLES]

    def check(self) -> None:
        if not self.path.is_dir():
            raise InvalidInput(_("There is no folder %(path)s with the seven files.") % {"path": self.path}, "file")
        missing = [path.name for path in self.files() if not path.is_file()]
        if missing:
            raise InvalidInput(
                _("The folder %(path)s lacks %(missing)s.") % {"path": self.path, "missing": ", ".join(missing)}, "file"
            )
        for table, file in zip(TABLES, self._opened, strict=True):
            lacking = [name for name in table.columns if name not in file.columns]
            if lacking:
                raise InvalidInput(
                    _("%(file)s has no column %(lacking)s. Its columns are: %(there)s.")
                    % {"file": table.file_name, "lacking": ", ".join(lacking), "there": ", ".join(file.columns)},
                    "file",
                )

    @cached_property
    def _opened(self) -> list[Delimited]:
        return [opened(path, ",") for path in self.files()]

    @cached_property
    def _catalogue(self) -> tables.Catalogue:
        """What other files refer to: presentations and assessments, read again after a resumption."""
        lengths, assessed = (_whole(self._opened[place], TABLES[place].columns) for place in (0, 2))
        return tables.Catalogue.of(lengths, assessed)

    def batches(self, position: Position) -> Iterator[Batch]:
        sizes = np.array([file.n_bytes for file in self._opened])
        for place in range(position.get("file", 0), len(TABLES)):
            is_first = place == position.get("file", 0)
            start, row = (position.get("byte", 0), position.get("row", 1)) if is_first else (0, 1)
            for parsed in self._opened[place].parsed(start, row, self.batch_rows):
                share = float((sizes[:place].sum() + parsed.end) / sizes.sum())
                yield self._batch(place, parsed, share)

    def _batch(self, place: int, parsed: Parsed, share: float) -> Batch:
        table = TABLES[place]
        rows, marks = table.build(parsed.table.select(list(table.columns)), self._catalogue)
        return Batch(
            target=table.target,
            file_name=table.file_name,
            rows=rows,
            raw=parsed.table,
            row_numbers=parsed.row_numbers,
            position={"file": place, "byte": parsed.end, "row": parsed.next_row},
            share=share,
            broken=parsed.broken,
            marks=marks,
        )


def _whole(file: Delimited, columns: tuple[str, ...]) -> pa.Table:
    parts = [parsed.table.select(list(columns)) for parsed in file.parsed(0, 1, 1_000_000)]
    return pa.concat_tables(parts) if parts else pa.table({name: pa.array([], pa.string()) for name in columns})
