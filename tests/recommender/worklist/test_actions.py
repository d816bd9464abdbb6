"""Assign, snooze, done, again, written down; and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from analytics.errors import InvalidInput
from analytics.models import Member
from recommender.models import Case, Intervention, InterventionKind, Risk
from recommender.worklist import actions
from recommender.worklist.seen import chosen_enrolments, enrolments_seen, today
from tests.cast import Cast
from tests.recommender.risks import enrolment_of

Risks = dict[int, Risk]


def test_each_action_changes_only_its_own_field(cast: Cast, risks: Risks, instructor: Member) -> None:
    enrolments = [enrolment_of(risks[number]) for number in (0, 1)]
    day = today(cast.north.organisation)
    actions.assign(enrolments, instructor, by=instructor)
    actions.snooze(enrolments[:1], day + timedelta(days=7), by=instructor)
    first, second = Case.objects.order_by("enrolment__learner_id")
    assert (first.assigned_to, first.snoozed_until) == (instructor, day + timedelta(days=7))
    assert (second.assigned_to, second.snoozed_until) == (instructor, None)
    actions.finish(enrolments[:1], by=instructor)
    first.refresh_from_db()
    assert (first.assigned_to, first.snoozed_until, first.done_on) == (instructor, None, day)
    actions.reopen(enrolments[:1], by=cast.north.members["administrator"])
    first.refresh_from_db()
    assert (first.done_on, first.changed_by) == (None, cast.north.members["administrator"])
    assert Case.objects.count() == 2


def test_many_at_once_cost_one_statement(
    cast: Cast, risks: Risks, instructor: Member, django_assert_num_queries: object
) -> None:
    enrolments = [enrolment_of(risk) for risk in risks.values()]
    with django_assert_num_queries(1):  # type: ignore[operator]
        actions.finish(enrolments, by=instructor)


@pytest.mark.parametrize("days", [-1, 0, actions.MAX_SNOOZE_DAYS + 1])
def test_one_snoozes_until_a_day_ahead(cast: Cast, risks: Risks, instructor: Member, days: int) -> None:
    with pytest.raises(InvalidInput, match="between tomorrow and 180 days"):
        actions.snooze([enrolment_of(risks[0])], today(cast.north.organisation) + timedelta(days=days), by=instructor)
    assert not Case.objects.exists()


def test_cases_go_to_those_who_may_work_on_them(cast: Cast, risks: Risks, instructor: Member) -> None:
    enrolment = enrolment_of(risks[0])
    for stranger in (cast.south.members["instructor"], cast.north.members["learner"]):
        with pytest.raises(InvalidInput, match="Only instructors"):
            actions.assign([enrolment], stranger, by=instructor)
    instructor.courses.clear()
    with pytest.raises(InvalidInput, match="does not teach Algebra"):
        actions.assign([enrolment], instructor, by=cast.north.members["administrator"])
    assert actions.assignees(instructor.organisation) == [cast.north.members["administrator"], instructor]
    assert actions.assignees(instructor.organisation, [enrolment.course_id]) == [cast.north.members["administrator"]]


def test_an_intervention_keeps_the_risk_of_its_day(cast: Cast, risks: Risks, instructor: Member) -> None:
    enrolments = [enrolment_of(risks[number]) for number in (0, 7)]
    actions.record(enrolments, InterventionKind.CALL, " spoke on the phone ", by=instructor)
    Risk.objects.update(risk_share=0.0)
    unknown, first = Intervention.objects.all()
    assert (first.risk_share, first.course_day, first.note) == (0.9, 27, "spoke on the phone")
    assert (first.by, first.on) == (instructor, today(cast.north.organisation))
    assert unknown.risk_share is None


def test_empty_notes_and_unknown_kinds_are_refused(risks: Risks, instructor: Member) -> None:
    with pytest.raises(InvalidInput, match="The note is empty"):
        actions.record([enrolment_of(risks[0])], InterventionKind.NOTE, "  ", by=instructor)
    with pytest.raises(InvalidInput, match="kind must be one of message, call"):
        actions.record([enrolment_of(risks[0])], "magic", "x", by=instructor)
    assert not Intervention.objects.exists()


def test_what_is_chosen_must_be_seen(cast: Cast, risks: Risks, instructor: Member) -> None:
    own = [risk.enrolment_id for risk in risks.values()]
    assert [one.pk for one in chosen_enrolments(enrolments_seen(instructor), own, 8)] == sorted(own)
    biology = cast.north.enrolments[-1].pk
    for ids, sentence in (
        ([], "Nobody is chosen"),
        (own, "8 learners are chosen; at most 7"),
        ([own[0], biology], "not there, or not yours"),
        ([cast.south.enrolments[0].pk], "not there, or not yours"),
    ):
        with pytest.raises(InvalidInput, match=sentence):
            chosen_enrolments(enrolments_seen(instructor), ids, 7)
