"""Risks of running enrolments: calculated, stored as history, by jobs; and what if."""

from __future__ import annotations

import functools
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries

from analytics.errors import InvalidInput
from analytics.jobs import working_on
from analytics.models import Organisation
from recommender.models import Risk, RiskRefresh, Run, TargetKind, Version
from recommender.outcomes.base import FACTOR_NAMES, Predictor
from recommender.outcomes.catalogue import build_predictor
from recommender.outcomes.examples import training_examples
from recommender.outcomes.factors import TELLINGS
from recommender.registry import versions
from recommender.risk_words import words_of
from recommender.serving.predict import told_of
from recommender.serving.risks import queue_due_refreshes, refresh_risks, start_refresh
from recommender.serving.what_if import Changes, what_if
from recommender.study_history import studies
from tests.recommender.college import N_A_RUN, TODAY_DAY, College, build_college


@functools.cache
def fitted() -> Predictor:
    """Once for all tests: the college is the same every time, but for the ids."""
    data = studies(Organisation.objects.get(slug="college"))
    return build_predictor("logistic").fit(training_examples(data, data.settled))


@pytest.fixture
def ready(college: College, models_home: Path) -> College:
    """With a version in use."""
    put_into_use(college)
    return college


def put_into_use(college: College) -> Version:
    run = Run.objects.create(organisation=college.organisation, algorithm="logistic", kind=TargetKind.OUTCOME)
    version = versions.register(run, versions.Trained(fitted(), np.zeros(0, np.int64), 120), {"roc_auc": 0.8})
    versions.promote(version, by=None, why="for the test")
    return version


def refreshed(organisation: Organisation) -> RiskRefresh:
    refresh = start_refresh(organisation)
    with working_on(RiskRefresh, refresh.pk) as lease:
        assert lease is not None
        refresh_risks(lease)
    refresh.refresh_from_db()
    return refresh


def move_clock(college: College, days: int) -> None:
    college.organisation.as_of += timedelta(days=days)
    college.organisation.save()


def test_every_running_enrolment_gets_a_risk(ready: College) -> None:
    refresh = refreshed(ready.organisation)
    assert (refresh.state, refresh.n_enrolments, refresh.n_known) == ("succeeded", N_A_RUN, N_A_RUN)
    risks = {risk.enrolment_id: risk for risk in Risk.objects.all()}
    assert set(risks) == {enrolment.pk for enrolment in ready.enrolments[-1]}
    assert {risk.course_day for risk in risks.values()} == {TODAY_DAY}
    assert {risk.on for risk in risks.values()} == {ready.organisation.as_of.date()}
    diligent = [risks[enrolment.pk].risk_share for enrolment in ready.enrolments[-1][::2]]
    others = [risks[enrolment.pk].risk_share for enrolment in ready.enrolments[-1][1::2]]
    # Few have ended, and who of them teaches what goes by their ids: how far apart they are told differs.
    assert sum(diligent) / len(diligent) + 0.1 < sum(others) / len(others)


def test_of_one_who_came_yesterday_not_enough_is_known(ready: College) -> None:
    """The course has run for weeks; whoever joins it late has missed nothing yet."""
    late, usual = ready.enrolments[-1][:2]
    late.started_at = ready.organisation.as_of - timedelta(days=1)
    late.save()
    assert refreshed(ready.organisation).n_known == N_A_RUN - 1
    risk = Risk.objects.get(enrolment=late)
    assert (risk.is_known, risk.risk_share, risk.factors, risk.confidence) == (False, None, [], "")
    assert Risk.objects.get(enrolment=usual).is_known
    assert not what_if(late, Changes(hands_in_next=True)).is_known


def test_factors_can_be_read(ready: College) -> None:
    refreshed(ready.organisation)
    worst = Risk.objects.order_by("-risk_share").first()
    assert worst is not None
    effects = [share["effect"] for share in worst.factors]
    assert effects == sorted(effects, reverse=True)
    assert all(effect > 0 for effect in effects)
    assert all(share["effect"] < 0 for share in worst.strengths)
    assert all(share["feature"] in TELLINGS and words_of(share) for share in worst.factors + worst.strengths)
    assert worst.confidence == "medium"
    assert worst.grade_share is not None


def test_a_factor_is_told_in_one_way_and_a_repeated_attempt_before_the_courses_taken() -> None:
    names = list(TELLINGS)
    values = np.full((2, len(names)), np.nan, np.float32)
    values[:, names.index("earlier_courses")] = 0.0
    values[0, names.index("attempt")] = 2.0
    effects = np.zeros((2, len(FACTOR_NAMES)), np.float32)
    effects[:, FACTOR_NAMES.index("earlier_courses")] = 0.1
    again, first = (json.loads(shares) for shares in told_of(values, np.full_like(values, np.nan), effects, 1))
    assert [(share["feature"], share["value"]) for share in again] == [("attempt", 2.0)]
    assert [(share["feature"], share["value"]) for share in first] == [("earlier_courses", 0.0)]


def test_of_somebody_at_risk_slight_factors_are_told_where_there_is_no_other() -> None:
    names = list(TELLINGS)
    values = np.full((3, len(names)), np.nan, np.float32)
    values[:, [names.index("pause"), names.index("materials")]] = 3.0
    effects = np.zeros((3, len(FACTOR_NAMES)), np.float32)
    effects[:, FACTOR_NAMES.index("pause")] = 0.004
    effects[1, FACTOR_NAMES.index("materials")] = 0.05
    found = told_of(values, np.full_like(values, np.nan), effects, 1, np.array([True, True, False]))
    assert [[share["feature"] for share in json.loads(shares)] for shares in found] == [["pause"], ["materials"], []]


def test_the_past_is_kept_and_the_day_replaced(ready: College) -> None:
    refreshed(ready.organisation)
    refreshed(ready.organisation)
    assert Risk.objects.count() == N_A_RUN
    move_clock(ready, 7)
    refreshed(ready.organisation)
    assert Risk.objects.count() == 2 * N_A_RUN
    assert Risk.objects.filter(organisation=ready.organisation).current().count() == N_A_RUN


def test_at_the_beginning_there_is_not_enough_data(ready: College) -> None:
    move_clock(ready, -(TODAY_DAY - 1))
    refresh = refreshed(ready.organisation)
    assert (refresh.n_enrolments, refresh.n_known) == (N_A_RUN, 0)
    risk = Risk.objects.first()
    assert risk is not None
    assert (risk.is_known, risk.risk_share, risk.confidence, risk.factors) == (False, None, "", [])


def test_the_number_of_queries_does_not_follow_the_enrolments(
    ready: College, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    from recommender.serving.predict import predict_running
    from recommender.serving.predictor import live_predictor

    live = live_predictor(ready.organisation)
    assert live is not None
    with django_assert_max_num_queries(30):
        predict_running(ready.organisation, live)


def test_one_refresh_at_a_time(ready: College) -> None:
    assert start_refresh(ready.organisation) == start_refresh(ready.organisation)


def test_without_a_version_it_says_what_to_do(college: College) -> None:
    with pytest.raises(InvalidInput, match="train one first"):
        start_refresh(college.organisation)
    with pytest.raises(CommandError, match="train one first"):
        call_command("predict")


def test_refreshes_come_due(ready: College) -> None:
    build_college("untrained", seed=1)
    assert queue_due_refreshes() == 1, "a version, and no risks yet"
    assert queue_due_refreshes() == 0, "one is waiting"
    refreshed(ready.organisation)
    assert queue_due_refreshes() == 0
    move_clock(ready, 6)
    assert queue_due_refreshes() == 0
    move_clock(ready, 1)
    assert queue_due_refreshes() == 1


def test_another_version_in_use_makes_risks_old(ready: College) -> None:
    refreshed(ready.organisation)
    put_into_use(ready)
    assert queue_due_refreshes() == 1


def test_the_command_ends_with_json(ready: College) -> None:
    out = StringIO()
    call_command("predict", stdout=out)
    last = json.loads(out.getvalue().splitlines()[-1])
    assert (last["enrolments"], last["known"]) == (N_A_RUN, N_A_RUN)


def test_a_damaged_version_fails_with_a_sentence(ready: College, models_home) -> None:
    next(models_home.rglob("coefficients.npy")).write_bytes(b"broken")
    refresh = refreshed(ready.organisation)
    assert refresh.state == "failed"
    assert "train again" in refresh.error


@pytest.mark.parametrize(
    "changes", [Changes(hands_in_missing=True), Changes(hands_in_next=True), Changes(active_days_a_week=5)]
)
def test_doing_more_lowers_the_risk(ready: College, changes: Changes) -> None:
    """Of the idle: they have handed in less than the others, and are hardly ever there."""
    idle = ready.enrolments[-1][1:16:2]
    found = [what_if(enrolment, changes) for enrolment in idle]
    assert sum(one.then for one in found) < sum(one.now for one in found) - 0.01


def test_the_risk_as_it_is_is_the_one_that_is_stored(ready: College) -> None:
    refreshed(ready.organisation)
    enrolment = ready.enrolments[-1][1]
    stored = Risk.objects.get(enrolment=enrolment).risk_share
    assert what_if(enrolment, Changes(hands_in_next=True)).now == pytest.approx(stored, abs=1e-4)


def test_nothing_supposed_changes_nothing(ready: College) -> None:
    found = what_if(ready.enrolments[-1][0], Changes())
    assert found.now == pytest.approx(found.then, abs=1e-6)


def test_what_cannot_be_supposed(ready: College) -> None:
    assert not what_if(ready.enrolments[0][0], Changes(hands_in_next=True)).is_known, "it has ended"
    with pytest.raises(InvalidInput, match="0 to 7"):
        Changes(active_days_a_week=8)
    with pytest.raises(InvalidInput, match="0 to 1"):
        Changes(result_share=70)


def test_without_a_version_nothing_is_supposed(college: College, models_home) -> None:
    assert not what_if(college.enrolments[-1][0], Changes(hands_in_next=True)).is_known
