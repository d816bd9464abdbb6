import numpy as np
import pytest

from recommender.algorithms.base import FitOptions, Progress
from recommender.algorithms.ease import EASE, EASEConfig
from recommender.errors import TrainingStopped
from tests import toy
from tests.recommender.algorithms.contract import AlgorithmContract


class TestEASE(AlgorithmContract):
    name = "ease"
    config = {"regularization": 5.0, "neighbours": 8}


def dense_weights(matrix: np.ndarray, regularization: float) -> np.ndarray:
    """Equation 8 of the paper, word for word."""
    inverse = np.linalg.inv(matrix.T @ matrix + regularization * np.eye(matrix.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


def test_with_all_neighbours_it_is_the_formula_of_the_paper() -> None:
    board = toy.checkerboard()
    matrix = board.matrix().toarray().astype(np.float64)
    scores = EASE(EASEConfig(regularization=10.0, neighbours=1000)).fit(board).score(board.sequences())
    assert scores == pytest.approx(matrix @ dense_weights(matrix, 10.0), abs=1e-5)


def test_neighbours_keep_the_largest_weights_of_each_activity_recommended() -> None:
    board = toy.checkerboard()
    weights = dense_weights(board.matrix().toarray().astype(np.float64), 10.0)
    state = EASE(EASEConfig(regularization=10.0, neighbours=3)).fit(board).state()
    assert np.bincount(state["neighbour_index"], minlength=board.n_activities).tolist() == [3] * board.n_activities
    kept = np.abs(state["neighbour_weight"][state["neighbour_index"] == 0])
    assert np.sort(kept) == pytest.approx(np.sort(np.abs(weights[:, 0]))[-3:], abs=1e-5)


def test_reasons_add_up_to_the_answer() -> None:
    fitted = EASE(EASEConfig(regularization=10.0)).fit(toy.checkerboard())
    history = np.array([0, 2, 4, 6])
    single = np.array([fitted.score([history[k : k + 1]])[0, 8] for k in range(4)])
    assert fitted.score([history])[0, 8] == pytest.approx(single.sum(), abs=1e-6)
    speaking_for = np.sort(single[single > 0])[::-1]
    shares = [one.share for one in fitted.explain(history, 8, n=4)]
    assert shares == pytest.approx(speaking_for / speaking_for.sum(), rel=1e-4)


def test_a_stop_between_two_steps_ends_it() -> None:
    told: list[Progress] = []
    with pytest.raises(TrainingStopped):
        EASE().fit(toy.checkerboard(), FitOptions(progress=told.append, should_stop=lambda: len(told) == 2))
    assert len(told) == 2
