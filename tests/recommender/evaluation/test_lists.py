import numpy as np
import pytest
import scipy.sparse

from recommender.datasets.interactions import Interactions
from recommender.evaluation import lists

# Four learners, four activities. 0 and 1 were met by the same two, 2 by another, 3 by nobody.
MET = scipy.sparse.csr_matrix(np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]], np.float32))


def test_coverage_is_a_share_of_the_catalogue() -> None:
    assert lists.coverage(np.array([[0, 1], [1, -1]]), 4) == 0.5
    assert lists.coverage(np.empty((0, 3), int), 0) == 0


def test_novelty_is_the_mean_surprise_in_bits() -> None:
    popularity = np.array([0.5, 0.125, 1.0])
    shown = np.array([[0, 1], [2, -1], [-1, -1]])
    assert lists.novelty(shown, popularity).tolist() == [2, 0, 0]


def test_diversity_is_one_minus_the_mean_cosine() -> None:
    shown = np.array([[0, 1, -1], [0, 2, -1], [0, 1, 2], [1, -1, -1], [0, 3, -1]])
    # Same learners: cosine 1. No learner in common: 0. Of three pairs one is alike. A lone one has no pair.
    assert lists.diversity(shown, MET) == pytest.approx([0, 1, 2 / 3, 0, 1])


def test_diversity_agrees_with_every_pair() -> None:
    generator = np.random.default_rng(3)
    met = scipy.sparse.random(60, 15, 0.3, "csr", random_state=generator)
    met.data[:] = 1
    shown = np.array([generator.permutation(15)[:6] for _ in range(20)])
    dense = met.toarray() / np.maximum(np.linalg.norm(met.toarray(), axis=0), 1e-9)
    cosine = dense.T @ dense
    by_pairs = [1 - np.mean([cosine[a, b] for a in one for b in one if a != b]) for one in shown]
    assert lists.diversity(shown, met) == pytest.approx(by_pairs)


def test_popularity_lift_is_relative_to_the_own_history() -> None:
    popularity = np.array([0.8, 0.4, 0.2])
    shown, histories, owner = np.array([[0, 1], [2, -1], [-1, -1]]), np.array([1, 1, 1, 0]), np.array([0, 0, 1, 2])
    assert lists.popularity_lift(shown, histories, owner, popularity) == pytest.approx([0.5, -0.5, 0])


def test_all_of_them_by_name() -> None:
    train = Interactions.from_columns([1, 1, 2, 2, 3], [10, 11, 10, 11, 12], [0, 1, 0, 1, 0])
    found = lists.measures(np.array([[2, 0], [2, 1]]), np.array([0, 1]), np.array([0, 1]), train, (1, 2))
    assert set(found) == {
        *("coverage_1", "novelty_1", "popularity_lift_1", "diversity_1"),
        *("coverage_2", "novelty_2", "popularity_lift_2"),
    }
    assert found["coverage_1"] == pytest.approx(1 / 3)
    assert found["novelty_1"] == pytest.approx(1)  # (1 + 1) / (3 + 1) of the learners
    assert found["popularity_lift_1"] == pytest.approx(2 / 3 - 1)
