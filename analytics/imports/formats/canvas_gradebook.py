"""Canvas's gradebook: a row per learner, a column per assignment, and the points possible in a row of their own.

A grade is a row here: the ledger counts grades, numbered along the rows from left to right. The gradebook does not say
when anything was submitted, so all grades stand at the instant of the export, which the name of the file tells
(2024-03-01T1015_Grades-BIO.csv) or the option `at`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from analytics.errors import InvalidInput
from analytics.imports.formats.base import Batch, Option, Target
from analytics.imports.formats.mapped import READING, Mapped
from analytics.imports.marks import placed, rejected
from analytics.imports.tables.base import BrokenRow, Parsed, Position
from analytics.models import Kind, Unit, Verb

ASSIGNMENT = re.compile(r"^(?P<name>.*) \((?P<id>\d+)\)$")
EXPORTED = re.compile(r"^(\d{4}-\d{2}-\d{2})T(\d{2})(\d{2})_")
POSSIBLE = "points possible"
TEST_LEARNER = "Student, Test"
NO_GRADES = frozenset({"", "-", "EX", "N/A"})
HEAD_ROWS = 5
MOST_CELLS = 100_000


class CanvasGradebook(Mapped):
    label = gettext_noop("Canvas gradebook")
    implies_enrolment = True
    target = Target.EVENTS
    required = ("Student", "ID")
    options = (
        *READING,
        Option("at", gettext_noop("when the gradebook was exported, where its file's name does not tell")),
        Option("time_zone", gettext_noop("zone of that instant; the organisation's if not given")),
        Option("course", gettext_noop("id of the course that the gradebook is of")),
        Option(
            "learner_id",
            gettext_noop("which column names the learner; “ID” if not given"),
            ("ID", "SIS User ID", "SIS Login ID"),
        ),
    )

    def check(self) -> None:
        super().check()
        if not self._assignments:
            raise InvalidInput(
                _("%(file)s has no column of an assignment, such as “Essay (1234)”.") % {"file": self.path.name}, "file"
            )
        self._learner_column  # noqa: B018  (finding it is the check)
        self._at  # noqa: B018

    @cached_property
    def _assignments(self) -> dict[int, tuple[str, str]]:
        """Place of the column -> id and name of the assignment."""
        found = ((place, ASSIGNMENT.match(column)) for place, column in enumerate(self.table.columns))
        return {place: (match["id"], match["name"]) for place, match in found if match}

    @cached_property
    def _learner_column(self) -> int:
        name = self.given.get("learner_id", "ID")
        if name not in self.table.columns:
            raise InvalidInput(_("The gradebook has no column %(name)r.") % {"name": name}, "learner_id")
        return self.table.columns.index(name)

    @cached_property
    def _at(self) -> str:
        if told := self.given.get("at"):
            return str(told)
        if found := EXPORTED.match(self.path.name):
            return f"{found[1]} {found[2]}:{found[3]}"
        raise InvalidInput(
            _("A gradebook does not say when it was exported, and the name %(file)s does not tell. Say it with “at”.")
            % {"file": self.path.name},
            "at",
        )

    @cached_property
    def _possible(self) -> dict[int, str | None]:
        """Place of the column -> the points possible, from the row that names them."""
        for parsed in self.table.parsed({}, HEAD_ROWS):
            for row in _rows(parsed.table):
                if (row[self.mapping["Student"]] or "").strip().lower() == POSSIBLE:
                    return {place: row[place] for place in self._assignments}
            break
        return {}

    def batches(self, position: Position) -> Iterator[Batch]:
        number = position.get("grade", 1)
        n_rows = max(1, min(self.batch_rows, MOST_CELLS // len(self._assignments)))
        for parsed in self.table.parsed(position, n_rows):
            grades = list(self._grades(parsed))
            broken = [BrokenRow(number + n, row.code, row.sentence, row.text) for n, row in enumerate(parsed.broken)]
            first = number + len(broken)
            number = first + len(grades)
            yield self._batch(parsed, grades, broken, first, number)

    @classmethod
    def fitness(cls, rows: pa.Table) -> float:
        return 0.9 if {"Student", "ID", "Section"} <= set(rows.column_names) else 0.0

    def _grades(self, parsed: Parsed) -> Iterator[dict[str, Any]]:
        for row in _rows(parsed.table):
            name, learner = (row[self.mapping["Student"]] or "").strip(), row[self._learner_column]
            if name.lower() == POSSIBLE or not (name or learner):
                continue  # rows about the assignments
            for place, (activity, title) in self._assignments.items():
                grade = (row[place] or "").strip()
                if grade not in NO_GRADES:
                    yield {"learner": learner, "name": name, "activity": activity, "title": title, "grade": grade,
                           "possible": self._possible.get(place)}  # fmt: skip

    def _batch(
        self, parsed: Parsed, grades: list[dict[str, Any]], broken: list[BrokenRow], first: int, following: int
    ) -> Batch:
        names = ("learner", "name", "activity", "title", "grade", "possible")
        raw = pa.table({name: pa.array([grade[name] for grade in grades], pa.string()) for name in names})
        is_test = np.array([grade["name"] == TEST_LEARNER for grade in grades], dtype=np.bool_)
        sentence = _("Canvas's test learner is nobody.")
        rows = pa.table(
            {
                "learner": raw["learner"],
                "learner_name": raw["name"],
                "activity": pa.array([f"canvas-{grade['activity']}" for grade in grades], pa.string()),
                "name": raw["title"],
                "kind": pa.repeat(Kind.ASSIGNMENT.value, len(grades)),
                "course": pa.repeat(pa.scalar(self.given.get("course"), pa.string()), len(grades)),
                "verb": pa.repeat(Verb.SUBMITTED.value, len(grades)),
                "at": pa.repeat(self._at, len(grades)),
                "value": raw["grade"],
                "unit": pa.array(["" if "%" in grade["grade"] else Unit.POINTS.value for grade in grades], pa.string()),
                "full_mark": pa.array([_points(grade["possible"]) for grade in grades], pa.string()),
                "id": pa.array([_key(grade) for grade in grades], pa.string()),
            }
        )
        return Batch(
            target=self.target,
            file_name=self.path.name,
            rows=rows,
            raw=raw,
            row_numbers=np.arange(first, following),
            position={**parsed.position, "grade": following},
            share=parsed.share,
            broken=broken,
            marks=[rejected(placed(rows), is_test, "test_learner", sentence)],
        )


def _rows(table: pa.Table) -> Iterator[tuple[str | None, ...]]:
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def _points(text: str | None) -> str | None:
    """Points possible; Canvas writes “(read only)” where there are none."""
    return None if text is None or not re.fullmatch(r"\s*\d+([.,]\d+)?\s*", text) else text


def _key(grade: dict[str, Any]) -> str:
    """A later export of the same gradebook repeats the same grades; a changed grade is a new one."""
    return f"canvas-{grade['activity']}-{grade['learner']}-{grade['grade']}"[:400]
