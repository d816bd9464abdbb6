"""The versions in use, loaded in this process: memory-mapped, swapped without a restart, never the cause of a 500."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from analytics.public import Activity, InvalidInput, Learner, Organisation
from recommender.algorithms.base import Algorithm
from recommender.errors import RecommenderError
from recommender.models import Version
from recommender.registry import versions
from recommender.serving.outline import Outline, outline_of
from recommender.serving.split import Split, running_experiment

logger = logging.getLogger(__name__)

MAX_SCOPES = 64
"""Scopes remembered by one process; the longest unused is forgotten first."""
MAX_STORED = 4
"""Versions that are not in use but were asked for, remembered by one process."""
RETRY_SECONDS = 60
"""After so long damaged files are tried again: somebody may have restored them."""

Scope = tuple[int, str, int | None]  # organisation, kind, course
Known = tuple[NDArray[np.int32], NDArray[np.int64] | None]  # of a history: the model's indices, and when each was


@dataclass(frozen=True)
class LiveModel:
    """A version that can be asked."""

    version: Version
    algorithm: Algorithm
    activity_ids: NDArray[np.int64]  # (n_activities,) ascending: the database id behind each index
    _of_course: dict[int, NDArray[np.int64]] = field(default_factory=dict)  # of the outline that `_by` names
    _by: list[Outline] = field(default_factory=list)

    def indices_of(self, ids: NDArray[np.int64]) -> NDArray[np.int32]:
        """The model's indices of those among `ids` that it knows, in their order."""
        return self.known_of(ids, None)[0]

    def known_of(self, ids: NDArray[np.int64], times: NDArray[np.int64] | None) -> Known:
        """As `indices_of`, and the times of those."""
        places = np.minimum(np.searchsorted(self.activity_ids, ids), len(self.activity_ids) - 1)
        is_known = self.activity_ids[places] == ids
        return places[is_known].astype(np.int32), None if times is None else times[is_known]

    def indices_in(self, course_ids: Iterable[int]) -> NDArray[np.int64]:
        """The model's indices of what the courses hold, ascending; 0 stands for what is in no course."""
        outline = outline_of(self.version.organisation)
        if not self._by or self._by[0] is not outline:
            courses = outline.courses_of(self.activity_ids)
            order = np.argsort(courses, kind="stable")
            found, starts = np.unique(courses[order], return_index=True)
            self._of_course.clear()
            self._of_course.update(zip(found.tolist(), np.split(order, starts[1:]), strict=True))
            self._by[:] = [outline]
        parts = [self._of_course[course_id] for course_id in course_ids if course_id in self._of_course]
        return np.sort(np.concatenate(parts)) if parts else np.zeros(0, np.int64)


@dataclass
class _Slot:
    """What the process knows of one scope."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    checked_at: float = -float("inf")  # monotonic seconds
    wanted_id: int | None = None
    loaded_at: float = 0.0
    model: LiveModel | None = None
    split: Split | None = None

    def answering(self, learner: Learner | None) -> LiveModel | None:
        """The version in use, or the challenger for the learners that fall to it."""
        model, split = self.model, self.split
        return split.challenger if split and model and learner is not None and split.is_for(learner) else model


_stored: dict[int, LiveModel] = {}
_stored_lock = threading.Lock()
_slots: dict[Scope, _Slot] = {}
_slots_lock = threading.Lock()


def live_model(
    organisation: Organisation, kind: str, course: Activity | None = None, learner: Learner | None = None
) -> LiveModel | None:
    """The model of exactly this scope; the one used before it where its files are damaged; None without any.

    While two versions are tried side by side, `learner` decides which of them it is.

    The database is asked once in NEURALINK_SWAP_SECONDS. One thread does that and loads; while it does, the others
    go on with the model that was in use, or wait where there was none.
    """
    slot = _slot_of((organisation.pk, kind, course.pk if course is not None else None))
    if time.monotonic() - slot.checked_at < settings.NEURALINK_SWAP_SECONDS:
        return slot.answering(learner)
    if slot.lock.acquire(blocking=slot.model is None):
        try:
            _refresh(slot, organisation, kind, course)
        finally:
            slot.lock.release()
    return slot.answering(learner)


def stored_model(version: Version) -> LiveModel:
    """Any version, in use or not; the few asked last are kept open.

    Raises:
        InvalidInput: `pointer` is `version`; its files are damaged or of another release.
    """
    with _stored_lock:
        found = _stored.pop(version.pk, None)
        if found is None:
            try:
                found = load(version)
            except RecommenderError as error:
                raise InvalidInput(str(error), "version") from error
        _stored[version.pk] = found  # now the youngest
        while len(_stored) > MAX_STORED:
            del _stored[next(iter(_stored))]
    return found


def forget() -> None:
    """Drop every model of this process, as after a restart."""
    with _slots_lock:
        _slots.clear()
    with _stored_lock:
        _stored.clear()


def _slot_of(scope: Scope) -> _Slot:
    with _slots_lock:
        slot = _slots.pop(scope, None) or _Slot()
        _slots[scope] = slot  # now the youngest
        while len(_slots) > MAX_SCOPES:
            del _slots[next(iter(_slots))]
    return slot


def split_of(organisation: Organisation, kind: str) -> Split | None:
    """Who is answered by another version than the one in use, while two are tried; as old as `live_model` knows."""
    return _slot_of((organisation.pk, kind, None)).split


def _refresh(slot: _Slot, organisation: Organisation, kind: str, course: Activity | None) -> None:
    now = time.monotonic()
    if now - slot.checked_at < settings.NEURALINK_SWAP_SECONDS:
        return  # another thread did it while this one waited
    wanted = versions.live(organisation, kind, course)
    wanted_id = wanted.pk if wanted is not None else None
    is_makeshift = wanted_id != (slot.model.version.pk if slot.model else None)
    if wanted_id != slot.wanted_id or (is_makeshift and now - slot.loaded_at > RETRY_SECONDS):
        earlier = versions.in_use_before(organisation, kind, course)
        # Each once, though it may have been in use many times.
        slot.model = _first_that_loads(dict.fromkeys([wanted, *earlier])) if wanted is not None else None
        slot.wanted_id, slot.loaded_at = wanted_id, now
    slot.split = _split(slot, organisation, kind, course)
    slot.checked_at = now


def _split(slot: _Slot, organisation: Organisation, kind: str, course: Activity | None) -> Split | None:
    """Of the experiment that runs; None where there is none, or where its challenger cannot serve."""
    experiment = running_experiment(organisation.pk, kind, course.pk if course is not None else None)
    if experiment is None:
        return None
    if slot.split is not None and slot.split.experiment_id == experiment.pk:
        return slot.split
    challenger = _first_that_loads([experiment.challenger])
    return Split(experiment.pk, experiment.salt, experiment.share, challenger) if challenger else None


def _first_that_loads(candidates: Iterable[Version]) -> LiveModel | None:
    for version in candidates:
        try:
            return load(version)
        except Exception as error:  # whatever is wrong with a version, the next one may serve
            logger.error(
                "%s of organisation %s cannot serve: %s", version, version.organisation_id, error, exc_info=True
            )
    return None


def load(version: Version) -> LiveModel:
    """Open a version's files and make them answer.

    Raises:
        RecommenderError: damaged or of another release.
    """
    algorithm, activity_ids = versions.loaded(version)
    return LiveModel(version, algorithm, activity_ids)
