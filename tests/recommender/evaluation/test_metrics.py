import numpy as np
import pytest

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


def test_coverage_is_a_share_of_the_catalogue() -> None:
    assert metrics.coverage(np.array([True, False, True, False])) == 0.5
    assert metrics.coverage(np.array([], bool)) == 0


def test_a_perfect_ranking_gets_one_everywhere() -> None:
    found = metrics.measures(np.array([2, 1, 1]), LEARNER, N_TARGETS, (2, 10))
    assert set(found) == {"ndcg_2", "hr_2", "recall_2", "ndcg_10", "hr_10", "recall_10", "mrr"}
    assert all((values == 1).all() for values in found.values())
