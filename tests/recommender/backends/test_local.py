import numpy as np
import pytest
import scipy.sparse

from recommender.backends.catalogue import backend
from recommender.backends.local import LocalBackend, available_memory_bytes
from recommender.errors import UnknownName
from tests.recommender.backends.contract import BackendContract


class TestLocal(BackendContract):
    name = "local"


def test_both_ways_to_the_gram_matrix_agree() -> None:
    matrix = scipy.sparse.random(300, 50, 0.1, "csr", np.float32, rng=np.random.default_rng(0))
    made = LocalBackend()
    assert made._gram_sparse(matrix) == pytest.approx(made._gram_dense(matrix), abs=1e-5)


def test_memory_is_counted() -> None:
    assert 2**20 < available_memory_bytes() < 2**50


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="'nowhere'. Known: .*local"):
        backend("nowhere")
