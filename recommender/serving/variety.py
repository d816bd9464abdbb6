"""Diversity: no course fills the list while others have nearly as much to say."""

from __future__ import annotations

import numpy as np
from django.conf import settings
from numpy.typing import NDArray


def varied(course_ids: NDArray[np.int64], strengths: NDArray[np.floating], limit: int) -> NDArray[np.int64]:
    """The places of the first `limit` of each row, when a course loses strength with each part of it in the list.

    The k-th part of one course keeps 1 - weight x k / limit of its strength (k from 0; weight by the setting
    NEURALINK_VARIETY_PERCENT): a penalty that grows with what is alike, as in maximal marginal relevance (Carbonell &
    Goldstein, SIGIR 1998), with the course for the likeness. What is much stronger than anything else stays.

    Args:
        course_ids: shape (n_lists, n_candidates), strongest first; 0 for none, which is like nothing else.
        strengths: the same shape, 0..1; less than 0 where there is no candidate.
        limit: length of a list.

    Returns:
        shape (n_lists, min(limit, n_candidates)): columns of `course_ids`.
    """
    is_alike = course_ids[:, :, None] == course_ids[:, None, :]  # (n_lists, n_candidates, n_candidates)
    is_earlier = np.tri(course_ids.shape[1], k=-1, dtype=bool)
    earlier = (is_alike & is_earlier).sum(axis=2)
    lost = settings.NEURALINK_VARIETY_PERCENT / 100 * np.minimum(1.0, earlier / limit)
    kept = np.where((course_ids > 0) & (strengths > 0), strengths * (1 - lost), strengths)
    found: NDArray[np.int64] = np.argsort(-kept, axis=1, kind="stable")[:, :limit]
    return found
