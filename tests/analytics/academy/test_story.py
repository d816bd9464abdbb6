"""The invented story has the sizes that it promises, repeats itself, and holds something to learn."""

from datetime import UTC, datetime

import numpy as np
import pytest

from analytics.academy.behaviour import DAY_SECONDS, FINISHED, GIVEN_UP, NOT_TAKEN, OPEN
from analytics.academy.catalogue import COURSES, PARTS_PER_COURSE, SUBJECTS
from analytics.academy.story import N_DAYS, Story, busiest_courses, outcome_of, tell
from analytics.models import Outcome

ENDS_AT = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def story() -> Story:
    return tell(seed=7, n_learners=400, ends_at=ENDS_AT)


def course_of(activity: np.ndarray) -> np.ndarray:
    return np.where(activity >= 0, activity // PARTS_PER_COURSE, -1 - activity)


def test_it_has_the_promised_size(story):
    n_modules = sum(len(course.modules) for course in COURSES)
    assert len(COURSES) + n_modules + len(story.catalogue.parts) == 300
    assert (len(COURSES), len(SUBJECTS), story.people.n) == (12, 4, 400)
    assert 54_000 < story.events.at.size < 66_000
    assert len(set(story.people.names)) == 400


def test_the_same_seed_tells_the_same_story(story):
    again = tell(seed=7, n_learners=400, ends_at=ENDS_AT)
    assert again.people.names == story.people.names
    np.testing.assert_array_equal(again.events.at, story.events.at)
    np.testing.assert_array_equal(again.events.value, story.events.value)
    other = tell(seed=8, n_learners=400, ends_at=ENDS_AT)
    assert other.people.names != story.people.names


def test_nothing_happens_before_the_window_or_after_its_end(story):
    assert story.events.at.min() >= 0
    assert story.events.at.max() < story.seconds_lived()
    assert story.seconds_lived() > (N_DAYS - 1) * DAY_SECONDS
    assert np.all(np.diff(story.events.at) >= 0)
    assert np.nanmax(story.enrolments.ended_at) < story.seconds_lived()


def test_events_belong_to_an_enrolment(story):
    started_at = story.enrolments.started_at[story.events.learner, course_of(story.events.activity)]
    assert np.all(story.events.at >= np.floor(started_at))


def test_people_keep_to_their_subjects(story):
    subject = story.catalogue.subject[course_of(story.events.activity)]
    counts = np.zeros((story.people.n, len(SUBJECTS)))
    np.add.at(counts, (story.events.learner, subject), 1)
    busy = counts.sum(axis=1) >= 30
    favourite_share = (counts.max(axis=1) / np.maximum(counts.sum(axis=1), 1))[busy]
    assert favourite_share.mean() > 0.55, "by chance it would be little over a quarter"


def test_parts_are_met_in_order(story):
    """Of the steps from one part to another of the same course, nearly all go forward."""
    order = np.lexsort((story.events.at, story.events.learner))
    learner, activity = story.events.learner[order], story.events.activity[order]
    course = course_of(activity)
    step = (learner[1:] == learner[:-1]) & (course[1:] == course[:-1]) & (activity[1:] >= 0) & (activity[:-1] >= 0)
    forward = np.diff(activity)[step & (np.diff(activity) != 0)] > 0
    assert forward.mean() > 0.9


def test_levels_follow_each_other(story):
    taken = story.enrolments.state != NOT_TAKEN
    later = np.flatnonzero(story.catalogue.level > 0)
    had_before = taken[:, later - 1][taken[:, later]]
    assert had_before.mean() > 0.7


def test_people_give_up_after_poor_results(story):
    state, grade = story.enrolments.state, story.enrolments.grade
    assert 0.1 < (state == GIVEN_UP).sum() / (state != NOT_TAKEN).sum() < 0.4
    assert np.nanmean(grade[state == GIVEN_UP]) < np.nanmean(grade[state == FINISHED])


def test_results_follow_ability(story):
    with_result = np.isfinite(story.enrolments.grade).any(axis=1)
    mean_grade = np.nanmean(story.enrolments.grade[with_result], axis=1)
    assert np.corrcoef(mean_grade, story.people.ability[with_result])[0, 1] > 0.6


def test_days_and_hours_have_seasons(story):
    day = story.events.at // DAY_SECONDS
    weekday = (story.starts_at.weekday() + day) % 7
    per_weekday = np.bincount(weekday, minlength=7)
    assert per_weekday[5:].mean() < 0.8 * per_weekday[:5].mean()
    per_hour = np.bincount(story.events.at % DAY_SECONDS // 3600, minlength=24)
    assert per_hour[18:23].sum() > 4 * per_hour[1:6].sum()


def test_the_leading_learner_is_still_there_and_has_a_past(story):
    leader = story.leader
    mine = story.events.at[story.events.learner == leader]
    assert mine.size > 200
    assert mine.max() > story.seconds_lived() - 3 * DAY_SECONDS
    assert (story.enrolments.state[leader] == OPEN).any()


def test_the_leading_learner_has_the_first_id(story):
    ids = [story.learner_external_id(number) for number in range(story.people.n)]
    assert ids[story.leader] == "A00001"
    assert len(set(ids)) == story.people.n


def test_busiest_courses_are_different_ones(story):
    assert len(set(busiest_courses(story, 3))) == 3


@pytest.mark.parametrize("seed", [0, 1])
def test_a_small_academy_works_too(seed):
    small = tell(seed=seed, n_learners=20, ends_at=ENDS_AT)
    assert small.events.at.size > 500
    assert 0 <= small.leader < 20


@pytest.mark.parametrize(
    ("state", "grade", "outcome"),
    [
        (OPEN, 0.9, Outcome.ACTIVE),
        (GIVEN_UP, float("nan"), Outcome.WITHDRAWN),
        (FINISHED, 0.8, Outcome.DISTINCTION),
        (FINISHED, 0.6, Outcome.COMPLETED),
        (FINISHED, 0.3, Outcome.FAILED),
    ],
)
def test_outcomes(state, grade, outcome):
    assert outcome_of(state, grade) == outcome
