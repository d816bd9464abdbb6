"""What the fragments show of one learner's risks: everything for staff, only what helps for themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from analytics.public import Learner, Member
from recommender.models import Intervention, Risk
from recommender.web.charts import Chart
from recommender.web.risk_charts import history
from recommender.worklist.board import Line, lines
from recommender.worklist.rows import current_risks, in_order, risks_seen
from recommender.worklist.seen import own_enrolments
from recommender.worklist.words import own_sentences, own_steps

N_HINTS = 2
"""More would read as a list of faults."""


@dataclass(frozen=True)
class ShownRisk:
    """One course of a learner, as staff see it."""

    line: Line
    chart: Chart | None
    interventions: list[Intervention]


@dataclass(frozen=True)
class Hint:
    """One course, as the learner sees it."""

    risk: Risk
    strengths: list[str]
    steps: list[str]


def learner_risks(member: Member, learner: Learner) -> list[ShownRisk]:
    """By course, the highest risk first, with how it went and what was done."""
    shown = lines(in_order(risks_seen(member).filter(enrolment__learner=learner)).only("pk"))
    ids = [line.risk.enrolment_id for line in shown]
    past = _by_enrolment(Risk.objects.filter(enrolment_id__in=ids).defer("factors", "strengths").order_by("on"))
    rows = Intervention.objects.filter(enrolment_id__in=ids).select_related("by__login", "mail")
    done = _by_enrolment(rows)
    return [
        ShownRisk(
            line, history(past[line.risk.enrolment_id], str(line.risk.enrolment_id)), done[line.risk.enrolment_id]
        )
        for line in shown
    ]


def own_hints(member: Member) -> list[Hint]:
    """Of the member's own enrolments: what goes well, and the two things that would help most."""
    risks = current_risks(member.organisation).filter(enrolment__in=own_enrolments(member), is_known=True)
    return [
        Hint(risk, own_sentences(risk.strengths)[:N_HINTS], own_steps(risk.factors)[:N_HINTS])
        for risk in risks.select_related("enrolment__course").order_by("enrolment__course__name", "pk")
    ]


def _by_enrolment(rows: Iterable[Any]) -> defaultdict[int, list[Any]]:
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.enrolment_id].append(row)
    return found
