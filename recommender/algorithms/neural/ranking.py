"""How well a network in training ranks what learners did next."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.neural.windows import HeldOut
from recommender.datasets.interactions import Sequences

_CUTOFF = 10
_BLOCK = 256


def validation_ndcg(scores_of: Callable[[Sequences], NDArray[np.float32]], held_out: HeldOut) -> float | None:
    """NDCG at 10 with one right answer, ranked among all activities not in the history; ties against the network.

    None where nobody is held out.
    """
    if not held_out.histories:
        return None
    total = 0.0
    for start in range(0, len(held_out.histories), _BLOCK):
        histories = held_out.histories.slice(start, start + _BLOCK)
        right = held_out.next_index[start : start + _BLOCK]
        scores = scores_of(histories)
        strength = scores[np.arange(len(histories)), right].copy()
        for row, history in enumerate(histories):
            scores[row, history] = -np.inf
        ranks = (scores >= strength[:, None]).sum(axis=1)
        ranks[~np.isfinite(strength)] = scores.shape[1]  # a network that diverged must not count as right
        total += float(np.where(ranks <= _CUTOFF, 1 / np.log2(1.0 + ranks), 0.0).sum())
    return total / len(held_out.histories)
