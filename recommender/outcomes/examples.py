"""Examples: enrolments on days, as a model sees them. Training stacks many days; scoring asks for one day each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.datasets.studies import FINISHED, NOT_FINISHED, Flags, Floats, Ints, Studies
from recommender.outcomes.factors import TELLINGS
from recommender.outcomes.features import OF_FACTOR, told
from recommender.outcomes.seen import Seen, seen_on

Matrix = NDArray[np.float32]

DAYS = (0, 3, 7, 14, 21, 30, 45, 60, 90, 120, 150, 180, 220)
"""Days of a course that training looks from; a model is told the day and answers for all between."""
N_WEEKS = 16
CHANNELS = ("active_days", "amount", "materials", "handed_in", "result")
"""Of the weekly series, the last week being the one that ends with the day."""
LITTLE_EVIDENCE = 600.0
"""Enrolments in earlier runs of a subject with which their experience counts as much as the model's own mean."""


@dataclass(frozen=True)
class Examples:
    """k examples of enrolments `owner` on course days `day`."""

    owner: Ints  # (k,) index into the studies
    day: Ints  # (k,)
    features: Matrix  # (k, n_features), NaN where there is nothing to tell
    weeks: Matrix  # (k, N_WEEKS, n_channels), oldest first
    told: Matrix  # (k, n_tellings): values that people are told
    cohort: Ints  # (k,) same run and day
    subject: Ints  # (k,) of `Runs.subject`
    expected: Floats  # (k,) share of the cohort not to finish, going by earlier runs; NaN: none
    trust: Floats  # (k,) in `expected`, 0 to 1; 0 where the subject never ran before
    is_risk: Flags  # (k,) will not finish; meaningless where not `is_labelled`
    is_labelled: Flags  # (k,)
    grade_share: Floats  # (k,) NaN where unknown
    learner: Ints  # (k,)

    def __len__(self) -> int:
        return len(self.owner)

    def where(self, which: Flags | Ints) -> Examples:
        return Examples(**{name: getattr(self, name)[which] for name in self.__dataclass_fields__})

    @staticmethod
    def stacked(parts: Iterable[Examples]) -> Examples:
        parts = list(parts)
        columns = {name: [getattr(part, name) for part in parts] for name in Examples.__dataclass_fields__}
        return Examples(**{name: np.concatenate(values) for name, values in columns.items()})


def feature_names() -> list[str]:
    """Of the columns of `Examples.features`; the day comes first."""
    return list(factor_of_feature())


def factor_of_feature() -> dict[str, str]:
    """Feature -> its factor; the day itself has none ("")."""
    if not _NAMES:
        nobody = _nobody()
        _NAMES["day"] = ""
        for factor, columns_of in OF_FACTOR.items():
            _NAMES.update(dict.fromkeys(columns_of(nobody), factor))
    return dict(_NAMES)


_NAMES: dict[str, str] = {}


def examples_on(studies: Studies, day: int, *, only: Flags | None = None, with_weeks: bool = False) -> Examples:
    """Everybody who still runs on a course day.

    Args:
        studies: everything there is; what is behind the day is cut off first.
        day: of the course.
        only: (n,) whose examples are wanted; the others serve as peers.
        with_weeks: also the weekly series (else empty).
    """
    seen = seen_on(studies, day)
    wanted = np.flatnonzero(seen.who if only is None else seen.who & only)
    columns = {"day": np.full(len(seen), float(day))}
    for columns_of in OF_FACTOR.values():
        columns |= columns_of(seen)
    tellings = told(columns)
    run = studies.run[wanted]
    evidence = seen.evidence[run]
    return Examples(
        owner=wanted,
        day=np.full(len(wanted), day),
        features=np.column_stack([columns[name][wanted].astype(np.float32) for name in feature_names()]),
        weeks=_weeks(seen, wanted) if with_weeks else np.zeros((len(wanted), 0, len(CHANNELS)), np.float32),
        told=np.column_stack([tellings[name][wanted].astype(np.float32) for name in TELLINGS]),
        cohort=run * 10_000 + day,
        subject=studies.runs.subject[run],
        expected=seen.expected[run],
        trust=evidence / (evidence + LITTLE_EVIDENCE),
        is_risk=studies.outcome[wanted] == NOT_FINISHED,
        is_labelled=np.isin(studies.outcome[wanted], (FINISHED, NOT_FINISHED)),
        grade_share=studies.grade_share[wanted],
        learner=studies.learner[wanted],
    )


def training_examples(studies: Studies, only: Flags, *, with_weeks: bool = False) -> Examples:
    """Those of `only` whose outcome is known, on many days, stacked."""
    last = np.nanmax(np.where(np.isfinite(studies.end_day), studies.end_day, 0), initial=0)
    days = [day for day in DAYS if day < last] or [0]
    parts = [examples_on(studies, day, only=only & studies.known_outcome, with_weeks=with_weeks) for day in days]
    return Examples.stacked(parts)


def _weeks(seen: Seen, wanted: Ints) -> Matrix:
    """(k, N_WEEKS, n_channels): logarithms of amounts, counts as they are, the week's mean result."""
    shape = (len(seen), N_WEEKS)
    found = np.zeros((*shape, len(CHANNELS)), np.float32)
    cell, values = _cells(seen.days.owner, seen.days.day, seen.day)
    for channel, column in ((0, np.ones(len(seen.days.day))), (1, seen.days.amount), (2, seen.days.n_materials)):
        total = np.bincount(cell, column[values], shape[0] * N_WEEKS).reshape(shape)
        found[:, :, channel] = total / 7 if channel == 0 else np.log1p(total) / 4
    cell, values = _cells(seen.work.owner, seen.work.day, seen.day)
    found[:, :, 3] = np.bincount(cell, minlength=shape[0] * N_WEEKS).reshape(shape)
    marked = np.isfinite(seen.work.result[values])
    n_marked = np.bincount(cell[marked], minlength=shape[0] * N_WEEKS).reshape(shape)
    total = np.bincount(cell[marked], seen.work.result[values][marked], shape[0] * N_WEEKS).reshape(shape)
    found[:, :, 4] = total / np.maximum(n_marked, 1)
    return found[wanted]


def _cells(owner: Ints, day: Ints, today: int) -> tuple[Ints, Ints]:
    """Index of owner and week, and the rows that fall into the series."""
    age = (today - day) // 7
    rows = np.flatnonzero(age < N_WEEKS)
    return owner[rows] * N_WEEKS + (N_WEEKS - 1 - age[rows]), rows


def _nobody() -> Seen:
    from recommender.datasets.studies import MATERIAL_KINDS, Materials, Runs, StudyDays, Work

    ints, floats = np.zeros(0, np.int64), np.zeros(0)
    studies = Studies(
        *(ints, ints, ints, ints, floats, floats, floats, ints, floats),
        runs=Runs(ints, ints, ints),
        days=StudyDays(ints, ints, floats, floats, floats, np.zeros((0, len(MATERIAL_KINDS)), np.float32)),
        materials=Materials(ints, ints, ints, ints, ints),
        work=Work(ints, floats, ints, ints, ints, floats),
        today_on=0,
    )
    return seen_on(studies, 0)
