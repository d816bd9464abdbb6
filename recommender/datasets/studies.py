"""How enrolments went, as arrays: who studied when and how much, what was handed in, how it ended.

Days count from the first day of the course's run, which is 0 (see `recommender.study_history` for which day that is).
This is the one place that knows both the future and the past; what a prediction may see of it is cut out by
`recommender.outcomes.seen`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recommender.errors import InvalidData

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

FINISHED, NOT_FINISHED, UNKNOWN = 0, 1, -1
MOST_OPEN = 0.05
"""Of the enrolments in a run, so many may have no outcome when the others begin to teach."""
MATERIAL_KINDS = ("reading", "video", "quiz", "forum", "module", "other")
"""Kinds of activities that are opened, and not handed in."""
USUAL_END = 0.75
"""Quantile of the days from first to last, of enrolments on a clock of their own."""


@dataclass(frozen=True)
class Runs:
    """r runs of courses."""

    subject: Ints
    """(r,) what earlier runs of the same course have in common: the same number whenever it is read, below 2**28."""
    course_id: Ints
    """(r,) database id."""
    season: Ints
    """(r,) month of the first day, 1 to 12; 0 where every learner has a first day of their own."""


@dataclass(frozen=True)
class StudyDays:
    """m rows, sorted by owner and day: what one enrolment did on one day."""

    owner: Ints  # (m,) index of an enrolment
    day: Ints  # (m,)
    n_events: Floats  # (m,)
    amount: Floats  # (m,) clicks, or events where the source counts no clicks
    n_materials: Floats  # (m,) different activities met that day
    n_by_kind: NDArray[np.float32]  # (m, n_kinds) of them, the materials of each of MATERIAL_KINDS

    def until(self, day: int) -> StudyDays:
        past = self.day <= day
        return StudyDays(**{name: getattr(self, name)[past] for name in self.__dataclass_fields__})


@dataclass(frozen=True)
class Materials:
    """q materials that somebody met, and k times that one was met for the first time, sorted by owner and day."""

    run: Ints  # (q,) a material stands once in each run of its course: each run has its own peers
    kind: Ints  # (q,) index into MATERIAL_KINDS
    owner: Ints  # (k,) index of an enrolment
    material: Ints  # (k,) index of a material
    day: Ints  # (k,)

    def until(self, day: int) -> Materials:
        past = self.day <= day
        return Materials(self.run, self.kind, self.owner[past], self.material[past], self.day[past])


@dataclass(frozen=True)
class Work:
    """w assessments, and h times that one was handed in for the first time by somebody, sorted by owner and day."""

    run: Ints  # (w,)
    due_day: Floats  # (w,) the last day on which it is in time; NaN where there is none
    owner: Ints  # (h,) index of an enrolment
    work: Ints  # (h,) index of an assessment
    day: Ints  # (h,)
    result: Floats  # (h,) share of the full mark; NaN without one

    def until(self, day: int) -> Work:
        """All assessments (their due dates are known beforehand), and what was handed in by then."""
        past = self.day <= day
        return Work(self.run, self.due_day, self.owner[past], self.work[past], self.day[past], self.result[past])


@dataclass(frozen=True)
class Studies:
    """n enrolments in r runs."""

    enrolment_ids: Ints  # (n,) database ids
    learner: Ints  # (n,)
    run: Ints  # (n,) index into runs
    first_on: Ints  # (n,) the day 0, in days since 1970
    start_day: Floats  # (n,) of the enrolment; less than 0 is before the course began
    end_day: Floats  # (n,) the first day on which it does not run any more; infinite while nobody knows
    attempt: Floats  # (n,) at the course, 1 for the first, as the source tells; NaN where it does not
    outcome: Ints  # (n,) FINISHED, NOT_FINISHED or UNKNOWN
    grade_share: Floats  # (n,) NaN where unknown
    runs: Runs
    days: StudyDays
    materials: Materials
    work: Work
    today_on: int  # the last day that there is, in days since 1970

    def __post_init__(self) -> None:
        n, columns = len(self.learner), (self.run, self.first_on, self.start_day, self.end_day, self.outcome)
        if any(len(column) != n for column in (*columns, self.enrolment_ids, self.attempt, self.grade_share)):
            raise InvalidData(f"The columns of {n} enrolments have unequal lengths.")
        for owner in (self.days.owner, self.materials.owner, self.work.owner):
            if len(owner) and (owner.min() < 0 or owner.max() >= n):
                raise InvalidData(f"A row belongs to an enrolment beyond the {n} there are.")

    def __len__(self) -> int:
        return len(self.learner)

    @property
    def ended_on(self) -> Floats:
        """(n,) in days since 1970."""
        return self.first_on + self.end_day

    @property
    def known_outcome(self) -> Flags:
        return np.asarray(self.outcome != UNKNOWN)

    @cached_property
    def settled(self) -> Flags:
        """(n,) whose outcome is known and may teach.

        Of a run that goes on only those are known who gave up: learning from them alone would teach that everybody
        does. So a run counts once nearly all of it is known; where learners have clocks of their own, an enrolment
        counts once so much time has passed as most need to their end.
        """
        n_runs = len(self.runs.subject)
        open_share = np.bincount(self.run[~self.known_outcome], minlength=n_runs) / np.maximum(
            np.bincount(self.run, minlength=n_runs), 1
        )
        own_clock = self.runs.season[self.run] == 0
        durations = self.end_day[own_clock & self.known_outcome]
        usual_days = np.quantile(durations, USUAL_END) if len(durations) else 0.0
        has_had_time = self.first_on <= self.today_on - usual_days
        is_over = np.where(own_clock, has_had_time, (open_share <= MOST_OPEN)[self.run])
        return np.asarray(self.known_outcome & is_over)

    def forgetting(self, which: Flags) -> Studies:
        """The same without the outcomes and grades of some: they are asked about, and must not tell."""
        outcome = np.where(which, UNKNOWN, self.outcome)
        return replace(self, outcome=outcome, grade_share=np.where(which, np.nan, self.grade_share))
