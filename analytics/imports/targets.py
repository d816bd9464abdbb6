"""What rows can become: for each target its cleaning and its load."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from analytics.imports import clean, load, load_catalogue, load_people, load_statements
from analytics.imports.formats.base import Batch, Target
from analytics.imports.marks import Mark
from analytics.imports.place import Place
from analytics.imports.steps.base import Rules


@dataclass(frozen=True)
class Way:
    columns: tuple[str, ...]
    """What the load needs; empty where the source has none."""
    load: Callable[[Place, pa.Table], list[Mark]]
    """Inserts what was cleaned; marks on the rows that were merged into what was there, or had no place."""

    def clean(self, batch: Batch, rules: Rules) -> clean.Cleaned:
        return clean.clean(batch.rows, rules, self.columns, batch.marks)


WAYS: dict[Target, Way] = {
    Target.EVENTS: Way(clean.TEXTS, load.load_events),
    Target.ACTIVITIES: Way(load_catalogue.ACTIVITY_TEXTS, load_catalogue.load_activities),
    Target.LEARNERS: Way(load_people.LEARNER_TEXTS, load_people.load_learners),
    Target.ENROLMENTS: Way(load_people.ENROLMENT_TEXTS, load_people.load_enrolments),
    Target.ENROLMENT_DATES: Way((), load_people.load_enrolment_dates),
    Target.STATEMENTS: Way((), load_statements.load_statements),
}
