"""Nothing behind the day of a prediction comes through: leaks are planted, and looked for."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from recommender.datasets.studies import NOT_FINISHED, UNKNOWN, Materials, StudyDays, Work
from recommender.outcomes.examples import examples_on, feature_names
from recommender.outcomes.seen import Seen, seen_on
from tests.recommender.outcomes.toy_studies import toy_studies

DAY = 30
STUDIES = toy_studies()


def features_of(studies, day=DAY):
    return examples_on(studies, day, with_weeks=True)


def with_giveaways(studies):
    """After the day everybody who will not finish does what nobody else does: a model that saw it would know all."""
    lost = np.flatnonzero(studies.outcome == NOT_FINISHED)
    days, work, materials = studies.days, studies.work, studies.materials
    rows = {
        "owner": lost,
        "day": np.full(len(lost), DAY + 1),
        "n_events": np.full(len(lost), 999.0),
        "amount": np.full(len(lost), 999.0),
        "n_materials": np.full(len(lost), 999.0),
        "n_by_kind": np.full((len(lost), days.n_by_kind.shape[1]), 999.0, np.float32),
    }
    planted = StudyDays(**{name: np.concatenate([getattr(days, name), rows[name]]) for name in rows})
    order = np.lexsort((planted.day, planted.owner))
    handed = {"owner": lost, "work": lost * 0, "day": np.full(len(lost), DAY + 1), "result": np.zeros(len(lost))}
    joined = {name: np.concatenate([getattr(work, name), values]) for name, values in handed.items()}
    by_owner = np.lexsort((joined["day"], joined["owner"]))
    secret = {"owner": lost, "material": len(materials.run) + studies.run[lost], "day": np.full(len(lost), DAY + 1)}
    opened = {name: np.concatenate([getattr(materials, name), values]) for name, values in secret.items()}
    by_opener = np.lexsort((opened["day"], opened["owner"]))
    return replace(
        studies,
        days=StudyDays(**{f.name: getattr(planted, f.name)[order] for f in fields(StudyDays)}),
        materials=Materials(
            np.append(materials.run, np.arange(len(studies.runs.subject))),
            np.append(materials.kind, np.zeros(len(studies.runs.subject), int)),
            **{name: values[by_opener] for name, values in opened.items()},
        ),
        work=Work(work.run, work.due_day, **{name: values[by_owner] for name, values in joined.items()}),
    )


@pytest.mark.parametrize("day", [0, 7, DAY])
def test_what_happens_after_the_day_changes_nothing(day):
    honest, planted = features_of(STUDIES, day), features_of(with_giveaways(STUDIES), day)
    for column in ("features", "weeks", "told"):
        np.testing.assert_array_equal(getattr(honest, column), getattr(planted, column))


def test_the_planted_leak_would_be_found_a_day_later():
    honest, planted = features_of(STUDIES, DAY + 1), features_of(with_giveaways(STUDIES), DAY + 1)
    for name in ("amount", "met", "opened", "common_share", "handed_in"):
        column = feature_names().index(name)
        assert not np.array_equal(honest.features[:, column], planted.features[:, column], equal_nan=True), name


def test_ends_outcomes_and_grades_of_those_asked_about_change_nothing():
    asked = STUDIES.run == 3
    told = examples_on(STUDIES.forgetting(asked), DAY, only=asked)
    other_ends = replace(
        STUDIES,
        end_day=np.where(asked, DAY + 1.0 + np.arange(len(STUDIES)) % 50, STUDIES.end_day),
        outcome=np.where(asked, 1 - STUDIES.outcome, STUDIES.outcome),
        grade_share=np.where(asked, 0.0, STUDIES.grade_share),
    )
    again = examples_on(other_ends.forgetting(asked), DAY, only=asked)
    np.testing.assert_array_equal(told.features, again.features)
    np.testing.assert_array_equal(told.expected, again.expected)


def test_an_own_outcome_never_reaches_ones_own_run():
    """Even where outcomes are known (in training), those of a run do not tell what to expect of that run."""
    one_run = STUDIES.run == 3
    turned = replace(STUDIES, outcome=np.where(one_run, 1 - STUDIES.outcome, STUDIES.outcome))
    own, other = (examples_on(studies, DAY, only=one_run) for studies in (STUDIES, turned))
    np.testing.assert_array_equal(own.features, other.features)


def test_what_is_seen_has_no_place_for_secrets():
    names = {field.name for field in fields(Seen)}
    assert names.isdisjoint({"end_day", "outcome", "grade_share", "attributes", "learner"})
    assert not {"gender", "region", "imd", "age", "disability", "education"} & set("_".join(feature_names()).split("_"))


def test_the_outcome_of_an_earlier_course_counts_once_it_was_known():
    first, second = 0, int(np.flatnonzero(STUDIES.run == 1)[0])
    learner = STUDIES.learner.copy()
    learner[second] = learner[first]
    early = replace(STUDIES, learner=learner)
    assert seen_on(early, 0).n_earlier[second] == 1
    still_running = replace(early, end_day=np.where(np.arange(len(early)) == first, 500.0, early.end_day))
    assert seen_on(still_running, 0).n_earlier[second] == 0
    assert seen_on(still_running, 0).n_parallel[second] == 1


def test_only_who_runs_on_the_day_is_asked_about():
    gone = replace(STUDIES, end_day=np.where(np.arange(len(STUDIES)) < 5, 10.0, STUDIES.end_day))
    assert set(range(5)).isdisjoint(examples_on(gone, DAY).owner)
    assert len(examples_on(replace(STUDIES, today_on=STUDIES.first_on.max() + DAY - 1), DAY)) == 180


def test_a_run_that_goes_on_does_not_teach():
    running = np.flatnonzero(STUDIES.run == 3)
    outcome = STUDIES.outcome.copy()
    outcome[running[5:]] = UNKNOWN
    half_known = replace(STUDIES, outcome=outcome)
    assert not half_known.settled[running].any()
    assert half_known.settled.sum() == 180
