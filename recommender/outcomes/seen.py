"""What may be seen on the day of a prediction: the one place where the line between past and future is drawn.

Features are made from `Seen` and from nothing else. It holds no row behind the day, no end, no outcome and no grade of
the enrolments asked about; of other enrolments the outcome only where it was known on that day. So a feature that
peeks cannot be written by accident, and a test plants leaks to see that none comes through.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommender.datasets.studies import (
    FINISHED,
    NOT_FINISHED,
    Flags,
    Floats,
    Ints,
    Materials,
    Runs,
    Studies,
    StudyDays,
    Work,
)

SEASON_WEIGHT = 0.1
"""Of an earlier run that began in another month, beside 1 for one that began in the same."""
OTHERS_EVIDENCE = 300.0
"""Enrolments in earlier runs of a subject that count as much as all other subjects together."""


@dataclass(frozen=True)
class Seen:
    """n enrolments as they stood at the end of course day `day`; only those in `who` have reached it and still run."""

    day: int
    who: Flags  # (n,)
    run: Ints  # (n,)
    start_day: Floats  # (n,)
    runs: Runs
    days: StudyDays  # of everybody in these runs, up to the day
    materials: Materials  # of these runs; what was met up to the day
    work: Work  # assessments of these runs; what was handed in up to the day
    n_earlier: Floats  # (n,) the learner's other enrolments that had ended
    n_earlier_finished: Floats  # (n,) of them
    n_earlier_here: Floats  # (n,) of all that began before, those in the same subject
    attempt: Floats  # (n,) at the course: as the source tells, and no fewer than are here
    n_parallel: Floats  # (n,) the learner's other enrolments that ran on that day
    expected: Floats  # (r,) who will not finish, of those in `who`, going by earlier runs of the subject; NaN: none
    evidence: Floats  # (r,) enrolments behind `expected`, weighted by season

    def __len__(self) -> int:
        return len(self.run)

    @property
    def n_runs(self) -> int:
        return len(self.runs.subject)


def seen_on(studies: Studies, day: int) -> Seen:
    """Cut at the end of a course day; who has not reached it by today is left out."""
    # Of one whose end is told the day itself is over; of one that began today the day counts.
    who = ~(studies.start_day > day) & (studies.end_day > day) & (studies.first_on + day <= studies.today_on)
    earlier = _other_courses(studies, day)
    expected, evidence = _expected(studies, day)
    return Seen(
        day=day,
        who=who,
        run=studies.run,
        start_day=np.where(studies.start_day > day, np.nan, studies.start_day),
        runs=studies.runs,
        days=studies.days.until(day),
        materials=studies.materials.until(day),
        work=studies.work.until(day),
        n_earlier=earlier[0],
        n_earlier_finished=earlier[1],
        n_earlier_here=earlier[2],
        attempt=np.fmax(studies.attempt, earlier[2] + 1),
        n_parallel=earlier[3],
        expected=expected,
        evidence=evidence,
    )


def _other_courses(studies: Studies, day: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Each learner's other enrolments, as they stood on the calendar day of the prediction: four counts, each (n,)."""
    one, other = _pairs(studies.learner)
    today = studies.first_on[one] + day
    began = (studies.first_on + np.nan_to_num(studies.start_day))[other] <= today
    ended = studies.ended_on[other] <= today
    is_earlier = (studies.first_on + np.nan_to_num(studies.start_day))[other] < studies.first_on[one]
    same = studies.runs.subject[studies.run[one]] == studies.runs.subject[studies.run[other]]
    is_finished = studies.outcome[other] == FINISHED
    is_known = ended & (studies.outcome[other] != -1)

    def count(which: Flags) -> Floats:
        return np.bincount(one[which], minlength=len(studies)).astype(np.float64)

    return (
        count(is_known),
        count(is_known & is_finished),
        count(is_earlier & same),
        count(began & ~ended),
    )


def _pairs(learner: Ints) -> tuple[Ints, Ints]:
    """Every ordered pair of different enrolments of one learner."""
    order = np.argsort(learner, kind="stable")
    _ids, first, counts = np.unique(learner[order], return_index=True, return_counts=True)
    ones, others = [], []
    for size in np.unique(counts[counts > 1]):
        block = order[first[counts == size][:, None] + np.arange(size)]  # (learners with so many, size)
        for shift in range(1, size):
            ones.append(block.ravel())
            others.append(np.roll(block, shift, axis=1).ravel())
    if not ones:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(ones), np.concatenate(others)


def _expected(studies: Studies, day: int) -> tuple[Floats, Floats]:
    """What earlier runs of a subject let expect of those who still run: shape (r,) twice.

    If the share T of a run does not finish, and the share L has left by the day, then of those who are left
    (T - L) / (1 - L) will not finish. T is that of the other runs whose outcomes are known, those that began in the
    same month first: in real data autumn and spring differ by more than two autumns do. Where the subject has few,
    other subjects help out.
    """
    n_runs = len(studies.runs.subject)
    known = studies.settled
    n_known = np.bincount(studies.run[known], minlength=n_runs).astype(np.float64)
    n_lost = np.bincount(studies.run[known & (studies.outcome == NOT_FINISHED)], minlength=n_runs).astype(np.float64)
    season, subject = studies.runs.season, studies.runs.subject
    weight = np.where(season[:, None] == season[None, :], 1.0, SEASON_WEIGHT) * (1.0 - np.eye(n_runs))
    weight *= (season > 0)[:, None] * (season > 0)[None, :]
    of_subject = weight * (subject[:, None] == subject[None, :])
    evidence = of_subject @ n_known
    size = np.maximum(np.bincount(studies.run, minlength=n_runs), 1)
    left = np.bincount(studies.run[studies.end_day <= day], minlength=n_runs) / size
    with np.errstate(invalid="ignore", divide="ignore"):
        of_all = (weight @ n_lost) / (weight @ n_known)
        total = (of_subject @ n_lost + OTHERS_EVIDENCE * of_all) / (evidence + OTHERS_EVIDENCE)
        expected = np.clip((total - left) / (1.0 - left), 0.02, 0.98)
    return expected, evidence
