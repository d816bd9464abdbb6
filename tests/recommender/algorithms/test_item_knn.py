import numpy as np
import pytest

from recommender.algorithms.item_knn import ItemKNN, ItemKNNConfig
from tests import toy
from tests.recommender.algorithms.contract import AlgorithmContract


class TestItemKNN(AlgorithmContract):
    name = "item_knn"
    config = {"neighbours": 8}


def test_is_the_shrunk_cosine_between_columns() -> None:
    board = toy.checkerboard()
    matrix = board.matrix().toarray().astype(np.float64)
    common = matrix.T @ matrix
    cosine = common / np.sqrt(np.outer(np.diag(common), np.diag(common)))
    likeness = cosine * common / (common + 7.0)
    np.fill_diagonal(likeness, 0.0)
    scores = ItemKNN(ItemKNNConfig(neighbours=1000, shrinkage=7.0)).fit(board).score(board.sequences())
    assert scores == pytest.approx(matrix @ likeness, abs=1e-5)


def test_without_shrinkage_it_is_the_plain_cosine() -> None:
    board = toy.checkerboard()
    matrix = board.matrix().toarray()
    unit = matrix / np.linalg.norm(matrix, axis=0)
    score = ItemKNN(ItemKNNConfig(shrinkage=0.0)).fit(board).score([np.array([4])])[0]
    assert score[8] == pytest.approx(unit[:, 4] @ unit[:, 8], abs=1e-6)


def test_stores_no_weight_between_activities_that_nobody_shares() -> None:
    state = ItemKNN().fit(toy.checkerboard()).state()
    assert (state["neighbour_weight"] > 0).all()
