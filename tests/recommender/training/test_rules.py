"""When a rule wants a run, and when it keeps quiet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.aggregates import rollups
from analytics.models import Event, JobState
from recommender.models import RetrainRule, Run
from recommender.training.rules import due, start_due_runs
from tests.recommender.school import School, build_school

NOON = datetime(2026, 5, 6, 12, 30, tzinfo=UTC)


def refreshed(school: School) -> School:
    days = Event.objects.filter(organisation=school.organisation).dates("occurred_at", "day")
    rollups.mark_dirty(school.organisation.pk, days)
    rollups.refresh(school.organisation.pk)
    return school


def rule_of(school: School, **options: Any) -> RetrainRule:
    return RetrainRule.objects.create(organisation=school.organisation, algorithm="ease", **options)


def ran(school: School, age: timedelta, state: str = JobState.SUCCEEDED, **fields: Any) -> Run:
    run = Run.objects.create(organisation=school.organisation, state=state, **{"algorithm": "ease", **fields})
    Run.objects.filter(pk=run.pk).update(created_at=NOON - age)
    return run


def test_a_new_rule_begins_as_soon_as_there_is_something_to_learn_from(school: School) -> None:
    rule = rule_of(school, every_days=7)
    assert due(rule, NOON) is None
    refreshed(school)
    assert due(rule, NOON) == "the rule has never been followed"


@pytest.mark.parametrize(("age_days", "is_due"), [(6.9, False), (7, True), (30, True)])
def test_after_so_many_days(school: School, age_days: float, is_due: bool) -> None:
    refreshed(school)
    rule = rule_of(school, every_days=7)
    ran(school, timedelta(days=age_days))
    assert (due(rule, NOON) is not None) is is_due


def test_when_enough_is_new(school: School) -> None:
    refreshed(school)
    rule = rule_of(school, new_events_share=0.5)
    last = ran(school, timedelta(hours=2), data={"n_events_stored": 400})
    assert due(rule, NOON) is None, "480 are fewer than 600"
    Run.objects.filter(pk=last.pk).update(data={"n_events_stored": 300})
    assert due(rule, NOON) == f"180 events more than run #{last.pk} knew"


def test_not_twice_within_an_hour_and_not_a_day_after_a_failure(school: School) -> None:
    refreshed(school)
    rule = rule_of(school, new_events_share=0.01)
    last = ran(school, timedelta(minutes=50), data={"n_events_stored": 100})
    assert due(rule, NOON) is None
    Run.objects.filter(pk=last.pk).update(created_at=NOON - timedelta(hours=23), state=JobState.FAILED)
    assert due(rule, NOON) is None
    Run.objects.filter(pk=last.pk).update(created_at=NOON - timedelta(hours=25))
    assert due(rule, NOON) is not None


@pytest.mark.parametrize(
    ("zone", "start", "end", "is_due"),
    [
        ("UTC", 9, 17, False),
        ("UTC", 13, 17, True),
        ("UTC", 22, 6, True),
        ("UTC", 22, 13, False),
        ("UTC", 12, 12, True),
        ("Asia/Tokyo", 21, 23, False),
        ("Asia/Tokyo", 9, 17, True),
    ],
)
def test_quiet_hours_are_those_of_the_organisation(
    school: School, zone: str, start: int, end: int, is_due: bool
) -> None:
    refreshed(school)
    school.organisation.time_zone = zone
    school.organisation.save()
    rule = rule_of(school, every_days=1, quiet_from_hour=start, quiet_to_hour=end)
    assert (due(rule, NOON) is not None) is is_due


def test_one_run_of_a_scope_at_a_time(school: School) -> None:
    refreshed(school)
    rule_of(school, every_days=1, budget_seconds=60, promotes=False, config={"regularization": 20})
    assert start_due_runs(NOON) == 1
    run = Run.objects.get()
    assert (run.why, run.budget_seconds, run.promotes, run.requested_by) == (
        "the rule has never been followed", 60, False, None,
    )  # fmt: skip
    assert run.config == {"regularization": 20}
    assert start_due_runs(NOON) == 0


def test_a_rule_that_cannot_start_leaves_the_others_alone(school: School, caplog: pytest.LogCaptureFixture) -> None:
    refreshed(school)
    other = refreshed(build_school("other"))
    RetrainRule.objects.create(organisation=school.organisation, algorithm="forgotten", every_days=1)
    rule_of(other, every_days=1)
    assert start_due_runs(NOON) == 1
    assert "starts nothing: There is no algorithm called 'forgotten'" in caplog.text


def test_rules_that_are_off_start_nothing(school: School) -> None:
    refreshed(school)
    rule_of(school, every_days=1, is_active=False)
    assert start_due_runs(NOON) == 0


def test_a_run_remembers_how_many_events_there_were(school: School, trained: Callable[..., Run]) -> None:
    refreshed(school)
    run = trained(school.organisation)
    assert run.data["n_events_stored"] == Event.objects.count()
    assert due(rule_of(school, new_events_share=0.01), run.created_at + timedelta(days=9)) is None
