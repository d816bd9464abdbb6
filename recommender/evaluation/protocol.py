"""One way to measure every recommender: full ranking over the catalogue, what the learner already met left out.

Memory stays within `block_bytes` (and a few times that), whatever the number of learners.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm, Scores
from recommender.backends.local import LocalBackend
from recommender.datasets.interactions import Index, Sequences
from recommender.datasets.splits import Split
from recommender.errors import InvalidData
from recommender.evaluation import lists, metrics, segments
from recommender.evaluation.bootstrap import Comparison, compare

CUTOFFS = (10, 20)
MEASURE = "ndcg_10"
"""The one that decides which of two algorithms is better."""


@dataclass(frozen=True)
class Evaluation:
    """Figures of one algorithm on one split; comparable where `protocol_hash` is equal."""

    metrics: dict[str, float]  # ndcg_10 ... mrr auc coverage_10 ... new_ndcg_10 ...: means over the learners
    per_learner: dict[str, NDArray[np.float64]]  # ndcg_10 ... mrr auc, each of shape (n_learners,)
    segment: NDArray[np.int8]  # (n_learners,), place in `segments.SEGMENTS`
    tested: Index  # (n_learners,), which learner of the training data each is
    protocol_hash: str

    @property
    def n_learners(self) -> int:
        return len(self.tested)

    def compared_with(self, other: "Evaluation", measure: str = MEASURE) -> Comparison:
        """This one minus the other, learner by learner.

        Raises:
            InvalidData: the two were not measured by the same protocol on the same data.
        """
        if self.protocol_hash != other.protocol_hash:
            raise InvalidData(
                f"Figures of the protocols {self.protocol_hash[:12]} and {other.protocol_hash[:12]} answer different "
                "questions and cannot be compared. Measure both on one split."
            )
        return compare(self.per_learner[measure], other.per_learner[measure])


def evaluate(
    algorithm: Algorithm,
    split: Split,
    cutoffs: Sequence[int] = CUTOFFS,
    *,
    block_bytes: int = 64 * 2**20,
    check_stop: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Rank every activity for every tested learner and compare with what they did.

    Args:
        algorithm: fitted on `split.train`.
        split: the questions and the answers.
        cutoffs: lengths of list that are looked at.
        block_bytes: size of one block of answers; the next block reuses it.
        check_stop: called between blocks; may raise.

    Raises:
        InvalidData: fitted on another catalogue than the split's.
    """
    if algorithm.n_activities != split.train.n_activities:
        raise InvalidData(
            f"{algorithm.name} knows {algorithm.n_activities} activities and the split has "
            f"{split.train.n_activities}: fit it on split.train before it is measured."
        )
    ranks: list[NDArray[np.int64]] = []
    tops: list[Index] = []
    for scores, inputs, targets in _blocks(algorithm, split, block_bytes):
        check_stop()
        scores[inputs.owner, inputs.activity_index] = -np.inf
        ranks.append(ranks_of(scores, targets, block_bytes))
        tops.append(_top(scores, max(cutoffs, default=0)))
    targets, history = split.test_targets, split.test_inputs
    per_learner = metrics.measures(
        np.concatenate(ranks), targets.owner, targets.lengths, _n_candidates(history, algorithm.n_activities), cutoffs
    )
    means = {name: float(values.mean()) for name, values in per_learner.items()}
    means |= lists.measures(np.concatenate(tops), history.activity_index, history.owner, split.train, cutoffs)
    segment = segments.segment_of(history.lengths)
    means |= segments.named(per_learner, segment, tuple(f"ndcg_{cutoff}" for cutoff in cutoffs[:1]))
    return Evaluation(means, per_learner, segment, split.tested, protocol_hash(split))


def protocol_hash(split: Split) -> str:
    """SHA-256 of the data, the rule that split them, and the definition of the measures."""
    definition = f"{metrics.DEFINITION} {lists.DEFINITION} {segments.DEFINITION}"
    return hashlib.sha256(f"{split.protocol_hash} {definition}".encode()).hexdigest()


def ranks_of(scores: Scores, targets: Sequences, block_bytes: int = 64 * 2**20) -> NDArray[np.int64]:
    """Shape (total targets,): 1 + how many others are at least as strong, other targets of the learner apart.

    Whatever ties with a target is ranked before it, so a model that says the same of everything gets the worst
    rank and not a lucky one. Two targets of one learner that tie share the last places among themselves.
    """
    owner, strength = targets.owner, scores[targets.owner, targets.activity_index]
    at_least = np.empty(len(owner), np.int64)
    step = max(1, block_bytes // (5 * max(1, scores.shape[1])))
    for start in range(0, len(owner), step):
        part = slice(start, start + step)
        at_least[part] = (scores[owner[part]] >= strength[part, None]).sum(axis=1)
    # Equal targets of one learner stand side by side in this order; the one that is k-th from the end of such a
    # run gets the k-th last of the places that the run takes.
    order = np.lexsort((-strength, owner))
    is_last = np.ones(len(order), bool)
    is_last[:-1] = (np.diff(owner[order]) != 0) | (np.diff(strength[order]) != 0)
    ends = np.flatnonzero(is_last)
    from_end = ends[np.searchsorted(ends, np.arange(len(order)))] - np.arange(len(order))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = at_least[order] - from_end
    return ranks


def _blocks(algorithm: Algorithm, split: Split, block_bytes: int) -> Iterator[tuple[Scores, Sequences, Sequences]]:
    step = max(1, block_bytes // (4 * max(1, algorithm.n_activities)))
    for start in range(0, split.n_tested, step):
        inputs = split.test_inputs.slice(start, start + step)
        yield algorithm.score(inputs), inputs, split.test_targets.slice(start, start + step)


def _n_candidates(history: Sequences, n_activities: int) -> NDArray[np.int64]:
    """Shape (n_learners,): how many activities were left to rank. A history may hold an activity twice."""
    pair = np.unique(history.owner * n_activities + history.activity_index)
    return n_activities - np.bincount(pair // n_activities, minlength=len(history))


def _top(scores: Scores, n: int) -> Index:
    """The first `n` places, best first; -1 in place of what was already met."""
    top = LocalBackend().top_n(scores, n)
    return np.where(np.take_along_axis(scores, top, axis=1) > -np.inf, top, -1).astype(np.int32)
