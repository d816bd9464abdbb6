"""One academy from its seed: catalogue, people and what they did, up to a given instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np

from analytics.academy.behaviour import DAY_SECONDS, FINISHED, GIVEN_UP, NOT_TAKEN, OPEN, Enrolments, Term
from analytics.academy.catalogue import COURSES, SUBJECTS, Catalogue, design_catalogue
from analytics.academy.diary import Events
from analytics.academy.people import People, invent_people
from analytics.models import Outcome

N_DAYS = 120


@dataclass(frozen=True)
class Story:
    catalogue: Catalogue
    people: People
    events: Events
    enrolments: Enrolments
    starts_at: datetime
    """Midnight of the first day, UTC; every second of the story counts from here."""
    ends_at: datetime
    """Nothing happened at or after it."""

    def instant(self, seconds: float) -> datetime:
        return self.starts_at + timedelta(seconds=float(seconds))

    def seconds_lived(self) -> float:
        return (self.ends_at - self.starts_at).total_seconds()

    def learner_external_id(self, learner: int) -> str:
        """A00001 is the leading learner, whom the documentation can therefore name whatever the seed."""
        number = {self.leader: 0, 0: self.leader}.get(learner, learner)
        return f"A{number + 1:05}"

    @cached_property
    def leader(self) -> int:
        """The learner with the richest history among those who came in the last three days and have a course open."""
        n_events = np.bincount(self.events.learner, minlength=self.people.n)
        last_at = np.full(self.people.n, -np.inf)
        np.maximum.at(last_at, self.events.learner, self.events.at)
        is_here = last_at > self.seconds_lived() - 3 * DAY_SECONDS
        has_open = (self.enrolments.state == OPEN).any(axis=1)
        has_finished = (self.enrolments.state == FINISHED).any(axis=1)
        return int(np.argmax(n_events + 10_000_000 * (is_here & has_open) + 1_000_000 * has_finished))

    def activity_external_id(self, activity: int) -> str:
        """Index of a part, or -1 - c for course c."""
        return self.catalogue.parts[activity].external_id if activity >= 0 else COURSES[-1 - activity].slug


def tell(*, seed: int, n_learners: int, ends_at: datetime) -> Story:
    """The same seed, number and instant tell the same story."""
    for_catalogue, for_people, for_term = (
        np.random.default_rng(source) for source in np.random.SeedSequence(seed).spawn(3)
    )
    today = ends_at.replace(hour=0, minute=0, second=0, microsecond=0)
    starts_at = today - timedelta(days=N_DAYS - 1)
    catalogue = design_catalogue(for_catalogue)
    people = invent_people(n_learners, len(SUBJECTS), N_DAYS, for_people)
    events, enrolments = Term(people, catalogue, for_term).live(N_DAYS, starts_at.weekday())
    lived_seconds = (ends_at - starts_at).total_seconds()
    return Story(catalogue, people, events.before(lived_seconds), _as_of(enrolments, lived_seconds), starts_at, ends_at)


def _as_of(enrolments: Enrolments, seconds: float) -> Enrolments:
    """The enrolments as they stood then: what was to end later today is still open."""
    state, ended_at = enrolments.state.copy(), enrolments.ended_at.copy()
    state[(state != NOT_TAKEN) & (ended_at >= seconds)] = OPEN
    state[enrolments.started_at >= seconds] = NOT_TAKEN
    ended_at[ended_at >= seconds] = np.nan
    return Enrolments(state, enrolments.started_at, ended_at, enrolments.grade)


def outcome_of(state: int, grade: float) -> Outcome:
    if state == FINISHED:
        if grade >= 0.8:
            return Outcome.DISTINCTION
        return Outcome.FAILED if grade < 0.4 else Outcome.COMPLETED
    return Outcome.WITHDRAWN if state == GIVEN_UP else Outcome.ACTIVE


def busiest_courses(story: Story, n: int) -> list[int]:
    """Courses with the most learners at the moment."""
    n_open = (story.enrolments.state == OPEN).sum(axis=0)
    return [int(course) for course in np.argsort(-n_open, kind="stable")[:n]]
