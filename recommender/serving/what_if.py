"""What if: the risk of one enrolment, had something been otherwise. Reads, predicts, stores nothing.

The answer is a comparison inside the model and no promise: who hands in differs from who does not in more than that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.public import Enrolment, InvalidInput
from recommender.datasets.studies import Floats, Ints, Materials, Studies, StudyDays, Work
from recommender.outcomes.examples import examples_on
from recommender.outcomes.features import USUAL_SHARE, due, peers_share
from recommender.outcomes.seen import seen_on
from recommender.serving.predict import has_begun
from recommender.serving.predictor import LivePredictor, live_predictor
from recommender.study_history import studies

WINDOW_DAYS = 14
"""Activity is changed in the last so many days: what the recent weeks are judged by."""


@dataclass(frozen=True)
class Changes:
    """What is supposed; nothing where all are left out."""

    hands_in_next: bool = False  # the next assessment: as if it were due today, and peers did as with the last one
    hands_in_missing: bool = False  # whatever is due and was not handed in
    active_days_a_week: int | None = None  # 0 to 7, in the last two weeks
    result_share: float | None = None  # 0 to 1, of what is supposed to be handed in; else the learner's usual

    def __post_init__(self) -> None:
        if self.active_days_a_week is not None and not 0 <= self.active_days_a_week <= 7:
            raise InvalidInput(
                f"active_days_a_week must be from 0 to 7; got {self.active_days_a_week}.", "active_days_a_week"
            )
        if self.result_share is not None and not 0 <= self.result_share <= 1:
            raise InvalidInput(f"result_share must be from 0 to 1; got {self.result_share}.", "result_share")


@dataclass(frozen=True)
class Supposed:
    """Risks of not finishing, 0 to 1; None where there is not enough data yet or no version is in use."""

    now: float | None
    then: float | None

    @property
    def is_known(self) -> bool:
        return self.now is not None

    @property
    def is_no_help(self) -> bool:
        """Higher than now: to be said in words, or it would read as advice against it."""
        return self.now is not None and self.then is not None and self.then > self.now


NOT_KNOWN = Supposed(None, None)


def what_if(enrolment: Enrolment, changes: Changes) -> Supposed:
    """The risk as it is and as it would be. One course is read: about 0.1 s for a thousand learners.

    Raises:
        InvalidInput: a change out of its range.
        RecommenderError: the version in use cannot answer; the message says why.
    """
    live = live_predictor(enrolment.organisation)
    if live is None:
        return NOT_KNOWN
    data = studies(enrolment.organisation, only_course_id=enrolment.course_id)
    found = np.flatnonzero(data.enrolment_ids == enrolment.pk)
    if not len(found):
        return NOT_KNOWN
    owner = int(found[0])
    day = int(data.today_on - data.first_on[owner])
    if not has_begun(data)[owner] or data.start_day[owner] > day or data.end_day[owner] <= day:
        return NOT_KNOWN
    return _answer(data, live, owner, day, changes)


def _answer(data: Studies, live: LivePredictor, owner: int, day: int, changes: Changes) -> Supposed:
    with_weeks = live.predictor.uses_weeks
    peers = examples_on(data, day, only=data.run == data.run[owner], with_weeks=with_weeks)
    place = np.flatnonzero(peers.owner == owner)
    shift = live.predictor.shift_of(peers)[place]
    changed = supposed(data, owner, day, changes)
    alone = np.arange(len(data)) == owner
    then = live.predictor.risk_at(examples_on(changed, day, only=alone, with_weeks=with_weeks), shift)
    return Supposed(float(live.predictor.risk_at(peers.where(place), shift)[0]), float(then[0]))


def supposed(data: Studies, owner: int, day: int, changes: Changes) -> Studies:
    """The studies as they would be."""
    if changes.hands_in_next:
        data = _with_next(data, owner, day, changes.result_share)
    if changes.hands_in_missing:
        data = _with_missing(data, owner, day, changes.result_share)
    if changes.active_days_a_week is not None:
        data = replace(data, days=_with_active_days(data, owner, day, changes.active_days_a_week))
        if not changes.active_days_a_week:
            data = replace(data, materials=_without_recent(data.materials, owner, day))
    return data


def _with_missing(data: Studies, owner: int, day: int, result_share: float | None) -> Studies:
    seen = seen_on(data, day)
    usual = due(seen) & (peers_share(seen) >= USUAL_SHARE) & (seen.work.run == data.run[owner])
    missing = np.setdiff1d(np.flatnonzero(usual), data.work.work[data.work.owner == owner])
    own = _result(data, owner, result_share)
    return replace(data, work=_handed_in(data.work, np.full(len(missing), owner), missing, day, own))


def _with_next(data: Studies, owner: int, day: int, result_share: float | None) -> Studies:
    """The next assessment is due today, and whoever handed in the last usual one hands it in with the same result."""
    work = data.work
    own_run = work.run == data.run[owner]
    mine = work.work[work.owner == owner]
    ahead = np.setdiff1d(np.flatnonzero(own_run & ~(work.due_day <= day)), mine)
    if not len(ahead):
        return data
    coming = int(ahead[np.argmin(np.nan_to_num(work.due_day[ahead], nan=np.inf))])
    seen = seen_on(data, day)
    past = np.flatnonzero(own_run & due(seen) & (peers_share(seen) >= USUAL_SHARE))
    due_day = work.due_day.copy()
    due_day[coming] = day
    work = replace(work, due_day=due_day)
    if len(past):
        last = past[np.argmax(np.nan_to_num(work.due_day[past], nan=-np.inf))]
        did = (work.work == last) & (work.day <= day) & (work.owner != owner)
        did &= ~np.isin(work.owner, work.owner[work.work == coming])
        work = _handed_in(work, work.owner[did], np.full(did.sum(), coming), day, work.result[did])
    own = _result(data, owner, result_share)
    return replace(data, work=_handed_in(work, np.array([owner]), np.array([coming]), day, own))


def _result(data: Studies, owner: int, result_share: float | None) -> Floats:
    """What is supposed, or the learner's mean so far, or the peers' where there is none."""
    if result_share is not None:
        return np.array([result_share])
    own = data.work.result[(data.work.owner == owner) & np.isfinite(data.work.result)]
    others = data.work.result[np.isfinite(data.work.result)]
    return np.array([own.mean() if len(own) else others.mean() if len(others) else np.nan])


def _handed_in(work: Work, owners: Ints, which: Ints, day: int, result: Floats) -> Work:
    """With more rows, in their order."""
    owner = np.concatenate([work.owner, owners])
    days = np.concatenate([work.day, np.full(len(owners), day)])
    order = np.lexsort((days, owner))
    return Work(
        work.run,
        work.due_day,
        owner[order],
        np.concatenate([work.work, which])[order],
        days[order],
        np.concatenate([work.result, np.broadcast_to(result, len(owners))])[order],
    )


def _with_active_days(data: Studies, owner: int, day: int, active_days_a_week: int) -> StudyDays:
    """The last two weeks anew: so many days a week, each as full as the learner's usual day, or as the peers'.

    Which materials would have been opened for the first time is not made up: those that were stay.
    """
    days = data.days
    kept = ~((days.owner == owner) & (days.day > day - WINDOW_DAYS) & (days.day <= day))
    own = days.owner == owner
    usual = own if own.any() else data.run[days.owner] == data.run[owner]
    weeks = np.array([0, 7])[:, None]
    # The latest of each week: 3 days a week are today, two and four days ago.
    ago = np.floor(np.arange(active_days_a_week) * 7 / max(active_days_a_week, 1))[None, :]
    new = (day - (weeks + ago)).ravel().astype(np.int64)
    columns = {
        name: np.concatenate([getattr(days, name)[kept], np.repeat(_median(getattr(days, name)[usual]), len(new), 0)])
        for name in ("n_events", "amount", "n_materials", "n_by_kind")
    }
    owners, dates = np.concatenate([days.owner[kept], np.full(len(new), owner)]), np.concatenate([days.day[kept], new])
    order = np.lexsort((dates, owners))
    return StudyDays(owners[order], dates[order], *(columns[name][order] for name in columns))


def _without_recent(materials: Materials, owner: int, day: int) -> Materials:
    """The learner was not there in the last two weeks, and opened nothing then."""
    kept = (materials.owner != owner) | (materials.day <= day - WINDOW_DAYS)
    return replace(materials, owner=materials.owner[kept], material=materials.material[kept], day=materials.day[kept])


def _median(values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """(1, ...) of the rows; ones where there are none."""
    return np.median(values, axis=0, keepdims=True) if len(values) else np.ones((1, *values.shape[1:]))
