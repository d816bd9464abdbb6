"""Learners with an intervention beside similar ones without: who is similar, what is counted, what is said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from analytics.models import Enrolment, Learner, Outcome
from recommender.models import Intervention, InterventionKind, Risk
from recommender.worklist.comparison import MIN_COMPARED, compare_interventions
from tests.cast import Cast, House
from tests.recommender.risks import add_risk

N = MIN_COMPARED


def enrol(house: House, name: str, outcome: str, risk_share: float, course: str = "ceramics", **risk: Any) -> Enrolment:
    learner = Learner.objects.create(organisation=house.organisation, external_id=name)
    enrolment = Enrolment.objects.create(
        organisation=house.organisation,
        learner=learner,
        course=house.courses[course],
        outcome=outcome,
        ended_at=timezone.now() - timedelta(days=1),
    )
    add_risk(enrolment, risk_share, **risk)
    return enrolment


def intervene(enrolment: Enrolment, kind: str = InterventionKind.CALL, **fields: Any) -> None:
    values = {"risk_share": 0.6, "course_day": 27, "on": timezone.now().date()} | fields
    Intervention.objects.create(organisation_id=enrolment.organisation_id, enrolment=enrolment, kind=kind, **values)


def compared(house: House, *courses: str) -> Any:
    ids = [house.courses[course].pk for course in courses or ("ceramics",)]
    return compare_interventions(house.organisation, ids)


@pytest.fixture
def helped(cast: Cast) -> House:
    """Twenty with a call, of whom three in four finish; twenty without, of whom one in four does; all at 0.6."""
    for number in range(N):
        intervene(enrol(cast.north, f"with-{number}", Outcome.FAILED if number % 4 == 0 else Outcome.COMPLETED, 0.6))
        enrol(cast.north, f"without-{number}", Outcome.DISTINCTION if number % 4 == 0 else Outcome.WITHDRAWN, 0.6)
    return cast.north


def test_the_difference_is_the_one_that_was_made(helped: House) -> None:
    found = compared(helped)
    assert (found.n_ended, found.n_compared, found.finished_share) == (N, N, 0.75)
    # The nearest five of equals are the first five: two of them finished.
    assert found.beside_share == pytest.approx(0.4)
    assert found.difference.mean == pytest.approx(0.35)
    assert found.difference.low > 0
    assert "20 learners with an intervention 75% finished, of similar ones without 40%" in found.sentence
    assert "more often" in found.sentence
    assert "not an experiment" in found.caveat


@pytest.mark.parametrize(
    "change",
    [
        {"risk_share": 0.66},
        {"course_day": 35},
        {"course_day": 19},
        {"risk_share": None},
    ],
)
def test_who_is_not_similar_is_not_compared(helped: House, change: dict[str, Any]) -> None:
    Risk.objects.filter(enrolment__learner__external_id__startswith="without").update(**change)
    found = compared(helped)
    assert (found.n_ended, found.n_compared, found.difference) == (N, 0, None)


@pytest.mark.parametrize("change", [{"risk_share": 0.64}, {"course_day": 34}, {"course_day": 20}])
def test_who_is_near_is(helped: House, change: dict[str, Any]) -> None:
    Risk.objects.filter(enrolment__learner__external_id__startswith="without").update(**change)
    assert compared(helped).n_compared == N


def test_the_nearest_come_first(cast: Cast) -> None:
    for number in range(N):
        intervene(enrol(cast.north, f"with-{number}", Outcome.COMPLETED, 0.6))
    for number in range(5):
        enrol(cast.north, f"near-{number}", Outcome.COMPLETED, 0.61)
        enrol(cast.north, f"far-{number}", Outcome.FAILED, 0.64)
    found = compared(cast.north)
    assert (found.beside_share, found.beside_risk_share) == (1.0, pytest.approx(0.61))


def test_one_beside_counts_once_however_often_predicted(cast: Cast) -> None:
    for number in range(N):
        intervene(enrol(cast.north, f"with-{number}", Outcome.COMPLETED, 0.6))
    often = enrol(cast.north, "often", Outcome.FAILED, 0.6)
    add_risk(often, 0.6, on=timezone.now().date() - timedelta(days=7), course_day=20)
    enrol(cast.north, "once", Outcome.COMPLETED, 0.62)
    assert compared(cast.north).beside_share == 0.5


def test_other_courses_organisations_notes_and_open_ends_do_not_count(helped: House, cast: Cast) -> None:
    before = compared(helped)
    for number in range(N):
        intervene(enrol(helped, f"note-{number}", Outcome.FAILED, 0.9), InterventionKind.NOTE, risk_share=0.9)
        intervene(enrol(helped, f"open-{number}", Outcome.ACTIVE, 0.6))
        intervene(enrol(helped, f"other-{number}", Outcome.FAILED, 0.6, "algebra"))
        intervene(enrol(cast.south, f"south-{number}", Outcome.FAILED, 0.6))
        enrol(cast.south, f"south-without-{number}", Outcome.COMPLETED, 0.6)
    assert compared(helped) == before
    later = enrol(helped, "ends later", Outcome.COMPLETED, 0.6)
    Enrolment.objects.filter(pk=later.pk).update(ended_at=timezone.now() + timedelta(days=3))
    intervene(later)
    assert compared(helped) == before


def test_outcomes_that_an_archive_knows_too_early_do_not_count(helped: House) -> None:
    """OULAD tells no end of enrolments but that of who withdrew: the course's end is theirs."""
    Enrolment.objects.update(ended_at=None)
    assert compared(helped).n_compared == N
    helped.courses["ceramics"].closes_at = timezone.now() + timedelta(days=1)
    helped.courses["ceramics"].save()
    assert compared(helped).n_ended == 0


def test_the_first_intervention_counts(helped: House) -> None:
    before = compared(helped)
    for row in Intervention.objects.all():
        intervene(row.enrolment, risk_share=0.1)
    assert compared(helped) == before


def test_too_few_are_told_as_such(cast: Cast) -> None:
    assert compared(cast.north).n_ended == 0
    intervene(enrol(cast.north, "one", Outcome.COMPLETED, 0.6))
    enrol(cast.north, "beside", Outcome.COMPLETED, 0.6)
    found = compared(cast.north)
    assert (found.n_compared, found.difference) == (1, None)
    assert found.sentence.startswith("Not enough data yet: 1 ")


def test_no_difference_is_not_called_one(cast: Cast) -> None:
    for number in range(N):
        intervene(enrol(cast.north, f"with-{number}", Outcome.FAILED if number % 2 else Outcome.COMPLETED, 0.6))
    enrol(cast.north, "a", Outcome.COMPLETED, 0.6)
    enrol(cast.north, "b", Outcome.FAILED, 0.6)
    assert "too uncertain" in compared(cast.north).sentence
