from pathlib import Path

import numpy as np
import pytest

from recommender.algorithms.catalogue import algorithm_class, build
from recommender.algorithms.vector_scorer import rounded
from recommender.datasets.interactions import Sequences
from recommender.errors import IncompatibleArtifact
from tests import toy
from tests.recommender.algorithms.neural.tiny import TINY, TINY_SEQUENCE

CASES = {"caser": {**TINY_SEQUENCE, "window": 4, "filters": 4}, "two_tower": {**TINY, "feature_buckets": 64}}


def test_rounds_within_half_a_step_of_each_row() -> None:
    matrix = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32) * np.logspace(-6, 3, 50)[:, None]
    matrix[7] = 0.0
    state = rounded({"m": matrix.astype(np.float32), "flat": np.ones(3, np.float32)})
    again = state["m"] * state["m_scales"][:, None]
    assert state["m"].dtype == np.int8
    assert (np.abs(again - matrix) <= np.abs(matrix).max(axis=1, keepdims=True) / 253).all()
    assert state["flat"].dtype == np.float32


@pytest.mark.parametrize("name", CASES)
def test_int8_is_smaller_and_ranks_alike(name: str, tmp_path: Path) -> None:
    board = toy.checkerboard()
    fitted = build(name, {**CASES[name], "precision": "int8"}).fit(board)
    before = fitted.before
    assert before is not None
    histories = board.sequences()
    small, whole = fitted.score(histories), before.score(histories)
    assert np.abs(small - whole).max() < 0.05 * np.abs(whole).max()
    assert np.corrcoef(small.ravel(), whole.ravel())[0, 1] > 0.999
    assert fitted.state()["activity_vectors"].nbytes * 4 == before.state()["activity_vectors"].nbytes
    again = algorithm_class(name).from_state(fitted.config, fitted.state())
    assert np.array_equal(again.score(histories), small)
    with pytest.raises(IncompatibleArtifact, match="int8"):
        algorithm_class(name).from_state(fitted.config, before.state())
    if fitted.learns_new_activities:
        one = Sequences(np.array([0, 1]), np.array([7], np.int32))
        wider = fitted.with_activities(one, np.array([3])).score([np.array([0, 2])])[0]
        assert np.delete(wider, 3) == pytest.approx(fitted.score([np.array([0, 2])])[0], rel=0.05, abs=0.05)
