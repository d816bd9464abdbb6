import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from recommender.algorithms.catalogue import algorithm_class, build
from recommender.algorithms.neural.mult_vae import MultVAE
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


def test_int8_is_never_widened_as_a_whole() -> None:
    """Or the first question would wait for it, and what int8 saves on disk would be lost in memory."""
    vectors = np.random.default_rng(0).normal(size=(40_000, 64)).astype(np.float32)
    state = {"activity_vectors": vectors, "activity_bias": np.zeros(40_000, np.float32)}
    whole, small = MultVAE(), MultVAE()
    whole._state, small._state = state, rounded(state)
    tracemalloc.start()
    found = small._products(vectors[:1])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < vectors.nbytes / 2
    assert found == pytest.approx(whole._products(vectors[:1]), abs=0.3)
    assert small._rows("activity_vectors", np.array([[3, 4]])) == pytest.approx(vectors[None, 3:5], abs=0.02)


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
