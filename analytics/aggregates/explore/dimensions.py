"""What numbers can be taken apart by, and which tables know of it. A further dimension is a further line."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LEVEL = """CASE WHEN t.n_days IS NULL OR t.n_days < 1 THEN 'none' WHEN t.n_days < 7 THEN 'light'
WHEN t.n_days < 30 THEN 'regular' ELSE 'heavy' END"""
"""The levels of `aggregates.segments`; a test compares."""


@dataclass(frozen=True)
class ByWhat:
    name: str
    label: str | Promise
    sql: str
    """Over a row `d` of a table of days or totals; `a` is its activity, `e` the enrolment, `t` the total."""
    is_time: bool = False
    """In order and, where it is a date, without holes."""
    of_enrolment: bool = False
    of_level: bool = False

    @property
    def of_learner(self) -> bool:
        """Known only where there is a row for each learner."""
        return self.of_enrolment or self.of_level


BY: dict[str, ByWhat] = {
    each.name: each
    for each in (
        ByWhat("day", _("Day"), 'd."on"', is_time=True),
        ByWhat("week", _("Week"), "date_trunc('week', d.\"on\"::timestamp)::date", is_time=True),
        ByWhat("month", _("Month"), "date_trunc('month', d.\"on\"::timestamp)::date", is_time=True),
        ByWhat("weekday", _("Day of the week"), 'extract(isodow FROM d."on")::int', is_time=True),
        ByWhat("hour", _("Hour of the day (UTC)"), "h.hour", is_time=True),
        ByWhat("course", _("Course"), "d.course_id"),
        ByWhat("kind", _("Kind of activity"), "a.kind"),
        ByWhat("verb", _("Verb"), "d.verb"),
        ByWhat("run", _("Cohort: run of the course"), "e.course_run", of_enrolment=True),
        ByWhat(
            "start",
            _("Cohort: month of the start"),
            "date_trunc('month', e.started_at AT TIME ZONE 'UTC')::date",
            of_enrolment=True,
        ),
        ByWhat("outcome", _("Outcome"), "e.outcome", of_enrolment=True),
        ByWhat("level", _("Activity of the learner"), LEVEL, of_level=True),
    )
}
FILTERS = ("course", "kind", "verb", "outcome", "level")
"""Dimensions of which one value may be chosen."""
