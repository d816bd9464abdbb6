"""What the learners of a block may come to: the columns of its matrices, a few hundred where courses are small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.models import TargetKind
from recommender.serving.live import LiveModel
from recommender.serving.situation import Situation

WHOLE_SHARE = 0.5
"""From so much of the model on, leaving out the rest saves less than picking costs."""


@dataclass(frozen=True)
class Reach:
    """Columns in the order of the model's indices."""

    model: LiveModel
    indices: NDArray[np.int64] | None  # (n,) ascending; None: all of the model
    ids: NDArray[np.int64]  # (n,) ascending: the activities
    is_open: NDArray[np.bool_]  # (n,)
    course_ids: NDArray[np.int64]  # (n,), 0 for none

    def columns_of(self, activity_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Of those among the activities that are here, in their order."""
        if not len(self.ids):
            return np.zeros(0, np.int64)
        columns = np.minimum(np.searchsorted(self.ids, activity_ids), len(self.ids) - 1)
        found: NDArray[np.int64] = columns[self.ids[columns] == activity_ids]
        return found

    def scores(
        self, histories: Sequence[NDArray[np.int32]], times: Sequence[NDArray[np.int64]] | None = None
    ) -> NDArray[np.float32]:
        """Shape (n_histories, n)."""
        return self.model.algorithm.score(list(histories), times, self.indices)


def reach_of(
    model: LiveModel, kind: str, is_open: NDArray[np.bool_], course_ids: NDArray[np.int64], block: Sequence[Situation]
) -> Reach:
    """Of all in the block together: their courses and what is in none, or everything where nobody is bound.

    Args:
        model: whose activities they are.
        kind: what is recommended; courses are so to everybody.
        is_open: shape (n_activities of the model,).
        course_ids: the same shape, 0 for none.
        block: who is asked about.
    """
    ids = model.activity_ids
    enrolled = [one.enrolled_course_ids for one in block]
    if kind != TargetKind.COURSE and all(one is not None for one in enrolled):
        courses = {0}.union(*(one for one in enrolled if one))
        indices = np.flatnonzero(np.isin(course_ids, np.fromiter(courses, np.int64, len(courses))))
        if len(indices) < WHOLE_SHARE * len(ids):
            return Reach(model, indices, ids[indices], is_open[indices], course_ids[indices])
    return Reach(model, None, ids, is_open, course_ids)
