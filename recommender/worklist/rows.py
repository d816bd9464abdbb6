"""Who is at risk now, as one query: the page, the API, the digest and the overview read the same rows."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Floor

from analytics.public import Enrolment, Member, Organisation
from recommender.models import OutcomePolicy, Risk
from recommender.worklist.seen import enrolments_seen, today

TENTHS = 10
"""Bars of the distribution."""


def last_day(organisation: Organisation) -> datetime.date | None:
    """The day for which risks were calculated last; None if they never were."""
    days = Risk.objects.filter(organisation=organisation).order_by("-on").values_list("on", flat=True)
    return days.first()


def current_risks(organisation: Organisation) -> QuerySet[Risk]:
    """Of every enrolment that runs: a refresh predicts for all of them, so that older rows are history."""
    on = last_day(organisation)
    if on is None:
        return Risk.objects.none()
    is_running = Q(enrolment__ended_at__isnull=True) | Q(enrolment__ended_at__gt=organisation.now())
    return Risk.objects.filter(is_running, organisation=organisation, on=on)


def risks_seen(member: Member) -> QuerySet[Risk]:
    """The current risks that the member may hear of."""
    rows = current_risks(member.organisation)
    if not member.sees_everything:
        rows = rows.filter(enrolment__in=enrolments_seen(member))
    return rows


def with_names(risks: QuerySet[Risk]) -> QuerySet[Risk]:
    """With what a row of a list names, in the same query."""
    case = ("enrolment__case__assigned_to__login", "enrolment__case__changed_by__login")
    return risks.select_related("enrolment__learner", "enrolment__course", "version", *case)


def latest_risks(enrolments: Iterable[Enrolment]) -> dict[int, Risk]:
    """By enrolment; those that were never predicted for are not in it."""
    ids = [enrolment.pk for enrolment in enrolments]
    newest = Risk.objects.filter(enrolment_id__in=ids).order_by("enrolment_id", "-on").distinct("enrolment_id")
    return {risk.enrolment_id: risk for risk in newest}


STATES = ("waiting", "mine", "snoozed", "done")


@dataclass(frozen=True)
class Worklist:
    """The rows of one member's worklist, or of an organisation's, under its policy."""

    seen: QuerySet[Risk]
    """The current risks that it is about."""
    policy: OutcomePolicy
    today: datetime.date
    member: Member | None = None

    @classmethod
    def of(cls, member: Member) -> Worklist:
        organisation = member.organisation
        return cls(risks_seen(member), OutcomePolicy.of(organisation), today(organisation), member)

    @classmethod
    def of_organisation(cls, organisation: Organisation) -> Worklist:
        return cls(current_risks(organisation), OutcomePolicy.of(organisation), today(organisation))

    def in_state(self, state: str) -> QuerySet[Risk]:
        """The rows of one of STATES, of which every enrolment at risk is in one of the first three or done with."""
        return self.seen.filter(self._states()[state])

    def counts(self) -> dict[str, int]:
        """How many there are in each of STATES, in one query."""
        return self.seen.aggregate(**{state: Count("pk", filter=asked) for state, asked in self._states().items()})

    def waiting(self) -> QuerySet[Risk]:
        return self.in_state("waiting")

    def _states(self) -> dict[str, Q]:
        """At risk is whoever is at the policy's threshold, or was made somebody's case and is not done with."""
        case = "enrolment__case__"
        rested = self.today - datetime.timedelta(days=self.policy.rest_days)
        # With IS NOT NULL: NOT (NULL > today) would be unknown, and a case without a date would be on no list.
        snoozed = Q(**{f"{case}snoozed_until__isnull": False, f"{case}snoozed_until__gt": self.today})
        done = Q(**{f"{case}done_on__isnull": False, f"{case}done_on__gt": rested})
        kept = Q(**{f"{case}assigned_to__isnull": False, f"{case}done_on__isnull": True})
        at_risk = Q(risk_share__gte=self.policy.at_risk_share) | kept
        waiting = at_risk & ~snoozed & ~done
        # Where no member asks, nothing is theirs: comparing with None would find what is assigned to nobody.
        own = Q(**{f"{case}assigned_to": self.member}) if self.member else Q(pk__in=[])
        return {"waiting": waiting, "mine": waiting & own, "snoozed": at_risk & snoozed, "done": done}


def in_order(risks: QuerySet[Risk]) -> QuerySet[Risk]:
    """The highest risk first; ties keep one order from page to page, and the unknown come last."""
    return risks.order_by(F("risk_share").desc(nulls_last=True), "pk")


@dataclass(frozen=True)
class Spread:
    """How the risks of a course lie."""

    tenths: list[int]
    """Shape (10,): how many lie in each tenth from 0 to 1."""
    n_unknown: int
    n_at_risk: int

    @property
    def n_known(self) -> int:
        return sum(self.tenths)

    @property
    def n(self) -> int:
        return self.n_known + self.n_unknown


def spread_of(risks: QuerySet[Risk], policy: OutcomePolicy) -> Spread:
    """One query, whatever is asked of it."""
    grouped = risks.order_by().annotate(tenth=Floor(F("risk_share") * TENTHS)).values("tenth")
    n_at_risk = Count("pk", filter=Q(risk_share__gte=policy.at_risk_share))
    tenths, n_unknown, found = [0] * TENTHS, 0, 0
    for row in grouped.annotate(n=Count("pk"), n_at_risk=n_at_risk):
        found += row["n_at_risk"]
        if row["tenth"] is None:
            n_unknown = row["n"]
        else:
            tenths[min(int(row["tenth"]), TENTHS - 1)] += row["n"]
    return Spread(tenths, n_unknown, found)
