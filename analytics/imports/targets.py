"""What rows can become: for each target its cleaning and its load."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from analytics.imports import clean, load, load_catalogue
from analytics.imports.formats.base import Batch, Target
from analytics.imports.marks import Mark


@dataclass(frozen=True)
class Way:
    steps: tuple[clean.Step, ...]
    load: Callable[[load.Place, pa.Table], list[Mark]]
    """Inserts what was cleaned; marks on the rows that were merged into what was there, or had no place."""

    def clean(self, batch: Batch, rules: clean.Rules) -> clean.Cleaned:
        return clean.clean(batch.rows, rules, self.steps, batch.marks)


WAYS: dict[Target, Way] = {
    Target.EVENTS: Way(clean.EVENTS, load.load_events),
    Target.ACTIVITIES: Way(clean.ACTIVITIES, load_catalogue.load_activities),
    Target.ENROLMENTS: Way(clean.ENROLMENTS, load_catalogue.load_enrolments),
    Target.ENROLMENT_DATES: Way(clean.ENROLMENTS, load_catalogue.load_enrolment_dates),
}
