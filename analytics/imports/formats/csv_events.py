"""Generic events: one row per event, columns mapped by option."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from analytics.imports.formats.base import Target
from analytics.imports.formats.mapped import COLUMNS, DATES, DEFAULT_KIND, FILLING, FULL_MARK, READING, Mapped

REQUIRED = ("learner", "activity", "verb", "at")
OPTIONAL = ("value", "unit", "full_mark", "id", "kind", "course", "name", "learner_name")


class CsvEvents(Mapped):
    label = gettext_noop("Events (CSV, Excel, Parquet, JSON lines)")
    implies_enrolment = True
    target = Target.EVENTS
    required = REQUIRED
    optional = OPTIONAL
    instants = ("at",)
    options = (COLUMNS, *READING, *DATES, *FILLING, DEFAULT_KIND, FULL_MARK)
