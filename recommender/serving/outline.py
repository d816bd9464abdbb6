"""Where an organisation's activities stand, as this process remembers them: which kind and course, and what follows.

It only proposes. Whether something may be recommended is known by `openings`, which are read again within seconds, so
that a memory of a minute cannot show what is closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analytics.public import Organisation
from recommender import history
from recommender.serving.remembered import Remembered

REMEMBERED_SECONDS = 60
MAX_ORGANISATIONS = 8


@dataclass(frozen=True, eq=False)
class Outline:
    activity_ids: NDArray[np.int64]  # (n_activities,) ascending
    course_ids: NDArray[np.int64]  # (n_activities,), 0 for none
    following_ids: NDArray[np.int64]  # (n_activities,), 0 for none
    parent_ids: NDArray[np.int64]  # (n_activities,), 0 for none
    kinds: NDArray[np.int64]  # (n_activities,), places in `history.KINDS`

    @cached_property
    def holding_ids(self) -> frozenset[int]:
        """Courses and modules: what holds what is met, and is never recommended beside it."""
        held = [history.KINDS.index(kind) for kind in history.NOT_TARGETS]
        return frozenset(self.activity_ids[np.isin(self.kinds, held)].tolist())

    def courses_of(self, activity_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Shape (len(activity_ids),); -1 for activities that are gone."""
        return self._column(self.course_ids, activity_ids)

    def parents_of(self, activity_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """As `courses_of`."""
        return self._column(self.parent_ids, activity_ids)

    def kinds_of(self, activity_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Places in `history.KINDS`; -1 for activities that are gone."""
        return self._column(self.kinds, activity_ids)

    def course_of(self, activity_id: int) -> int:
        return int(self.courses_of(np.array([activity_id], np.int64))[0])

    def following(self, activity_ids: Sequence[int]) -> list[int]:
        """What comes next in its course after each of them that has something after it."""
        found = self._column(self.following_ids, np.array(activity_ids, np.int64))
        return [int(pk) for pk in found if pk > 0]

    def _column(self, column: NDArray[np.int64], activity_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        if not len(self.activity_ids):
            return np.full(len(activity_ids), -1)
        places = np.minimum(np.searchsorted(self.activity_ids, activity_ids), len(self.activity_ids) - 1)
        return np.where(self.activity_ids[places] == activity_ids, column[places], -1)


_known: Remembered[int, Outline] = Remembered(MAX_ORGANISATIONS)
forget = _known.forget


def outline_of(organisation: Organisation) -> Outline:
    """At most REMEMBERED_SECONDS old."""
    return _known.get(organisation.pk, REMEMBERED_SECONDS, lambda: _read(organisation))


def _read(organisation: Organisation) -> Outline:
    rows = history.outline(organisation)
    return Outline(*(rows[name].copy() for name in ("activity", "course", "following", "parent", "kind")))
