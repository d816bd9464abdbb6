"""Did it help? Learners with an intervention beside similar ones without, matched on course, day and risk.

Matching with replacement on an estimated risk: Rosenbaum & Rubin, "The Central Role of the Propensity Score in
Observational Studies for Causal Effects", Biometrika 1983; its limits are told wherever the figures are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from django.utils.translation import gettext as _

from analytics.public import Organisation, Outcome, number, percent
from recommender.evaluation.bootstrap import Interval, interval
from recommender.models import CONTACTING_KINDS

N_SIMILAR = 5
"""Learners beside each one: fewer make the difference noisier, more make them less similar."""
CALIPER_SHARE = 0.05
"""So far two risks may lie apart to count as similar."""
CALIPER_DAYS = 7
"""So far two predictions may lie apart in days of the course."""
MIN_COMPARED = 20
"""Fewer say nothing; then only their number is told."""

# One row for each enrolment with an intervention: was it finished, and what share of those beside it was. Weeks make
# the join one of hashes: without them every intervention would look at every risk of its course. An archive whose clock
# stands in the middle of a course knows outcomes that by its clock are still open: those do not count.
_MATCHED = """
    WITH ended AS MATERIALIZED (
        SELECT enrolment.id, enrolment.course_id, (enrolment.outcome = ANY(%(finished)s))::int AS is_finished
        FROM analytics_enrolment enrolment JOIN analytics_activity course ON course.id = enrolment.course_id
        WHERE enrolment.organisation_id = %(organisation)s AND enrolment.course_id = ANY(%(courses)s)
          AND enrolment.outcome <> %(unknown)s
          AND COALESCE(enrolment.ended_at, course.closes_at, '-infinity') <= %(now)s
    ), helped AS MATERIALIZED (
        SELECT intervention.* FROM recommender_intervention intervention
        WHERE intervention.organisation_id = %(organisation)s AND intervention.kind = ANY(%(kinds)s)
    ), first AS MATERIALIZED (
        SELECT DISTINCT ON (ended.id) ended.*, helped.risk_share, helped.course_day,
               floor(helped.course_day / 7.0)::int AS week
        FROM helped JOIN ended ON ended.id = helped.enrolment_id
        WHERE helped.risk_share IS NOT NULL AND helped.course_day IS NOT NULL
        ORDER BY ended.id, helped.id
    ), wanted AS MATERIALIZED (
        SELECT DISTINCT course_id, week + shift AS week FROM first CROSS JOIN generate_series(-1, 1) AS shift
    ), without AS MATERIALIZED (
        SELECT ended.*, risk.risk_share, risk.course_day, wanted.week
        FROM ended JOIN recommender_risk risk ON risk.enrolment_id = ended.id
        JOIN wanted ON wanted.course_id = ended.course_id AND wanted.week = floor(risk.course_day / 7.0)::int
        WHERE risk.risk_share IS NOT NULL AND ended.id NOT IN (SELECT enrolment_id FROM helped)
    ), pair AS (
        SELECT DISTINCT ON (first.id, without.id) first.id, without.id AS beside_id, without.is_finished,
               without.risk_share, abs(without.risk_share - first.risk_share) AS apart
        FROM first CROSS JOIN generate_series(-1, 1) AS shift
        JOIN without ON without.course_id = first.course_id AND without.week = first.week + shift
            AND abs(without.course_day - first.course_day) <= %(days)s
            AND abs(without.risk_share - first.risk_share) <= %(caliper)s
        ORDER BY first.id, without.id, apart
    ), nearest AS (
        SELECT pair.*, row_number() OVER (PARTITION BY id ORDER BY apart, beside_id) AS place FROM pair
    )
    SELECT first.is_finished, avg(nearest.is_finished), count(nearest.id), first.risk_share, avg(nearest.risk_share)
    FROM first LEFT JOIN nearest ON nearest.id = first.id AND nearest.place <= %(n_similar)s
    GROUP BY first.id, first.is_finished, first.risk_share
"""
FINISHED_OUTCOMES = [Outcome.COMPLETED.value, Outcome.DISTINCTION.value]


@dataclass(frozen=True)
class Comparison:
    n_ended: int
    """Enrolments with an intervention whose outcome is known."""
    n_compared: int
    """Of them, those beside whom somebody similar was found."""
    finished_share: float | None = None
    beside_share: float | None = None
    """Share of the similar ones without an intervention that finished."""
    risk_share: float | None = None
    """Mean risk of those compared when somebody intervened."""
    beside_risk_share: float | None = None
    difference: Interval | None = None
    """Of the shares that finished, 95 % by resampling those compared; None with fewer than MIN_COMPARED."""

    @property
    def sentence(self) -> str:
        if self.difference is None:
            return _(
                "Not enough data yet: %(n)s enrolments with an intervention have ended and have a similar one without "
                "beside them; from %(min)s on they are compared."
            ) % {"n": number(self.n_compared), "min": MIN_COMPARED}
        found = self.difference
        words = {
            "n": number(found.n),
            "own": percent(self.finished_share or 0.0),
            "beside": percent(self.beside_share or 0.0),
            "low": f"{found.low * 100:+.0f}",
            "high": f"{found.high * 100:+.0f}",
        }
        if found.low > 0:
            meaning = _("those with an intervention finished more often than similar ones without.")
        elif found.high < 0:
            meaning = _("those with an intervention finished less often than similar ones without.")
        else:
            meaning = _("that is too uncertain to say that there is a difference.")
        figures = _(
            "Of %(n)s learners with an intervention %(own)s finished, of similar ones without %(beside)s "
            "(difference between %(low)s and %(high)s points with 95%% confidence):"
        )
        return f"{figures % words} {meaning}"

    @property
    def caveat(self) -> str:
        """What the figures cannot tell; shown wherever they are."""
        return _(
            "This is an observation, not an experiment. Nobody drew lots: whoever was written to may differ from those "
            "who were not in ways that no data show, and people tend to help where they see hope. Similar means the "
            "same course, the same time of it within %(days)s days, and a risk within %(points)s points."
        ) % {"days": CALIPER_DAYS, "points": round(CALIPER_SHARE * 100)}


def compare_interventions(organisation: Organisation, course_ids: list[int], *, seed: int = 0) -> Comparison:
    """Enrolments with an intervention beside up to N_SIMILAR without one, in these courses.

    The first intervention of an enrolment counts, by the risk as it stood then; one enrolment without may stand beside
    several with, and the interval does not know of that.
    """
    asked: dict[str, Any] = {
        "organisation": organisation.pk,
        "courses": course_ids,
        "kinds": [kind.value for kind in CONTACTING_KINDS],
        "unknown": Outcome.ACTIVE.value,
        "finished": FINISHED_OUTCOMES,
        "now": organisation.now(),
        "days": CALIPER_DAYS,
        "caliper": CALIPER_SHARE,
        "n_similar": N_SIMILAR,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MATCHED, asked)
        rows = cursor.fetchall()
    compared = np.array([row for row in rows if row[2]], np.float64).reshape(-1, 5)
    if len(compared) < MIN_COMPARED:
        return Comparison(len(rows), len(compared))
    own, beside, _n, risk, beside_risk = compared.T
    return Comparison(
        n_ended=len(rows),
        n_compared=len(compared),
        finished_share=float(own.mean()),
        beside_share=float(beside.mean()),
        risk_share=float(risk.mean()),
        beside_risk_share=float(beside_risk.mean()),
        difference=interval(own - beside, seed=seed),
    )
