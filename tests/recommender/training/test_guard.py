"""Broken imports stop a training; the end of a term, and newcomers, do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from analytics.aggregates import rollups
from analytics.models import Event, Import, JobState
from recommender.day_history import N_DAYS, Days, Histogram, PastImport, recent_days
from recommender.evaluation.findings import Finding
from recommender.training.guard import examine, look
from tests.recommender.school import School

LAST = date(2026, 3, 31)


def refreshed(school: School) -> None:
    days = Event.objects.filter(organisation=school.organisation).dates("occurred_at", "day")
    rollups.mark_dirty(school.organisation.pk, days)
    rollups.refresh(school.organisation.pk)


def calm(**changes: Any) -> Days:
    n_events = {"video": np.full(N_DAYS, 100), "quiz": np.full(N_DAYS, 60)}
    return replace(Days(LAST, n_events, np.full(N_DAYS, 50), 100, 10, 50, 5), **changes)


def past(**changes: Any) -> PastImport:
    return replace(PastImport("week.csv", datetime(2026, 3, 30, tzinfo=UTC), 1000, 10, False, "no_learner"), **changes)


def found(days: Days, *imports: PastImport) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(days, imports)}


def stopping(days: Days, *imports: PastImport) -> list[str]:
    return [finding.sentence for finding in examine(days, imports) if finding.is_stopping]


def with_week(n: np.ndarray, value: int) -> np.ndarray:
    changed = n.copy()
    changed[-7:] = value
    return changed


def test_calm_weeks_pass_every_check() -> None:
    assert [f.name for f in examine(calm(), [past()]) if not f.is_passed] == []


def test_lost_results_stop() -> None:
    days = calm()
    assert stopping(replace(days, n_results=with_week(days.n_results, 20))) == [
        "The last week has 60% fewer results than the leanest of the four before, while events came in as usual."
    ]


def test_a_lost_kind_stops_and_is_named() -> None:
    days = calm()
    [sentence] = stopping(replace(days, n_events=days.n_events | {"quiz": with_week(days.n_events["quiz"], 6)}))
    assert sentence.startswith("Events of the kind Quiz fell by 90%")


def test_a_kind_that_was_as_lean_before_does_not_stop() -> None:
    quiz = np.full(N_DAYS, 60)
    quiz[7:14] = 6
    quiz[-7:] = 6
    days = calm()
    assert stopping(replace(days, n_events=days.n_events | {"quiz": quiz})) == []


def test_the_end_of_a_term_is_told_and_stops_nothing() -> None:
    days = calm()
    over = replace(
        days,
        n_events={kind: with_week(n, 0) for kind, n in days.n_events.items()},
        n_results=with_week(days.n_results, 0),
    )
    assert stopping(over) == []
    assert not found(over)["volume"].is_passed
    assert found(over)["volume"].sentence == "0 events in the last week, 1,120 a week before."


def test_a_day_missing_in_the_middle_stops_and_is_named() -> None:
    days = calm()
    holes = {kind: n.copy() for kind, n in days.n_events.items()}
    for n in holes.values():
        n[-3] = 0
    assert stopping(replace(days, n_events=holes)) == [
        "No events at all on 2026-03-29, though the same weekdays had some in every week before: import them."
    ]


def test_a_weekday_that_is_always_free_is_not_missing() -> None:
    days = calm()
    weekends = {kind: n * (np.arange(N_DAYS) % 7 < 5) for kind, n in days.n_events.items()}
    assert stopping(replace(days, n_events=weekends)) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"is_failed": True}, "The import week.csv of 2026-03-30 failed"),
        ({"n_rejected": 450}, "lost 45% of its rows, most of them as no_learner"),
    ],
)
def test_a_broken_import_stops(changes: dict[str, Any], words: str) -> None:
    [sentence] = stopping(calm(), past(), past(**changes))
    assert words in sentence


def test_an_import_that_failed_before_its_first_row_stops_nothing() -> None:
    assert stopping(calm(), past(is_failed=True, n_read=0)) == []


def test_newcomers_and_a_new_mixture_are_told() -> None:
    days = calm(n_new_learners=90)
    assert "new, of its activities 10%" in found(days)["newcomers"].sentence
    assert not found(days)["newcomers"].is_passed
    shifted = replace(calm(), n_events={"video": with_week(np.full(N_DAYS, 100), 0), "quiz": np.full(N_DAYS, 100)})
    assert not found(shifted)["mixture"].is_passed


@given(st.integers(0, 2**32 - 1), st.integers(1, 3000), st.integers(0, 50))
def test_any_counts_get_every_answer(seed: int, most: int, n_new: int) -> None:
    videos, results = np.random.default_rng(seed).integers(0, most, (2, N_DAYS))
    findings = examine(calm(n_events={"video": videos}, n_results=results, n_new_learners=n_new), [])
    assert len(findings) == 7
    assert all(finding.sentence.endswith(".") for finding in findings)


def test_it_is_read_from_day_tables_in_few_queries(school: School) -> None:
    refreshed(school)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        findings = look(school.organisation)
    assert len(queries) <= 10
    assert [f.name for f in findings if f.is_stopping] == []
    days = recent_days(school.organisation)
    assert days.total.sum() == sum(n.sum() for n in days.n_events.values()) > 0


def test_dry_runs_and_what_was_rolled_back_are_no_imports(school: School) -> None:
    broken = {"organisation": school.organisation, "format": "csv", "n_read": 1000, "n_rejected": 900}
    states = {"state": JobState.SUCCEEDED, "counts_by_code": {"no_learner": 900}}
    Import.objects.create(source_name="dry.csv", is_dry_run=True, **broken, **states)
    back = datetime.now(UTC) - timedelta(hours=1)
    Import.objects.create(source_name="back.csv", rolled_back_at=back, **broken, **states)
    assert not [f for f in look(school.organisation) if f.is_stopping]
    Import.objects.create(source_name="real.csv", **broken, **states)
    assert "real.csv" in next(f for f in look(school.organisation) if f.is_stopping).sentence


def shaped(before: list[int], now: list[int]) -> Histogram:
    return Histogram(np.linspace(0, 1, len(before)), np.array(before), np.array(now))


def test_results_on_another_scale_stop() -> None:
    days = calm(histograms={"results": shaped([100] * 5 + [0] * 5, [0] * 5 + [100] * 5)})
    [sentence] = stopping(days)
    assert sentence.startswith("The results of the last week lie elsewhere than before (mean 0.78 after 0.22")


def test_other_measures_that_shift_are_told() -> None:
    days = calm(histograms={"events": shaped([100] * 10, [300] * 5 + [20] * 5), "time": shaped([9] * 10, [0] * 10)})
    assert stopping(days) == []
    assert not found(days)["shift_events"].is_passed
    assert "shift_time" not in found(days), "too few to have a shape"


def test_a_shape_that_stays_passes() -> None:
    days = calm(histograms={"results": shaped([400] * 10, [100] * 10), "events": shaped([400] * 10, [95] * 10)})
    assert {finding.name for finding in examine(days, []) if not finding.is_passed} == set()


def test_histograms_are_read_from_day_tables(school: School) -> None:
    refreshed(school)
    histograms = recent_days(school.organisation).histograms
    assert set(histograms) == {"events", "activities", "time", "results"}
    assert list(histograms["events"].values) == [1.0]
    assert len(histograms["results"].values) == 0
