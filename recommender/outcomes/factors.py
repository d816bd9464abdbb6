"""The twelve things that a risk is explained by: every feature belongs to one of them.

Few enough to read, and each a thing that somebody can talk about. Their words are in `recommender.risk_words`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict

Unit = Literal["days", "count", "share"]


@dataclass(frozen=True, slots=True)
class Factor:
    """One thing, and the unit of the `value` and `peers_value` told of it."""

    name: str
    unit: Unit


class FactorShare(TypedDict):
    """What one factor does to one risk, as it stands in `Risk.factors` and `Risk.strengths`."""

    feature: str  # one of TELLINGS
    value: float | None  # of this learner; None where there is none to tell
    peers_value: float | None  # median of those who run the same course
    effect: float  # risk_share with it minus risk_share with the peers' value instead: more than 0 raises the risk


FACTORS: dict[str, Factor] = {
    factor.name: factor
    for factor in (
        Factor("pause", "days"),  # since the last activity
        Factor("active_days", "count"),  # with at least one event, since the beginning
        Factor("recent_activity", "count"),  # events in the last 14 days
        Factor("materials", "count"),  # different materials opened
        Factor("missing_work", "count"),  # assessments that are due and that peers have handed in
        Factor("punctuality", "days"),  # mean days handed in before the due date; less than 0 is late
        Factor("results", "share"),  # mean result so far
        Factor("rhythm", "share"),  # weeks with activity, of all since the beginning
        Factor("enrolled_early", "days"),  # enrolled before the course's first day; less than 0 is after
        Factor("earlier_courses", "share"),  # finished, of the earlier courses that ended; and the attempt at this one
        Factor("parallel_courses", "count"),  # others that run at the same time
        Factor("course", "share"),  # who did not finish, of earlier runs of this course
    )
}
INSTEAD = {"attempt": "earlier_courses"}
"""Told in the place of a factor's own value where there is one: whoever repeats a course is told of as that."""
TELLINGS: dict[str, Factor] = {"attempt": Factor("attempt", "count"), **FACTORS}
"""Everything that can be told, what comes instead before what it replaces."""
