import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recommender.evaluation import metrics

# Two learners: the first has targets at ranks 1 and 4, the second at rank 3 only.
RANKS, LEARNER, N_TARGETS = np.array([1, 4, 3]), np.array([0, 0, 1]), np.array([2, 1])


def test_ndcg_by_hand() -> None:
    best = 1 / np.log2(2) + 1 / np.log2(3)
    first = (1 / np.log2(2) + 1 / np.log2(5)) / best
    assert metrics.ndcg(RANKS, LEARNER, N_TARGETS, 5) == pytest.approx([first, 1 / np.log2(4)])
    assert metrics.ndcg(RANKS, LEARNER, N_TARGETS, 3) == pytest.approx([1 / best, 0.5])
    assert metrics.ndcg(RANKS, LEARNER, N_TARGETS, 1) == pytest.approx([1, 0])


def test_hits_recall_and_reciprocal_rank_by_hand() -> None:
    assert metrics.hit_rate(RANKS, LEARNER, N_TARGETS, 2).tolist() == [1, 0]
    assert metrics.recall(RANKS, LEARNER, N_TARGETS, 3).tolist() == [0.5, 1]
    assert metrics.reciprocal_rank(RANKS, LEARNER, N_TARGETS).tolist() == [1, pytest.approx(1 / 3)]


def test_precision_and_average_precision_by_hand() -> None:
    assert metrics.precision(RANKS, LEARNER, N_TARGETS, 4).tolist() == [0.5, 0.25]
    # The first learner's targets are found at 1 (precision 1 of 1) and 4 (2 of 4); the second's at 3 (1 of 3).
    assert metrics.average_precision(RANKS, LEARNER, N_TARGETS, 4) == pytest.approx([(1 + 2 / 4) / 2, 1 / 3])
    assert metrics.average_precision(RANKS, LEARNER, N_TARGETS, 1) == pytest.approx([1, 0])


def test_auc_by_hand() -> None:
    # Of 3 others, none stands before the first target and 2 before the second: 1 - 2 / (2 * 3). Of 4, 2: 1 - 2 / 4.
    assert metrics.auc(RANKS, LEARNER, N_TARGETS, np.array([5, 5])) == pytest.approx([2 / 3, 0.5])
    assert metrics.auc(np.array([1]), np.array([0]), np.array([1]), np.array([1])).tolist() == [1]


@given(st.data())
def test_auc_is_the_share_of_pairs_in_order(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 12))
    is_target = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    assume(0 < is_target.sum() < n)
    ranks = np.flatnonzero(is_target) + 1
    others = np.flatnonzero(~is_target) + 1
    pairs = (ranks[:, None] < others[None, :]).mean()
    shuffled = np.array(data.draw(st.permutations(ranks.tolist())))
    found = metrics.auc(shuffled, np.zeros(len(ranks), int), np.array([len(ranks)]), np.array([n]))
    assert found == pytest.approx([pairs])


def test_a_perfect_ranking_gets_one_everywhere() -> None:
    found = metrics.measures(np.array([2, 1, 1]), LEARNER, N_TARGETS, np.array([5, 5]), (2, 10))
    per_cutoff = {f"{name}_{k}" for name in ("ndcg", "hr", "recall", "precision", "map") for k in (2, 10)}
    assert set(found) == per_cutoff | {"mrr", "auc"}
    shares_of_places = {"precision_2", "precision_10"}
    assert all((found[name] == 1).all() for name in set(found) - shares_of_places)
    assert found["precision_2"].tolist() == [1, 0.5]
