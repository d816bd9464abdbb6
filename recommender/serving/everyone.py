"""Lists of many learners: the same stages as one question, on matrices of a block of learners at a time.

Scores are one product of matrices; rules, boosts and variety work on whole rows. Whoever that does not answer fully (no
history that the model knows, or less open than the list is long) is asked about alone, so that the fallbacks are those
of a single question. iALS solves histories of nearly one length together, so its strengths differ a little from
those of a single question. Memory: some 20 bytes x BLOCK_NUMBERS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import scipy.sparse
from django.utils import timezone
from numpy.typing import NDArray

from analytics.public import Learner, Organisation
from recommender.datasets.interactions import offsets_of
from recommender.history import Meeting, recent_meetings_of
from recommender.models import TargetKind
from recommender.serving import list_rules
from recommender.serving.candidates import FIRST_LOOK, Source, extras
from recommender.serving.choose import chosen_for
from recommender.serving.list_rules import Known
from recommender.serving.live import LiveModel, live_model, split_of
from recommender.serving.openings import Openings, admitted_by, openings_of
from recommender.serving.outline import Outline, outline_of
from recommender.serving.personal import Personal, personal_of_each
from recommender.serving.reach import Reach, reach_of
from recommender.serving.scoring import lowering
from recommender.serving.situation import Situation, met_of
from recommender.serving.split import Split
from recommender.serving.variety import varied

BLOCK_NUMBERS = 8 * 2**20
MAX_BLOCK = 512
_PINNED = 2.0  # above every strength, until the list is in order


@dataclass(frozen=True)
class Listed:
    """One learner's list, best first."""

    situation: Situation
    ids: list[int]
    strengths: list[float]
    sources: list[str]
    model: LiveModel | None
    fallback: str | None = None


@dataclass(frozen=True)
class Frame:
    """What all learners share: the model, what is open now, and what needs something else first."""

    organisation: Organisation
    kind: str
    limit: int
    now: datetime
    known: list[Known]
    model: LiveModel | None
    split: Split | None  # those for whom another version is tried are asked about alone
    outline: Outline
    openings: Openings
    is_open: NDArray[np.bool_]  # (n_activities of the model,)
    course_ids: NDArray[np.int64]  # (n_activities of the model,), 0 for none


def frame_of(
    organisation: Organisation, *, kind: str = TargetKind.ANY, limit: int, known: list[Known] | None = None
) -> Frame:
    """No query in a warm process; `known` stands for the list rules in force, where others are to be tried."""
    model, outline = live_model(organisation, kind), outline_of(organisation)
    openings = openings_of(organisation, kind)
    model_ids = model.activity_ids if model else np.zeros(0, np.int64)
    return Frame(
        organisation=organisation,
        kind=kind,
        limit=limit,
        now=timezone.now(),
        known=list_rules.rules_of(organisation) if known is None else known,
        model=model,
        split=split_of(organisation, kind),
        outline=outline,
        openings=openings,
        is_open=np.isin(model_ids, openings.activity_ids),
        course_ids=outline.courses_of(model_ids),
    )


def lists_of(
    frame: Frame, learner_ids: Sequence[int], check: Callable[[int], None] = lambda n_done: None
) -> Iterator[Listed]:
    """Everybody's list, in the order of the ids; `check` is told after each block how many were done, and may raise."""
    for start in range(0, len(learner_ids), MAX_BLOCK):
        block = learner_ids[start : start + MAX_BLOCK]
        yield from block_lists(frame, situations_of(frame, block))
        check(start + len(block))


def situations_of(frame: Frame, learner_ids: Sequence[int]) -> list[Situation]:
    """Two queries."""
    met = recent_meetings_of(frame.organisation, learner_ids, kind=frame.kind)
    personal = personal_of_each(frame.organisation, learner_ids)
    now = frame.organisation.now()
    return [
        _situation(frame, pk, met_of(frame.outline, met.get(pk, ()), frame.kind), personal.get(pk, Personal()), now)
        for pk in learner_ids
    ]


def with_rules(frame: Frame, situations: Sequence[Situation]) -> list[Situation]:
    """The same learners under the list rules of another frame."""
    return [
        _situation(frame, one.learner.pk, one.met, one.personal, one.now)
        for one in situations
        if one.learner is not None
    ]


def _situation(frame: Frame, learner_id: int, met: dict[int, Meeting], personal: Personal, now: datetime) -> Situation:
    learner = Learner(pk=learner_id, organisation=frame.organisation)
    effects = list_rules.combined(frame.known, learner_id, personal.enrolments, frame.now)
    return Situation(frame.organisation, learner, frame.kind, None, now, met, personal, effects, frozenset())


def block_lists(frame: Frame, situations: Sequence[Situation]) -> list[Listed]:
    """The lists of one block. The fewer courses its learners have together, the less there is to score."""
    by_model: dict[int, Listed] = {}
    if frame.model is not None:
        reach = reach_of(frame.model, frame.kind, frame.is_open, frame.course_ids, situations)
        step = max(1, BLOCK_NUMBERS // max(1, len(reach.ids)))
        for start in range(0, len(situations), step):
            found = _by_model(frame, reach, situations[start : start + step])
            by_model |= {start + place: one for place, one in found.items()}
    return [by_model.get(place) or _alone(frame, one) for place, one in enumerate(situations)]


def _is_split_off(frame: Frame, situation: Situation) -> bool:
    return frame.split is not None and situation.learner is not None and frame.split.is_for(situation.learner)


def _alone(frame: Frame, situation: Situation) -> Listed:
    chosen = chosen_for(situation, frame.limit)
    found = chosen.candidates
    return Listed(
        situation,
        [one.activity_id for one in found],
        [one.strength for one in found],
        [one.source for one in found],
        chosen.model,
        chosen.fallback,
    )


def _by_model(frame: Frame, reach: Reach, situations: Sequence[Situation]) -> dict[int, Listed]:
    """By place: those whose list the model fills."""
    model = reach.model
    asked = [
        place
        for place, one in enumerate(situations)
        if len(model.indices_of(one.history)) and not _is_split_off(frame, one)
    ]
    if not asked or not len(reach.ids):
        return {}
    those = [situations[place] for place in asked]
    strengths = _strengths(frame, reach, those)
    n_looked = min(FIRST_LOOK * frame.limit, strengths.shape[1])
    top = np.argpartition(-strengths, n_looked - 1, axis=1)[:, :n_looked]
    top.sort(axis=1)
    ids, values = reach.ids[top], np.take_along_axis(strengths, top, axis=1)
    courses = reach.course_ids[top]
    more = [extras(one, frame.outline, model) for one in those]
    merged = _Merged.of(frame, those, more, ids, values, courses)
    order = varied(merged.courses, merged.strengths, frame.limit)
    rows = [np.take_along_axis(one, order, axis=1) for one in (merged.ids, merged.strengths, merged.sources)]
    found = {}
    for place, one, row in zip(asked, those, zip(*rows, strict=True), strict=True):
        row_ids, row_strengths, row_sources = row
        if len(row_ids) == frame.limit and row_strengths[-1] > 0 and 0 in row_sources:
            names = [_NAMES[code] for code in row_sources.tolist()]
            kept = np.minimum(row_strengths, 1.0).tolist()
            found[place] = Listed(one, row_ids.tolist(), kept, names, model)
    return found


_NAMES: tuple[Source, ...] = ("model", "pinned", "continue", "next_in_sequence")


@dataclass(frozen=True)
class _Merged:
    """Shape (n, n_extras + n_looked) each, strongest first; extras before what is as strong."""

    ids: NDArray[np.int64]
    strengths: NDArray[np.floating]
    courses: NDArray[np.int64]
    sources: NDArray[np.int8]  # places in _NAMES

    @classmethod
    def of(
        cls,
        frame: Frame,
        situations: Sequence[Situation],
        more: Sequence[dict[int, tuple[float, Source]]],
        ids: NDArray[np.int64],
        strengths: NDArray[np.float32],
        courses: NDArray[np.int64],
    ) -> _Merged:
        width = max(len(one) for one in more)
        n = len(situations)
        extra_ids, extra_courses = np.zeros((n, width), np.int64), np.zeros((n, width), np.int64)
        extra_strengths, extra_sources = np.full((n, width), -1.0), np.zeros((n, width), np.int8)
        strengths = strengths.copy()
        for row, (situation, others) in enumerate(zip(situations, more, strict=True)):
            admitted = admitted_by(frame.openings, frame.outline, situation, others)
            for column, (pk, (strength, source)) in enumerate(others.items()):
                if pk not in admitted:
                    continue
                is_pinned = source == "pinned"
                extra_ids[row, column] = pk
                extra_strengths[row, column] = _PINNED - column * 1e-6 if is_pinned else strength
                extra_courses[row, column] = 0 if is_pinned else frame.outline.course_of(pk)
                extra_sources[row, column] = _NAMES.index(source)
                strengths[row, ids[row] == pk] = -1
        columns = (
            np.concatenate((extra_ids, ids), axis=1),
            np.concatenate((extra_strengths, strengths), axis=1),
            np.concatenate((extra_courses, courses), axis=1),
            np.concatenate((extra_sources, np.zeros(ids.shape, np.int8)), axis=1),
        )
        order = np.argsort(-columns[1], axis=1, kind="stable")
        return cls(*(np.take_along_axis(column, order, axis=1) for column in columns))


def _strengths(frame: Frame, reach: Reach, situations: Sequence[Situation]) -> NDArray[np.float32]:
    """A column for each of the reach: 0..1 after boosts, -1 for what may not be recommended."""
    known = [reach.model.known_of(one.history, one.times) for one in situations]
    times = [when for _history, when in known if when is not None]  # of all of them, or of none
    scores = reach.scores([history for history, _when in known], times or None)
    in_reach = _in_reach(frame, reach, situations)
    lowest = np.min(scores, axis=1, where=in_reach, initial=np.inf, keepdims=True)
    highest = np.max(scores, axis=1, where=in_reach, initial=-np.inf, keepdims=True)
    scores -= lowest
    scores /= np.where(highest > lowest, highest - lowest, np.float32(1))
    for row, one in enumerate(situations):
        _adjust(scores[row], in_reach[row], reach, one)
    admitted = in_reach & reach.is_open
    _leave_out(admitted, frame, reach, situations)
    scores[~admitted] = -1
    return scores


def _in_reach(frame: Frame, reach: Reach, situations: Sequence[Situation]) -> NDArray[np.bool_]:
    """What is in the learner's courses or outside of all, a row for each."""
    if frame.kind == TargetKind.COURSE or not any(one.personal.is_bound for one in situations):
        return np.ones((len(situations), len(reach.ids)), bool)
    courses, code = np.unique(reach.course_ids, return_inverse=True)
    may = np.zeros((len(situations), len(courses)), bool)
    for row, one in enumerate(situations):
        enrolled = one.enrolled_course_ids
        may[row] = True if enrolled is None else np.isin(courses, [0, *enrolled])
    return may[:, code]


def _adjust(strengths: NDArray[np.float32], in_reach: NDArray[np.bool_], reach: Reach, one: Situation) -> None:
    """Lower and boost one row in place."""
    disliked = reach.model.indices_of(np.array(one.personal.disliked_ids, np.int64))
    if len(disliked):
        likeness = reach.scores([each[None] for each in disliked])
        strengths[in_reach] *= lowering(likeness[:, in_reach])
    for ids, factor in one.effects.boosts:
        strengths[reach.columns_of(ids)] *= factor
    if one.effects.boosts:
        strengths /= max(1.0, float(strengths[in_reach].max(initial=0.0)))


def _leave_out(admitted: NDArray[np.bool_], frame: Frame, reach: Reach, situations: Sequence[Situation]) -> None:
    """What each has met, refused or seen too often, what is blocked for them, and what needs something else first."""
    for row, one in enumerate(situations):
        admitted[row, reach.columns_of(one.history)] = False
        personal = one.personal
        unwanted = personal.refused_ids | personal.worn_out_ids
        if frame.kind == TargetKind.COURSE:
            unwanted = unwanted | personal.ever_enrolled_ids
        if unwanted:
            admitted[row, reach.columns_of(np.array(sorted(unwanted), np.int64))] = False
        if one.effects.is_blocking:
            admitted[row] &= ~one.effects.blocks_of(frame.outline, reach.ids)
    _need_first(admitted, frame, reach, situations)


def _need_first(admitted: NDArray[np.bool_], frame: Frame, reach: Reach, situations: Sequence[Situation]) -> None:
    limited = [pk for pk in frame.openings.needs if len(reach.columns_of(np.array([pk], np.int64)))]
    if not limited:
        return
    needed_ids = np.unique([needed for pk in limited for needed in frame.openings.needs[pk]])
    place = {int(pk): column for column, pk in enumerate(needed_ids)}
    wanted = [[place[needed] for needed in frame.openings.needs[pk]] for pk in limited]
    offsets = offsets_of(np.array([len(one) for one in wanted]))
    columns = np.array([one for each in wanted for one in each])
    ones = np.ones(len(columns), np.float32)
    needs = scipy.sparse.csr_matrix((ones, columns, offsets), shape=(len(limited), len(needed_ids)))
    met = np.stack([np.isin(needed_ids, one.history) for one in situations]).astype(np.float32)
    lacking = np.diff(offsets) > (needs @ met.T).T
    admitted[:, reach.columns_of(np.array(limited, np.int64))] &= ~lacking


def trying(frame: Frame, known: list[Known]) -> Frame:
    """The frame under other list rules."""
    return replace(frame, known=known)
