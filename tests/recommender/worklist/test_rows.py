"""Who is on the worklist, and who may hear of whose risk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from analytics.models import Member
from recommender.models import Case, LearnerView, OutcomePolicy, Risk
from recommender.worklist.rows import Worklist, current_risks, in_order, latest_risks, risks_seen, spread_of
from recommender.worklist.seen import today
from tests.cast import Cast
from tests.recommender.risks import add_risk, add_risks

Risks = dict[int, Risk]


def numbers(found: object, risks: Risks) -> list[int]:
    """Rows as the numbers of their learners."""
    number_of = {risk.pk: number for number, risk in risks.items()}
    return [number_of[risk.pk] for risk in found]  # type: ignore[attr-defined]


def test_at_risk_begins_at_the_threshold(cast: Cast, risks: Risks, instructor: Member) -> None:
    assert numbers(in_order(Worklist.of(instructor).waiting()), risks) == [0, 1, 2, 3, 4]
    OutcomePolicy.objects.create(organisation=cast.north.organisation, at_risk_share=0.75)
    assert numbers(in_order(Worklist.of(instructor).waiting()), risks) == [0, 1]


def test_only_the_latest_day_counts(cast: Cast, risks: Risks) -> None:
    old = [add_risk(risk.enrolment, 0.1, on=risk.on - timedelta(days=7)) for risk in risks.values()]
    assert set(current_risks(cast.north.organisation)) == set(risks.values())
    assert latest_risks([risk.enrolment for risk in old]) == {risk.enrolment_id: risk for risk in risks.values()}


def test_who_left_is_not_on_the_list(cast: Cast, risks: Risks, instructor: Member) -> None:
    enrolment = risks[0].enrolment
    enrolment.ended_at = timezone.now() - timedelta(hours=1)
    enrolment.save()
    assert numbers(in_order(Worklist.of(instructor).waiting()), risks) == [1, 2, 3, 4]


def test_without_any_risk_there_is_nothing(cast: Cast, instructor: Member) -> None:
    assert not current_risks(cast.north.organisation).exists()
    assert not Worklist.of(instructor).waiting().exists()


def test_snoozed_done_and_back_again(cast: Cast, risks: Risks, instructor: Member) -> None:
    day = today(cast.north.organisation)
    states = {
        0: {"snoozed_until": day + timedelta(days=1)},
        1: {"snoozed_until": day},
        2: {"done_on": day - timedelta(days=13)},
        3: {"done_on": day - timedelta(days=14)},
        6: {"assigned_to": instructor},
    }
    for number, state in states.items():
        Case.objects.create(organisation=cast.north.organisation, enrolment=risks[number].enrolment, **state)
    worklist = Worklist.of(instructor)
    assert numbers(in_order(worklist.waiting()), risks) == [1, 3, 4, 6]
    assert numbers(worklist.in_state("snoozed"), risks) == [0]
    assert numbers(worklist.in_state("done"), risks) == [2]
    assert numbers(worklist.in_state("mine"), risks) == [6]
    assert worklist.counts() == {"waiting": 4, "mine": 1, "snoozed": 1, "done": 1}


def test_everybody_hears_of_their_own_part(cast: Cast, risks: Risks) -> None:
    biology = add_risk(cast.north.enrolments[-1], 0.9)
    assert biology.enrolment.course != cast.north.courses["algebra"]
    add_risks(cast.south)
    members = cast.north.members
    assert set(risks_seen(members["administrator"])) == {*risks.values(), biology}
    assert set(risks_seen(members["instructor"])) == set(risks.values())
    assert not risks_seen(members["learner"]).exists()
    OutcomePolicy.objects.create(organisation=cast.north.organisation, learner_sees=LearnerView.FULL)
    assert set(risks_seen(members["learner"])) == {risks[0]}
    members["learner"].learner = None
    members["learner"].save()
    assert not risks_seen(members["learner"]).exists()


def test_the_distribution_counts_what_is_known(cast: Cast, risks: Risks) -> None:
    add_risk(cast.north.enrolments[-1], 1.0)
    found = spread_of(current_risks(cast.north.organisation), OutcomePolicy(at_risk_share=0.65))
    assert found.tenths == [0, 0, 0, 1, 1, 1, 1, 1, 1, 2]
    assert (found.n, found.n_known, found.n_unknown, found.n_at_risk) == (9, 8, 1, 4)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_today_is_the_organisations(cast: Cast, zone: str) -> None:
    organisation = cast.north.organisation
    organisation.time_zone = zone
    organisation.as_of = datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
    assert today(organisation).day == {"Pacific/Kiritimati": 2, "Pacific/Pago_Pago": 1}[zone]
