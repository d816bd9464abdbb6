"""Features of two people whose diary is known, counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recommender.datasets.studies import MATERIAL_KINDS, UNKNOWN, Materials, Runs, Studies, StudyDays, Work
from recommender.outcomes.examples import CHANNELS, N_WEEKS, examples_on, factor_of_feature, feature_names
from recommender.outcomes.factors import FACTORS, INSTEAD, TELLINGS
from recommender.outcomes.features import OF_FACTOR, TOLD

NAN = float("nan")


@pytest.fixture(scope="module")
def pair() -> Studies:
    """Ann is active on days -2, 0, 9 and 10 and hands in on time; Ben on day 1 only. Both enrolled; 2 works.

    Of three materials, two readings and a quiz, Ann opens one on days -2, 9 and 10 each, and Ben the first.
    """
    n_by_kind = np.zeros((5, len(MATERIAL_KINDS)), np.float32)
    n_by_kind[:, MATERIAL_KINDS.index("reading")] = [1, 1, 2, 1, 3]
    n_by_kind[:, MATERIAL_KINDS.index("quiz")] = [0, 0, 0, 1, 0]
    return Studies(
        enrolment_ids=np.array([1, 2]),
        learner=np.array([1, 2]),
        run=np.array([0, 0]),
        first_on=np.array([100, 100]),
        start_day=np.array([-5.0, 2.0]),
        end_day=np.array([np.inf, np.inf]),
        attempt=np.array([NAN, 3.0]),
        outcome=np.array([UNKNOWN, UNKNOWN]),
        grade_share=np.array([NAN, NAN]),
        runs=Runs(np.array([0]), np.array([7]), np.array([10])),
        days=StudyDays(
            owner=np.array([0, 0, 0, 0, 1]),
            day=np.array([-2, 0, 9, 10, 1]),
            n_events=np.array([1.0, 2.0, 3.0, 4.0, 5.0]),
            amount=np.array([1.0, 20.0, 30.0, 40.0, 5.0]),
            n_materials=np.array([1.0, 1.0, 2.0, 2.0, 3.0]),
            n_by_kind=n_by_kind,
        ),
        materials=Materials(
            run=np.array([0, 0, 0]),
            kind=np.array([MATERIAL_KINDS.index(name) for name in ("reading", "reading", "quiz")]),
            owner=np.array([0, 0, 0, 1]),
            material=np.array([0, 1, 2, 0]),
            day=np.array([-2, 9, 10, 1]),
        ),
        work=Work(
            run=np.array([0, 0]),
            due_day=np.array([8.0, 30.0]),
            owner=np.array([0]),
            work=np.array([0]),
            day=np.array([5]),
            result=np.array([0.75]),
        ),
        today_on=1000,
    )


def told(pair: Studies, name: str, day: int = 12) -> list[float]:
    return examples_on(pair, day).features[:, feature_names().index(name)].tolist()


@pytest.mark.parametrize(
    ("name", "ann", "ben"),
    [
        ("pause_days", 2, 11),
        ("longest_pause_days", 9, 11),
        ("active_days", 4, 1),
        ("active_days_before", 1, 0),
        ("active_7", 2, 0),
        ("amount_7", 70, 0),
        ("events_14", 9, 5),
        ("met", 6, 3),
        ("opened", 3, 1),
        ("opened_14_rank", 0.75, 0.25),
        ("opened_reading", 2, 1),
        ("opened_quiz", 1, 0),
        ("opened_video_rank", 0.5, 0.5),
        ("met_reading_rank", 0.75, 0.25),
        ("common_share", 1.0, 0.5),  # shares of peers are 1, 1/2, 1/2
        ("usual_opened_share", 1.0, 1 / 3),
        ("usual_unopened", 0, 2),
        ("rarity", 2 * np.log(2) / 3, 0),
        ("missing", 0, 1),
        ("handed_in", 1, 0),
        ("handed_in_last_1", 1, 0),
        ("handed_in_last_2", NAN, NAN),
        ("early_days", 3, NAN),
        ("n_late", 0, NAN),
        ("result", 0.75, NAN),
        ("result_last_1", 0.75, NAN),
        ("active_weeks_share", 1.0, 0.5),
        ("enrolled_early_days", 5, -2),
        ("attempt", 1, 3),
        ("next_due_days", 18, 18),
        ("active_days_rank", 0.75, 0.25),
    ],
)
def test_counted_by_hand(pair, name, ann, ben):
    assert told(pair, name) == pytest.approx([ann, ben], nan_ok=True)


def test_a_material_counts_once_it_was_opened(pair):
    assert told(pair, "opened", day=5) == [1, 1]
    assert told(pair, "opened", day=9) == [2, 1]
    assert told(pair, "usual_unopened", day=5) == [0, 0]  # of materials that nobody has opened nothing is known
    assert told(pair, "opened_14_rank", day=40) == [0.5, 0.5]


def test_ties_share_a_rank(pair):
    assert told(pair, "active_days_rank", day=2) == pytest.approx([0.75, 0.25])
    assert told(pair, "amount_7_rank", day=40) == pytest.approx([0.5, 0.5])


def test_every_factor_has_features_and_something_to_tell():
    assert set(OF_FACTOR) == set(TOLD) == set(FACTORS)
    assert len(FACTORS) <= 12
    factors = factor_of_feature()
    assert all(factors[feature] == factor for factor, feature in TOLD.items())
    assert set(INSTEAD) | set(FACTORS) == set(TELLINGS)


def test_the_attempt_is_the_sources_and_no_less_than_is_known_here(pair):
    again = replace(
        pair,
        learner=np.array([1, 1]),
        run=np.array([0, 1]),
        first_on=np.array([100, 150]),
        start_day=np.array([-5.0, -5.0]),
        runs=Runs(np.array([0, 0]), np.array([7, 8]), np.array([10, 11])),
    )
    assert told(again, "attempt") == [1, 3]
    assert told(replace(again, attempt=np.array([NAN, NAN])), "attempt") == [1, 2]
    assert told(replace(again, attempt=np.array([4.0, 1.0])), "attempt") == [4, 2]


def test_only_a_repeated_attempt_is_told(pair):
    place = list(TELLINGS).index("attempt")
    assert examples_on(pair, 12).told[:, place].tolist() == pytest.approx([NAN, 3], nan_ok=True)


def test_the_weekly_series_ends_with_the_day(pair):
    weeks = examples_on(pair, 12, with_weeks=True).weeks
    assert weeks.shape == (2, N_WEEKS, len(CHANNELS))
    assert weeks[0, -1, 0] == pytest.approx(2 / 7)
    assert weeks[0, -2, 0] == pytest.approx(1 / 7)
    assert weeks[0, -2, 4] == pytest.approx(0.75)
    assert weeks[1, -1].sum() == 0
