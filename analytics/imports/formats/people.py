"""People: learners with what is told of them, and enrolments with outcome and grade."""

from __future__ import annotations

import json

import pyarrow as pa
from django.utils.translation import gettext_noop

from analytics.imports.formats.base import Option, Target
from analytics.imports.formats.mapped import COLUMNS, DATES, READING, Mapped
from analytics.imports.marks import Mark
from analytics.imports.rejected import is_extra
from analytics.imports.tables.base import Parsed
from analytics.imports.vocabulary import MISSING

FULL_MARK = Option(
    "full_mark", gettext_noop("what a grade is a share of, for example 100; shares of 0 to 1 if not given")
)


class Learners(Mapped):
    """Columns that are not mapped become the learner's attributes."""

    label = gettext_noop("Learners")
    target = Target.LEARNERS
    required = ("learner",)
    optional = ("name",)
    options = (COLUMNS, *READING)

    def arranged(self, parsed: Parsed) -> tuple[pa.Table, list[Mark]]:
        rows, marks = super().arranged(parsed)
        others = [
            n
            for n, name in enumerate(self.table.columns)
            if n not in self.mapping.values() and name and not is_extra(name)
        ]
        names = [self.table.columns[place] for place in others]
        values = zip(*(parsed.table.column(place).to_pylist() for place in others), strict=True)
        told = [_attributes(dict(zip(names, each, strict=True))) for each in values]
        attributes = told if names else ["{}"] * rows.num_rows
        return rows.append_column("attributes", pa.array(attributes, pa.string())), marks


class Enrolments(Mapped):
    label = gettext_noop("Enrolments")
    makes_courses = True
    target = Target.ENROLMENTS
    required = ("learner", "course")
    optional = ("learner_name", "course_run", "outcome", "grade", "started_at", "ended_at", "attempt")
    instants = ("started_at", "ended_at")
    options = (COLUMNS, *READING, *DATES, FULL_MARK)


def _attributes(told: dict[str, str | None]) -> str:
    """What is told of a person, as JSON that PostgreSQL can keep."""
    kept = {name: value.strip() for name, value in told.items() if value and value.strip().lower() not in MISSING}
    return json.dumps(kept, ensure_ascii=False).replace("\\u0000", "\N{SYMBOL FOR NULL}")
