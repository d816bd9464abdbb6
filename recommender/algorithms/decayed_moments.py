"""Second moments of exponentially decayed histories, without ever building the histories.

After event t of a list x_1 ... x_T the view with decay a is h_t = sum over k <= t of a**(t - k) at activity x_k. What a
ridge regression needs, sum h_t h_t' and sum h_t y_t', is a sum over pairs of events of one list whose weight depends
on how far apart they are and how far the end is: geometric series, summed here in closed form. The events are taken
in the order of their activity, so that every pair lands in a few neighbouring rows that stay in the processor's cache.

Cost: n_interactions x lags until a decay has faded x n_views**2, instead of x n_activities**2 for the dense product.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from recommender.backends.base import Dense
from recommender.datasets.interactions import Index, Sequences

FADED = 1e-4  # a decay this small counts as nothing
_BLOCK_PAIRS = 4 * 2**20


@dataclass(frozen=True)
class _PairSum:
    """Over pairs of events k before l of one list: `kernel[l - k - 1] * weight[l]`, at (activity l, activity k)."""

    kernel: Dense  # (n_lags,), of lag 1, 2 ...
    weight: Dense  # (n_events,), of the later event
    total: Dense  # (n_activities, n_activities), added to


def moments(
    sequences: Sequences,
    n_activities: int,
    decays: Sequence[float],
    target_decay: float,
    after_block: Callable[[float], None] = lambda share: None,
    weight: Dense | None = None,
) -> tuple[Dense, Dense]:
    """Gram matrix of the views, and their products with what comes next, over all steps that have a next one.

    Args:
        sequences: the lists.
        n_activities: in the catalogue.
        decays: of each view, what a step multiplies its memory with, 0 < decay < 1.
        target_decay: the next event counts 1, the one after it this, and so on; 0 looks at the next one alone.
        after_block: told the share done; may raise.
        weight: shape (n_events,), how much it counts to be right about an event; 1 where not given.

    Returns:
        (n_views x n_activities, the same) and (n_activities, n_views x n_activities): row is what comes next.
    """
    n, n_views = n_activities, len(decays)
    gram, cross = _Gram(sequences, n, decays, weight), np.zeros((n, n_views, n), np.float32)
    sums = gram.later_steps()
    for view, decay in enumerate(decays):
        kernel = _until_next(decay, target_decay, _lags(max(decay, target_decay), sequences))
        sums.append(_PairSum(kernel, gram.counts, cross[:, view]))
    _add_pairs(sequences, sums, after_block)
    return gram.finished(), cross.reshape(n, -1)


def first_moments(
    sequences: Sequences, n_activities: int, decays: Sequence[float], target_decay: float, weight: Dense
) -> tuple[Dense, Dense, float]:
    """Sums over the steps of `moments`: of the views (n_views x n_activities,), of what comes next, and of 1."""
    gram = _Gram(sequences, n_activities, decays, weight, np.zeros((0, 0, 0, 0), np.float32))
    flat = sequences.activity_index
    seen = [np.bincount(flat, gram.until_end(decay), n_activities) for decay in decays]
    place = np.arange(len(flat)) - np.repeat(sequences.offsets[:-1], sequences.lengths)
    # The steps before event l see it from ever further away.
    asked = weight * ((1.0 - target_decay**place) / (1.0 - target_decay))
    total = float(weight[place > 0].sum(dtype=np.float64))
    next_ones = np.bincount(flat, asked, n_activities)
    return np.concatenate(seen).astype(np.float32), next_ones.astype(np.float32), total


def moments_around(
    sequences: Sequences,
    n_activities: int,
    decays: Sequence[float],
    after_block: Callable[[float], None] = lambda share: None,
    weight: Dense | None = None,
) -> tuple[Dense, Dense]:
    """The same where every event is asked for, from those on both sides of it: the nearest count 1, then decay.

    Arguments and shapes are those of `moments`, but all events of a list have one weight; row of the second is the
    event that was left out.
    """
    n, n_views = n_activities, len(decays)
    gram, cross = _Gram(sequences, n, decays, weight), np.zeros((n, n_views, n), np.float32)
    # The event asked for lies after both, before both (the same on lists turned round), or between the two.
    sums = gram.later_steps() + gram.steps_between()
    for view, decay in enumerate(decays):
        lag = _lags(decay, sequences)
        sums.append(_PairSum((decay ** (lag - 1.0)).astype(np.float32), gram.counts, cross[:, view]))
    _add_pairs(sequences, sums, lambda share: after_block(0.6 * share))
    for view in range(n_views):
        cross[:, view] += cross[:, view].T.copy()
    turned = gram.turned()
    _add_pairs(turned.sequences, turned.later_steps(), lambda share: after_block(0.6 + 0.4 * share))
    turned.add_diagonal()
    return gram.finished(), cross.reshape(n, -1)


class _Gram:
    """What is added up: `total` has the shape (n_views, n_activities, n_views, n_activities)."""

    def __init__(
        self,
        sequences: Sequences,
        n: int,
        decays: Sequence[float],
        weight: Dense | None,
        total: Dense | None = None,
    ) -> None:
        self.sequences, self.decays = sequences, decays
        self.total = np.zeros((len(decays), n, len(decays), n), np.float32) if total is None else total
        n_events = len(sequences.activity_index)
        self.counts: Dense = np.ones(n_events, np.float32) if weight is None else weight.astype(np.float32)
        left = np.repeat(sequences.offsets[1:], sequences.lengths) - 1 - np.arange(n_events)
        order = np.argsort(left, kind="stable")
        # Events by how many follow them, the last ones of the lists aside.
        self.by_left = np.split(order, np.cumsum(np.bincount(left))[:-1])[1:] if n_events else []

    def turned(self) -> "_Gram":
        """The last first; adds to the same total."""
        lists = self.sequences
        place = np.arange(len(self.counts)) - np.repeat(lists.offsets[:-1], lists.lengths)
        last_first = np.repeat(lists.offsets[1:], lists.lengths) - 1 - place
        backwards = Sequences(lists.offsets, lists.activity_index[last_first])
        return _Gram(backwards, self.total.shape[1], self.decays, self.counts[last_first], self.total)

    def later_steps(self) -> list["_PairSum"]:
        """Both events lie before the step."""
        sums = []
        for older, decay in enumerate(self.decays):
            kernel = (decay ** _lags(decay, self.sequences)).astype(np.float32)
            for newer, other in enumerate(self.decays):
                weight = self.until_end(decay * other)
                sums.append(_PairSum(kernel, weight, self.total[newer, :, older]))
        return sums

    def steps_between(self) -> list["_PairSum"]:
        """One event lies before the step and one after it."""
        sums = []
        for older, decay in enumerate(self.decays):
            for newer, other in enumerate(self.decays):
                kernel = _until_next(decay, other, _lags(max(decay, other), self.sequences) - 1.0)
                sums.append(_PairSum(kernel, self.counts, self.total[newer, :, older]))
        return sums

    def until_end(self, decay: float) -> Dense:
        """Sum of weight[t + 1] decay**(t - l) over the steps t from event l to the last but one of its list."""
        found = np.zeros(len(self.counts))
        for events in self.by_left:
            found[events] = self.counts[events + 1] + decay * found[events + 1]
        return found.astype(np.float32)

    def add_diagonal(self) -> None:
        """An event with itself, halved because `finished` mirrors it."""
        n = self.total.shape[1]
        diagonal = np.arange(n)
        for one, decay in enumerate(self.decays):
            for other, second in enumerate(self.decays):
                weight = self.until_end(decay * second)
                self.total[one, diagonal, other, diagonal] += np.bincount(self.sequences.activity_index, weight, n) / 2

    def finished(self) -> Dense:
        self.add_diagonal()
        _mirror(self.total)
        size = len(self.decays) * self.total.shape[1]
        return self.total.reshape(size, size)


def _lags(decay: float, sequences: Sequences) -> NDArray[np.float64]:
    """1, 2 ... until the decay has faded, or no list is longer."""
    faded = int(np.ceil(np.log(FADED) / np.log(decay)))
    return np.arange(1.0, max(1, min(faded, int(sequences.lengths.max()) - 1)) + 1)


def _until_next(decay: float, target_decay: float, lag: NDArray[np.float64]) -> Dense:
    """Sum of decay**(t - k) target_decay**(l - 1 - t) over the steps t from event k to the one before event l."""
    if np.isclose(decay, target_decay):
        found = lag * decay ** (lag - 1.0)
    else:
        found = (decay**lag - target_decay**lag) / (decay - target_decay)
    return found.astype(np.float32)


def _mirror(gram: Dense) -> None:
    """Add the pairs in which the other view holds the newer event: `gram += gram.T`, block by block."""
    n_views = gram.shape[0]
    for one in range(n_views):
        for other in range(one, n_views):
            upper, lower = gram[one, :, other], gram[other, :, one]
            both = upper + lower.T
            upper[:] = both
            lower[:] = both.T


def _add_pairs(sequences: Sequences, sums: Sequence[_PairSum], after_block: Callable[[float], None]) -> None:
    n_lags = max(len(one.kernel) for one in sums)
    flat = sequences.activity_index
    place = np.arange(len(flat)) - np.repeat(sequences.offsets[:-1], sequences.lengths)  # in its own list
    # Row p is what came before event p, nearest last; what lies in another list is weighted with 0 below.
    before = sliding_window_view(np.concatenate((np.zeros(n_lags, np.int32), flat)), n_lags)
    order = np.argsort(flat, kind="stable")
    step = max(1, _BLOCK_PAIRS // n_lags)
    for start in range(0, len(order), step):
        after_block(start / len(order))
        events = order[start : start + step]
        windows, later, known = before[events], flat[events], place[events]
        for one in sums:
            _add_block(one, later, windows[:, n_lags - len(one.kernel) :], known, one.weight[events])


def _add_block(one: _PairSum, later: Index, windows: Index, known: NDArray[np.int64], weight: Dense) -> None:
    n_lags = len(one.kernel)
    values = one.kernel[::-1] * weight[:, None]
    values[np.arange(n_lags, 0, -1) > known[:, None]] = 0.0
    first, last = int(later[0]), int(later[-1])
    offsets = np.searchsorted(later, np.arange(first, last + 2)) * n_lags
    shape = (last + 1 - first, one.total.shape[1])
    # A compressed matrix with repeated entries: making it dense adds them up.
    block = scipy.sparse.csr_matrix((values.ravel(), windows.ravel(), offsets), shape=shape)
    one.total[first : last + 1] += block.toarray()
