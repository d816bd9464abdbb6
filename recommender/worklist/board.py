"""What a list shows beside each risk: names, words, how it changed, what was done last. Three queries a page."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from recommender.evaluation.outcome_metrics import AT_RISK_SHARE
from recommender.models import Intervention, Risk
from recommender.worklist.rows import with_names
from recommender.worklist.words import sentences

COLUMNS = (
    *("learner", "external_id", "course", "risk_share", "confidence", "change_share", "why"),
    *("assigned_to", "last_done", "last_done_at"),
)
N_REASONS = 2
"""Sentences beside a risk; the others are behind a click."""
BLOCK_ROWS = 500
TREND_DAYS = 5
"""A risk is compared with the latest that is at least so many days older: the one of the week before."""


@dataclass(frozen=True)
class Line:
    """One row of the worklist or of a course's risks."""

    risk: Risk
    factors: list[str]
    strengths: list[str]
    change: float | None
    """Against the week before, as a difference of shares; more than 0 is worse."""
    last: Intervention | None

    @property
    def reason(self) -> str:
        """The two strongest factors in words; where none is told, the learner is about as much at risk as peers are."""
        if self.factors:
            return " ".join(self.factors[:N_REASONS])
        if (self.risk.risk_share or 0.0) < AT_RISK_SHARE:
            return _("Nothing stands out beside peers.")
        return _("Nothing stands out beside peers: at this point of the course most of them are as much at risk.")

    @property
    def whole(self) -> str:
        """All that is told, strengths first; empty where not enough is known."""
        return " ".join([*self.strengths, *(self.factors or [self.reason])]) if self.risk.is_known else ""

    @property
    def is_rising(self) -> bool:
        return self.change is not None and self.change >= 0.1  # less moves every week


def file_rows(risks: Iterable[Risk]) -> Iterator[list[Any]]:
    """The rows of a list under COLUMNS, as plain values; a block at a time, so that memory does not grow with them."""
    for block in batched(risks, BLOCK_ROWS):
        for line in lines(block):
            risk, enrolment, last = line.risk, line.risk.enrolment, line.last
            case = getattr(enrolment, "case", None)
            yield [
                str(enrolment.learner),
                enrolment.learner.shown_id,
                enrolment.course.name,
                risk.risk_share,
                risk.confidence,
                line.change,
                line.whole,
                case.assigned_to.login.get_username() if case is not None and case.assigned_to else "",
                last.kind if last is not None else "",
                last.at if last is not None else None,
            ]


def batched(rows: Iterable[Risk], n_rows: int) -> Iterator[list[Risk]]:
    """Lists of at most so many."""
    rest = iter(rows)
    while block := list(islice(rest, n_rows)):
        yield block


def lines(page: Iterable[Risk]) -> list[Line]:
    """Of one page of risks: what a line names is fetched for these only, so that sorting all rows moves few columns."""
    pks = [risk.pk for risk in page]
    found = with_names(Risk.objects.all()).in_bulk(pks)
    risks = [found[pk] for pk in pks]
    ids = [risk.enrolment_id for risk in risks]
    before = earlier_shares(ids, min((risk.on for risk in risks), default=None))
    last = last_interventions(ids)
    return [
        Line(
            risk,
            sentences(risk.factors),
            sentences(risk.strengths),
            _difference(risk.risk_share, before.get(risk.enrolment_id)),
            last.get(risk.enrolment_id),
        )
        for risk in risks
    ]


def earlier_shares(enrolment_ids: Iterable[int], on: datetime.date | None) -> dict[int, float | None]:
    """The risk of the week before, by enrolment."""
    if on is None:
        return {}
    rows = Risk.objects.filter(enrolment_id__in=enrolment_ids, on__lte=on - datetime.timedelta(days=TREND_DAYS))
    newest = rows.order_by("enrolment_id", "-on").distinct("enrolment_id")
    return dict(newest.values_list("enrolment_id", "risk_share"))


def last_interventions(enrolment_ids: Iterable[int]) -> dict[int, Intervention]:
    rows = Intervention.objects.filter(enrolment_id__in=enrolment_ids).select_related("by__login", "mail")
    return {row.enrolment_id: row for row in rows.order_by("enrolment_id", "-id").distinct("enrolment_id")}


def _difference(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before
