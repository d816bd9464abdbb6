"""This process: NumPy, SciPy and the BLAS that they bring."""

import os
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import numpy as np
import scipy.linalg.lapack
import scipy.sparse
from numpy.typing import NDArray

from recommender.backends.base import Backend, Dense, Status
from recommender.errors import InvalidData

_BLOCK_BYTES = 256 * 2**20
# One multiplication through a sparse index costs as much as about 100 in BLAS (measured on 2 cores).
_SPARSE_COST = 100
_CGROUP = Path("/sys/fs/cgroup")


class LocalBackend(Backend):
    name: ClassVar[str] = "local"

    def status(self) -> Status:
        n_workers, memory = os.cpu_count() or 1, available_memory_bytes()
        sentence = f"{n_workers} cores of this machine, {memory / 2**30:.1f} GiB of memory free."
        return Status(self.name, True, sentence, n_workers, memory)

    def gram(self, matrix: scipy.sparse.csr_matrix) -> Dense:
        n_rows, n_columns = matrix.shape
        sparse_work = float(np.square(np.diff(matrix.indptr).astype(np.float64)).sum())
        if sparse_work * _SPARSE_COST < float(n_rows) * n_columns**2 / 2:
            return self._gram_sparse(matrix)
        return self._gram_dense(matrix)

    def inverse_regularised(self, gram: Dense, ridge: float) -> Dense:
        # Solving for the identity beats LAPACK's own spotri sixteen times here, for one more matrix of memory.
        return self.solve_regularised(gram, ridge, np.eye(len(gram), dtype=np.float32, order="F"))

    def solve_regularised(self, gram: Dense, ridge: float, right: Dense) -> Dense:
        factor = _cholesky(gram, ridge)
        solution: Dense
        solution, info = scipy.linalg.lapack.spotrs(factor, right, lower=1, overwrite_b=1)
        _check_positive(info, ridge)
        return solution

    def top_n(self, array: Dense, n: int) -> NDArray[np.int64]:
        n = min(n, array.shape[1])
        if n <= 0:
            return np.zeros((array.shape[0], 0), np.int64)
        if n < array.shape[1]:
            return np.stack([_top_of_row(row, n) for row in array]) if len(array) else np.zeros((0, n), np.int64)
        return np.argsort(-array, axis=1, kind="stable")

    def _gram_dense(self, matrix: scipy.sparse.csr_matrix) -> Dense:
        n_columns = matrix.shape[1]
        total = np.zeros((n_columns, n_columns), np.float32)
        step = max(1, _BLOCK_BYTES // (4 * max(1, n_columns)))
        for start in range(0, matrix.shape[0], step):
            block = matrix[start : start + step].toarray().astype(np.float32, copy=False)
            total += block.T @ block  # NumPy notices the shared operand and calls ssyrk: half the work
        return total

    def _gram_sparse(self, matrix: scipy.sparse.csr_matrix) -> Dense:
        n_columns = matrix.shape[1]
        total = np.empty((n_columns, n_columns), np.float32)
        transposed = matrix.T.tocsr()
        # In blocks, because a nearly full sparse product takes three times the memory of the dense one.
        step = max(1, _BLOCK_BYTES // (12 * max(1, n_columns)))
        for start in range(0, n_columns, step):
            total[start : start + step] = (transposed[start : start + step] @ matrix).toarray()
        return total


def available_memory_bytes() -> int:
    """What this process may still take: free memory of the machine, or of its cgroup where that is less."""
    free = [_free_of_machine()]
    limit, used = _CGROUP / "memory.max", _CGROUP / "memory.current"
    with suppress(OSError, ValueError):  # no cgroup v2 here, or its limit is the word "max"
        free.append(int(limit.read_text()) - int(used.read_text()))
    return max(0, min(free))


def _free_of_machine() -> int:
    with suppress(OSError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")  # not Linux: all of it is the best guess


def _cholesky(gram: Dense, ridge: float) -> Dense:
    """The lower factor of `gram + ridge * I`, in Fortran order, in the memory of `gram` (it is symmetric).

    `clean=0` leaves the upper triangle as it was: zeroing it takes longer than the factorisation.
    """
    np.fill_diagonal(gram, gram.diagonal() + np.float32(ridge))
    factor: Dense
    factor, info = scipy.linalg.lapack.spotrf(gram.T, lower=1, overwrite_a=1, clean=0)
    _check_positive(info, ridge)
    return factor


def _check_positive(info: int, ridge: float) -> None:
    if info != 0:
        raise InvalidData(
            f"The matrix is not positive definite with a regularization of {ridge:g} (step {info} of the Cholesky "
            "factorisation failed). Choose a larger one."
        )


def _top_of_row(row: Dense, n: int) -> NDArray[np.int64]:
    """Exact with ties: everything above the n-th value, then the lowest columns that equal it."""
    threshold = np.partition(row, len(row) - n)[len(row) - n]
    above = np.flatnonzero(row > threshold)
    equal = np.flatnonzero(row == threshold)[: n - len(above)]
    chosen = np.concatenate((above, equal))
    return chosen[np.lexsort((chosen, -row[chosen]))]
