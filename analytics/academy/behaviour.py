"""How the invented people learn: day by day, all of them at once.

What a model can find in it: people keep to their subjects and go from level to level (interests), follow the order of a
course but skip the kind of part they dislike (order, taste), give up after gaps and poor results (drop-outs), and
learn at their hour, less at weekends and hardly in the holidays (seasons).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.academy.catalogue import COURSES, KINDS, PARTS_PER_COURSE, Catalogue
from analytics.academy.diary import Diary, Events
from analytics.academy.people import People
from analytics.models import Kind, Unit, Verb

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

DAY_SECONDS = 86_400
NOT_TAKEN, OPEN, FINISHED, GIVEN_UP = range(4)
WEEKDAY_FACTORS = np.array([1.05, 1.1, 1.1, 1.0, 0.8, 0.6, 0.75])
HOLIDAYS = range(58, 66)
PASSING_SHARE = 0.45
PARTS_PER_MODULE = 5


@dataclass(frozen=True)
class Enrolments:
    """State of every learner in every course, each array (n_learners, n_courses)."""

    state: Ints
    started_at: Floats
    """Seconds since the window began."""
    ended_at: Floats
    """Seconds since the window began; NaN while open."""
    grade: Floats
    """Mean share of the marks, 0 to 1; NaN without a result."""


class Term:
    """The days of the window, lived through one after the other by `live`."""

    def __init__(self, people: People, catalogue: Catalogue, rng: np.random.Generator) -> None:
        self.people, self.catalogue, self.rng = people, catalogue, rng
        shape = (people.n, len(COURSES))
        self.diary = Diary()
        self.state = np.zeros(shape, np.int64)
        self.place = np.zeros(shape, np.int64)
        self.last_day = np.zeros(shape, np.int64)
        self.started_at = np.full(shape, np.nan)
        self.ended_at = np.full(shape, np.nan)
        self.result_sum = np.zeros(shape)
        self.n_results = np.zeros(shape, np.int64)
        self.has_opened = np.zeros((people.n, len(catalogue.parts)), bool)
        self.has_met = np.zeros((people.n, len(catalogue.parts)), bool)

    def live(self, n_days: int, first_weekday: int) -> tuple[Events, Enrolments]:
        for day in range(n_days):
            self._give_up(day)
            learner, at = self._who_learns(day, (first_weekday + day) % 7)
            self._enrol(learner, at, day)
            self._study(learner, at, day)
        enrolments = Enrolments(self.state, self.started_at, self.ended_at, self._mean_result())
        return self.diary.events(), enrolments

    def _who_learns(self, day: int, weekday: int) -> tuple[Ints, Floats]:
        """The learners who sit down today, and the second at which each does."""
        people = self.people
        share = people.activity_share * WEEKDAY_FACTORS[weekday] * (0.3 if day in HOLIDAYS else 1.0)
        if weekday >= 5:
            share = share * people.weekend_liking
        learns = (self.rng.random(people.n) < np.minimum(share, 0.95)) & (people.joined_on <= day)
        learner = np.flatnonzero(learns)
        hour = np.clip(people.peak_hour[learner] + self.rng.normal(0, 1.4, learner.size), 0.0, 23.5)
        return learner, day * DAY_SECONDS + hour * 3600

    def _give_up(self, day: int) -> None:
        """The hazard of a withdrawal grows with the days since the last visit and with poor results."""
        gap_days = day - self.last_day
        is_disappointed = self._mean_result() < 0.5
        hazard = 0.0035 * self.people.impatience[:, None] * np.exp(0.12 * np.minimum(gap_days, 40))
        hazard = hazard * np.where(is_disappointed, 2.5, 1.0)
        leaves = (self.state == OPEN) & (self.rng.random(hazard.shape) < hazard)
        self.state[leaves] = GIVEN_UP
        self.ended_at[leaves] = day * DAY_SECONDS + DAY_SECONDS / 2

    def _enrol(self, learner: Ints, at: Floats, day: int) -> None:
        """Whoever has time for another course takes one: of a subject they like and a level they are ready for."""
        has_time = (self.state[learner] == OPEN).sum(axis=1) < self.people.parallel_courses[learner]
        learner, at = learner[has_time], at[has_time]
        liking = self.people.interest[learner][:, self.catalogue.subject] * self.catalogue.appeal
        liking = liking * self._readiness(learner) * (self.state[learner] == NOT_TAKEN)
        # The largest of log weight + Gumbel noise is a draw in proportion to the weights.
        with np.errstate(divide="ignore"):
            course = np.argmax(np.log(liking) + self.rng.gumbel(size=liking.shape), axis=1)
        wants = (liking.max(axis=1) > 0.04) & (self.rng.random(learner.size) < 0.6)
        wants &= liking[np.arange(learner.size), course] > 0
        learner, course, at = learner[wants], course[wants], at[wants]
        self.state[learner, course] = OPEN
        self.started_at[learner, course] = at
        self.last_day[learner, course] = day
        self.diary.write(learner, -1 - course, Verb.ENROLLED, at)

    def _readiness(self, learner: Ints) -> Floats:
        """(n, n_courses): 1 for beginners' courses, 1.6 where the level before is finished, else next to nothing."""
        has_finished = self.state[learner] == FINISHED
        before = np.roll(has_finished, 1, axis=1)  # the courses of a subject stand in the order of their levels
        return np.where(self.catalogue.level == 0, 1.0, np.where(before, 1.6, 0.03))

    def _study(self, learner: Ints, at: Floats, day: int) -> None:
        """One sitting: a few parts of one of the open courses, in order."""
        is_open = self.state[learner] == OPEN
        course = np.argmax(np.where(is_open, self.rng.random(is_open.shape), -1.0), axis=1)
        sits = is_open.any(axis=1)
        learner, course, at = learner[sits], course[sits], at[sits]
        self.last_day[learner, course] = day
        n_parts = 1 + self.rng.poisson(2.1, learner.size)
        for taken in range(int(n_parts.max(initial=0))):
            goes_on = (n_parts > taken) & (self.state[learner, course] == OPEN)
            who = np.flatnonzero(goes_on)
            at[who] = self._take_part(learner[who], course[who], at[who])

    def _take_part(self, learner: Ints, course: Ints, at: Floats) -> Floats:
        """Meet the next part, unless it is of a kind that one skips, or go back to one that was skipped.

        Returns the second at which each learner is through with it.
        """
        place = self.place[learner, course]
        skipped = self._first_skipped(learner, course, place)
        goes_back = (skipped < place) & (self.rng.random(place.size) < 0.35)
        part = course * PARTS_PER_COURSE + np.where(goes_back, skipped, place)
        skips = self._skips(learner, part) & ~goes_back
        meets = np.flatnonzero(~skips)
        through_at = at.copy()
        moves_on = skips.copy()
        through_at[meets], moves_on[meets] = self._meet(learner[meets], part[meets], at[meets])
        self.place[learner, course] += moves_on & ~goes_back
        self._finish(learner, course, through_at)
        return through_at + self.rng.exponential(240, at.size)

    def _first_skipped(self, learner: Ints, course: Ints, place: Ints) -> Ints:
        """The first place of the course that was passed by; `place` where there is none."""
        places = np.arange(PARTS_PER_COURSE)
        is_skipped = ~self.has_opened[learner[:, None], course[:, None] * PARTS_PER_COURSE + places]
        is_skipped &= places < place[:, None]
        return np.where(is_skipped.any(axis=1), np.argmax(is_skipped, axis=1), place)

    def _skips(self, learner: Ints, part: Ints) -> Flags:
        taste = self.people.video_taste[learner]
        dislike = np.select(
            [self._is_kind(part, Kind.VIDEO), self._is_kind(part, Kind.READING), self._is_kind(part, Kind.FORUM)],
            [(1 - taste) ** 2, taste**2, 1 - self.people.sociability[learner]],
            0.02,
        )
        return self.rng.random(part.size) < 0.6 * dislike

    def _is_kind(self, part: Ints, kind: Kind) -> Flags:
        return np.asarray(self.catalogue.kind[part] == KINDS.index(kind))

    def _meet(self, learner: Ints, part: Ints, at: Floats) -> tuple[Floats, Flags]:
        """Write down what each learner does with their part; when they are through, and whether they move on."""
        finishes = self.rng.random(part.size) < 0.55 + 0.42 * self.catalogue.quality[part]
        seconds = self.catalogue.length_seconds[part] * self.rng.lognormal(0, 0.25, part.size)
        seconds = np.where(finishes, seconds, seconds * self.rng.uniform(0.1, 0.7, part.size))
        through_at = at + seconds
        result = self._result(learner, part)
        self._open(learner, part, at)
        self._consume(learner, part, through_at, seconds, finishes)
        self._discuss(learner, part, through_at)
        passes = self._examine(learner, part, through_at, result, finishes)
        self.has_met[learner[finishes], part[finishes]] = True
        return through_at, (finishes & passes) | (self.rng.random(part.size) < 0.45)

    def _result(self, learner: Ints, part: Ints) -> Floats:
        """Share of the marks in steps of 5 %: ability and preparation against difficulty, with some luck."""
        before = part[:, None] - np.arange(1, PARTS_PER_MODULE)
        same_module = before // PARTS_PER_MODULE == part[:, None] // PARTS_PER_MODULE
        n_before = np.maximum(same_module.sum(axis=1), 1)
        prepared = (self.has_met[learner[:, None], before] & same_module).sum(axis=1) / n_before
        logit = 1.1 * self.people.ability[learner] - self.catalogue.difficulty[part] + 1.4 * (prepared - 0.4)
        share = 1 / (1 + np.exp(-logit - self.rng.normal(0, 0.5, part.size)))
        return np.asarray(np.round(share * 20) / 20)

    def _open(self, learner: Ints, part: Ints, at: Floats) -> None:
        is_video = self._is_kind(part, Kind.VIDEO)
        self.diary.write(learner[is_video], part[is_video], Verb.STARTED, at[is_video])
        self.has_opened[learner, part] = True
        n_clicks = self.rng.integers(1, 7, part.size)
        others = ~is_video
        self.diary.write(
            learner[others], part[others], Verb.VIEWED, at[others], n_clicks[others], Unit.CLICKS
        )  # fmt: skip

    def _consume(self, learner: Ints, part: Ints, at: Floats, seconds: Floats, finishes: Flags) -> None:
        is_consumed = self._is_kind(part, Kind.VIDEO) | self._is_kind(part, Kind.READING)
        for chosen, verb in ((finishes, Verb.COMPLETED), (~finishes, Verb.PROGRESSED)):
            who = is_consumed & chosen
            self.diary.write(learner[who], part[who], verb, at[who], np.round(seconds[who]), Unit.SECONDS)

    def _discuss(self, learner: Ints, part: Ints, at: Floats) -> None:
        posts = self._is_kind(part, Kind.FORUM) & (self.rng.random(part.size) < self.people.sociability[learner])
        self.diary.write(learner[posts], part[posts], Verb.POSTED, at[posts])

    def _examine(self, learner: Ints, part: Ints, at: Floats, result: Floats, finishes: Flags) -> Flags:
        """Write results; False for those who failed a quiz (they may try again) or put an assignment off."""
        is_quiz, is_assignment = self._is_kind(part, Kind.QUIZ), self._is_kind(part, Kind.ASSIGNMENT)
        passes = result >= PASSING_SHARE
        hands_in = is_assignment & finishes
        for who, verb in (
            (is_quiz & passes, Verb.PASSED),
            (is_quiz & ~passes, Verb.FAILED),
            (hands_in, Verb.SUBMITTED),
        ):
            self.diary.write(learner[who], part[who], verb, at[who], result[who], Unit.SHARE)
        marked = is_quiz | hands_in
        course = part // PARTS_PER_COURSE
        np.add.at(self.result_sum, (learner[marked], course[marked]), result[marked])
        np.add.at(self.n_results, (learner[marked], course[marked]), 1)
        return ~is_quiz | passes

    def _finish(self, learner: Ints, course: Ints, at: Floats) -> None:
        ends = self.place[learner, course] >= PARTS_PER_COURSE
        self.state[learner[ends], course[ends]] = FINISHED
        self.ended_at[learner[ends], course[ends]] = at[ends]

    def _mean_result(self) -> Floats:
        with np.errstate(invalid="ignore"):
            return np.asarray(self.result_sum / self.n_results)
