import numpy as np
import pytest

from recommender.algorithms.ials import IALS, IALSConfig
from recommender.datasets.interactions import Interactions
from tests import toy
from tests.recommender.algorithms.contract import AlgorithmContract

CONFIG = {"embedding_size": 4, "regularization": 0.1, "unobserved_weight": 0.1, "epochs": 10}


class TestIALS(AlgorithmContract):
    name = "ials"
    config = CONFIG
    tolerance = 1e-4


def loss(matrix: np.ndarray, learners: np.ndarray, activities: np.ndarray, config: IALSConfig) -> float:
    """The objective, word for word."""
    answers = learners @ activities.T
    n_learners, n_activities = matrix.shape
    fit = (matrix * (1 - answers) ** 2).sum() + config.unobserved_weight * (answers**2).sum()
    power, weight = config.regularization_power, config.unobserved_weight
    of_learners = (matrix.sum(1) + weight * n_activities) ** power @ (learners**2).sum(1)
    of_activities = (matrix.sum(0) + weight * n_learners) ** power @ (activities**2).sum(1)
    return float(fit + config.regularization * (of_learners + of_activities))


def solved(fitted: IALS, board: Interactions) -> np.ndarray:
    vectors = fitted.state()["activity_vectors"]
    return np.linalg.lstsq(vectors, fitted.score(board.sequences()).T, rcond=None)[0].T


@pytest.mark.parametrize("embedding_size", [3, 12], ids=["all equations", "few equations"])
def test_a_learners_vector_is_where_the_objective_is_flat(embedding_size: int) -> None:
    board = toy.checkerboard(missing=2)
    config = IALSConfig(**{**CONFIG, "embedding_size": embedding_size, "epochs": 2})
    fitted = IALS(config).fit(board)
    vectors, matrix = fitted.state()["activity_vectors"].astype(np.float64), board.matrix().toarray().astype(float)
    for row, answer in zip(matrix, fitted.score(board.sequences()), strict=True):
        ridge = config.regularization * (row.sum() + config.unobserved_weight * len(row))
        left = (vectors.T * (row + config.unobserved_weight)) @ vectors + ridge * np.eye(embedding_size)
        assert answer == pytest.approx(vectors @ np.linalg.solve(left, vectors.T @ row), abs=1e-4)


def test_every_epoch_lowers_the_objective() -> None:
    board = toy.checkerboard()
    matrix = board.matrix().toarray().astype(float)
    losses = []
    for epochs in (1, 2, 5, 20):
        config = IALSConfig(**{**CONFIG, "embedding_size": 3, "epochs": epochs})
        fitted = IALS(config).fit(board)
        losses.append(loss(matrix, solved(fitted, board), fitted.state()["activity_vectors"], config))
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("length", [1, 3, 4, 9])
def test_alone_somebody_gets_the_same_answer_as_among_others(length: int) -> None:
    fitted = IALS(IALSConfig(**CONFIG)).fit(toy.checkerboard())
    history = np.arange(length, dtype=np.int32)
    alone, together = fitted.score([history])[0], fitted.score([history, history])[1]
    assert alone == pytest.approx(together, abs=1e-4)


@pytest.mark.parametrize("length", [3, 7], ids=["few equations", "all equations"])
def test_reasons_add_up_to_the_answer(length: int) -> None:
    fitted = IALS(IALSConfig(**CONFIG)).fit(toy.checkerboard())
    history = np.array([0, 2, 4, 6, 10, 12, 14], np.int32)[:length]
    assert fitted._explain(history, 8).sum() == pytest.approx(fitted.score([history])[0, 8], abs=1e-4)
