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
    return with_names(rows)


def with_names(risks: QuerySet[Risk]) -> QuerySet[Risk]:
    """With what a row of a list names, in the same query."""
    case = ("enrolment__case__assigned_to__login", "enrolment__case__changed_by__login")
    return risks.select_related("enrolment__learner", "enrolment__course", "version", *case)


def latest_risks(enrolments: Iterable[Enrolment]) -> dict[int, Risk]:
    """By enrolment; those that were never predicted for are not in it."""
    ids = [enrolment.pk for enrolment in enrolments]
    newest = Risk.objects.filter(enrolment_id__in=ids).order_by("enrolment_id", "-on").distinct("enrolment_id")
    return {risk.enrolment_id: risk for risk in newest}


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
        return cls(with_names(current_risks(organisation)), OutcomePolicy.of(organisation), today(organisation))

    def at_risk(self) -> QuerySet[Risk]:
        """At or above the policy's threshold, and whoever was assigned to somebody and is not done with."""
        kept = Q(enrolment__case__assigned_to__isnull=False, enrolment__case__done_on__isnull=True)
        return self.seen.filter(Q(risk_share__gte=self.policy.at_risk_share) | kept)

    def waiting(self) -> QuerySet[Risk]:
        """What is to be done now."""
        return self.at_risk().exclude(self._snoozed() | self._done())

    def snoozed(self) -> QuerySet[Risk]:
        return self.at_risk().filter(self._snoozed())

    def done(self) -> QuerySet[Risk]:
        """Done with, and not come back."""
        return self.seen.filter(self._done())

    def mine(self) -> QuerySet[Risk]:
        """Nobody's where no member asks: a comparison with None would find what is assigned to nobody."""
        return self.waiting().filter(enrolment__case__assigned_to=self.member) if self.member else self.seen.none()

    def _snoozed(self) -> Q:
        # With IS NOT NULL: NOT (NULL > today) would be unknown, and a case without a date would be on no list.
        return Q(enrolment__case__snoozed_until__isnull=False, enrolment__case__snoozed_until__gt=self.today)

    def _done(self) -> Q:
        rested = self.today - datetime.timedelta(days=self.policy.rest_days)
        return Q(enrolment__case__done_on__isnull=False, enrolment__case__done_on__gt=rested)


def in_order(risks: QuerySet[Risk]) -> QuerySet[Risk]:
    """The highest risk first; ties keep one order from page to page, and the unknown come last."""
    return risks.order_by(F("risk_share").desc(nulls_last=True), "pk")


def distribution(risks: QuerySet[Risk]) -> list[int]:
    """How many risks lie in each tenth from 0 to 1; those not known are left out."""
    tenth = Floor(F("risk_share") * TENTHS)
    counted = risks.filter(risk_share__isnull=False).order_by().annotate(tenth=tenth).values("tenth")
    found = [0] * TENTHS
    for row in counted.annotate(n=Count("pk")):
        found[min(int(row["tenth"]), TENTHS - 1)] += row["n"]
    return found
