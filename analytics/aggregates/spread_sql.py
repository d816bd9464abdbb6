"""The statements that work out how each measure of a week or month is spread over learners, from their days.

A span is worked out anew when one of its days changed. Rows of weeks and months that no period cuts are read as they
are; what a period cuts is worked out when it is asked for, from the days that are left.
"""
# ruff: noqa: S608  (the texts are put together from constants; values are parameters)

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from analytics.aggregates.explore.sources import OF_LEARNER, STATISTICS, unsummed
from analytics.aggregates.period import SPANS
from analytics.aggregates.rollup_sql import ADDED_AS


def spans_of(days: Iterable[date]) -> Iterator[dict[str, Any]]:
    """Each span that one of the days lies in, as the parameters of `SPREADS`."""
    days = list(days)
    for name, span in SPANS.items():
        for first, last in sorted({span(day) for day in days}):
            yield {"span": name, "first": first, "last": last}


MEASURED = ", ".join(
    f"('{name}', ({unsummed(formula)})::float8)" for name, formula in OF_LEARNER.items() if name != "learners"
)
OF_SPAN = 'analytics_learnerday WHERE organisation_id = %(organisation)s AND "on" BETWEEN %(first)s AND %(last)s'
# Courses cannot be deleted while rows that name them are written.
LOCKED_COURSES = """
SELECT FROM analytics_activity WHERE organisation_id = %(organisation)s AND kind = 'course' ORDER BY id FOR KEY SHARE
"""
# Nothing is joined here: the planner takes days that have only just come to be empty, and then loops over all pairs.
SPREADS = f"""
DELETE FROM analytics_spread WHERE organisation_id = %(organisation)s AND span = %(span)s AND "on" = %(first)s;
WITH each AS (
    SELECT course_id, count(*) AS n_days, {ADDED_AS} FROM {OF_SPAN} AND course_id IS NOT NULL
    GROUP BY course_id, learner_id
    UNION ALL
    SELECT NULL, count(DISTINCT "on"), {ADDED_AS} FROM {OF_SPAN} GROUP BY learner_id
)
INSERT INTO analytics_spread (organisation_id, course_id, span, "on", measure, n_learners, {", ".join(STATISTICS)})
SELECT %(organisation)s, course_id, %(span)s, %(first)s, measure, count(value), {", ".join(STATISTICS.values())}
FROM each CROSS JOIN LATERAL (VALUES {MEASURED}) told (measure, value)
GROUP BY course_id, measure
"""
