"""What every back end must answer: the same as plain NumPy. A new one inherits `BackendContract`."""

from typing import ClassVar

import numpy as np
import pytest
import scipy.sparse

from recommender.backends.base import Backend
from recommender.backends.catalogue import backend
from recommender.errors import InvalidData, NotSupported


class BackendContract:
    name: ClassVar[str]

    @pytest.fixture(scope="class")
    @classmethod
    def made(cls) -> Backend:
        return backend(cls.name)

    def test_says_how_it_is(self, made: Backend) -> None:
        status = made.status()
        assert status.name == self.name
        assert status.sentence.endswith(".")

    @pytest.mark.parametrize("density", [0.05, 0.6])
    def test_gram(self, made: Backend, density: float) -> None:
        matrix = scipy.sparse.random(70, 40, density, "csr", np.float32, rng=np.random.default_rng(0))
        dense = matrix.toarray()
        assert made.gram(matrix) == pytest.approx(dense.T @ dense, abs=1e-4)

    def test_inverse_and_solution(self, made: Backend) -> None:
        generator = np.random.default_rng(1)
        matrix = generator.normal(size=(50, 30)).astype(np.float32)
        gram, right = matrix.T @ matrix, generator.normal(size=(30, 4)).astype(np.float32)
        expected = np.linalg.inv(gram.astype(np.float64) + 2 * np.eye(30))
        assert made.inverse_regularised(gram.copy(), 2.0) == pytest.approx(expected, abs=1e-4)
        assert made.solve_regularised(gram.copy(), 2.0, right.copy()) == pytest.approx(expected @ right, abs=1e-4)

    def test_a_matrix_that_cannot_be_factorised_is_refused(self, made: Backend) -> None:
        with pytest.raises(InvalidData, match="larger"):
            made.inverse_regularised(-np.eye(3, dtype=np.float32), 0.5)

    @pytest.mark.parametrize("n", [0, 1, 3, 5, 9])
    def test_top_n_breaks_ties_by_column(self, made: Backend, n: int) -> None:
        array = np.array([[1, 3, 3, 0, 3], [5, 5, 5, 5, 5], [0, -np.inf, 2, 1, 0]], np.float32)
        expected = np.argsort(-array, axis=1, kind="stable")[:, :n]
        assert made.top_n(array, n).tolist() == expected.tolist()
        assert made.top_n(array[:0], n).shape == (0, min(n, 5))

    def test_refuses_what_it_says_it_cannot_do(self, made: Backend) -> None:
        for verb in made.cannot:
            with pytest.raises(NotSupported, match=verb):
                made.require(verb)
        made.require("top_n" if "top_n" not in made.cannot else "status")
