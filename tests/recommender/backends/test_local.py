import numpy as np
import pytest
import scipy.sparse

from recommender.backends.catalogue import backend
from recommender.backends.local import LocalBackend, _cheapest_split, available_memory_bytes
from recommender.errors import UnknownName
from tests.recommender.backends.contract import BackendContract


class TestLocal(BackendContract):
    name = "local"


def test_both_ways_to_the_gram_matrix_agree() -> None:
    matrix = scipy.sparse.random(300, 50, 0.1, "csr", np.float32, rng=np.random.default_rng(0))
    made = LocalBackend()
    assert made._gram_sparse(matrix) == pytest.approx(made._gram_dense(matrix), abs=1e-5)


@pytest.mark.parametrize("n_frequent", [1, 20, 49])
def test_the_gram_matrix_in_parts_is_that_of_the_whole(n_frequent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(0)
    matrix = scipy.sparse.random(300, 50, 0.1, "csr", np.float32, rng=draw)
    made, place = LocalBackend(), draw.permutation(50)
    whole = made._gram_sparse(matrix)
    assert made._gram_in_parts(matrix, place, n_frequent) == pytest.approx(whole, abs=1e-5)
    monkeypatch.setattr("recommender.backends.local._BLOCK_BYTES", 4000)
    assert made._gram_in_parts(matrix, place, n_frequent) == pytest.approx(whole, abs=1e-5)


def test_frequent_columns_are_made_dense_and_rare_ones_are_not() -> None:
    draw = np.random.default_rng(0)
    columns = [np.flatnonzero(draw.random(400) < np.where(np.arange(400) < 40, 0.9, 0.005)) for _ in range(600)]
    offsets = np.concatenate(([0], np.cumsum([len(one) for one in columns])))
    values = np.ones(offsets[-1], np.float32)
    matrix = scipy.sparse.csr_matrix((values, np.concatenate(columns), offsets), shape=(600, 400))
    assert 30 <= _cheapest_split(matrix, np.arange(400)) <= 80
    assert LocalBackend().gram(matrix) == pytest.approx((matrix.T @ matrix).toarray())


def test_the_inverse_is_whole_beyond_one_square() -> None:
    draw = np.random.default_rng(3)
    rows = draw.normal(size=(700, 600)).astype(np.float32)
    inverse = LocalBackend().inverse_regularised(rows.T @ rows, 50.0)
    assert np.array_equal(inverse, inverse.T)
    expected = np.linalg.inv(rows.T.astype(np.float64) @ rows + 50.0 * np.eye(600))
    assert inverse == pytest.approx(expected, abs=1e-5)


def test_top_n_of_many_rows_with_ties() -> None:
    array = np.random.default_rng(2).integers(0, 9, (101, 40)).astype(np.float32)
    expected = np.argsort(-array, axis=1, kind="stable")[:, :7]
    assert np.array_equal(LocalBackend().top_n(array, 7), expected)


def test_memory_is_counted() -> None:
    assert 2**20 < available_memory_bytes() < 2**50


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="'nowhere'. Known: .*local"):
        backend("nowhere")
