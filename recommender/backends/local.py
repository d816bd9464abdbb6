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
from recommender.parallel import in_parallel

_BLOCK_BYTES = 256 * 2**20
_BLOCK_NUMBERS = 2**20  # at once: small enough for the cache, and for memory that is used again
# What a multiplication costs beside one in BLAS (measured on 2 cores): through two sparse indices, and through one
# with a dense row behind it.
_SPARSE_COST, _HALF_SPARSE_COST = 100, 12
_SPLITS = 12  # numbers of frequent columns that are weighed against each other
_CGROUP = Path("/sys/fs/cgroup")


class LocalBackend(Backend):
    name: ClassVar[str] = "local"

    def status(self) -> Status:
        n_workers, memory = os.cpu_count() or 1, available_memory_bytes()
        sentence = f"{n_workers} cores of this machine, {memory / 2**30:.1f} GiB of memory free."
        return Status(self.name, True, sentence, n_workers, memory)

    def gram(self, matrix: scipy.sparse.csr_matrix) -> Dense:
        """The frequent columns in BLAS, the rare ones by what they hold, and each kind as many as costs least."""
        n_columns = matrix.shape[1]
        order = np.argsort(-np.bincount(matrix.indices, minlength=n_columns), kind="stable")
        place = np.empty(n_columns, np.int64)
        place[order] = np.arange(n_columns)
        n_frequent = _cheapest_split(matrix, place)
        if n_frequent in {0, n_columns}:
            return self._gram_dense(matrix) if n_frequent else self._gram_sparse(matrix)
        return self._gram_in_parts(matrix, place, n_frequent)

    def inverse_regularised(self, gram: Dense, ridge: float) -> Dense:
        # inv(L)' inv(L) of the lower factor L: n**3 operations, where solving for the identity takes 7/3 n**3.
        factor = _cholesky(gram, ridge)
        inverse, info = scipy.linalg.lapack.strtri(factor, lower=1, overwrite_c=1)
        _check_positive(info, ridge)
        inverse, info = scipy.linalg.lapack.slauum(inverse, lower=1, overwrite_c=1)
        _check_positive(info, ridge)
        return _mirrored(inverse)

    def solve_regularised(self, gram: Dense, ridge: float, right: Dense) -> Dense:
        factor = _cholesky(gram, ridge)
        solution: Dense
        solution, info = scipy.linalg.lapack.spotrs(factor, right, lower=1, overwrite_b=1)
        _check_positive(info, ridge)
        return solution

    def top_n(self, array: Dense, n: int) -> NDArray[np.int64]:
        n = min(n, array.shape[1])
        if n <= 0 or not len(array):
            return np.zeros((array.shape[0], n), np.int64)
        if n == array.shape[1]:
            return np.argsort(-array, axis=1, kind="stable")
        step = max(1, _BLOCK_NUMBERS // array.shape[1])
        blocks = in_parallel(
            lambda start: _top(array[start : start + step], n), range(0, len(array), step), limits_blas=False
        )
        return np.concatenate(blocks)

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

    def _gram_in_parts(self, matrix: scipy.sparse.csr_matrix, place: NDArray[np.int64], n_frequent: int) -> Dense:
        """Columns are moved to `place`, the first `n_frequent` made dense; and everything back at the end."""
        moved = place[matrix.indices]
        frequent = _columns(matrix, moved, moved < n_frequent, n_frequent)
        rare = _columns(matrix, moved - n_frequent, moved >= n_frequent, len(place) - n_frequent)
        total = np.zeros((len(place), len(place)), np.float32)
        step = max(1, _BLOCK_BYTES // (4 * n_frequent))
        for start in range(0, matrix.shape[0], step):
            block = frequent[start : start + step].toarray()
            total[:n_frequent, :n_frequent] += block.T @ block
            total[n_frequent:, :n_frequent] += rare[start : start + step].T.tocsr() @ block
        total[:n_frequent, n_frequent:] = total[n_frequent:, :n_frequent].T
        total[n_frequent:, n_frequent:] = self._gram_sparse(rare)
        gram = np.empty_like(total)
        step = max(1, _BLOCK_NUMBERS // len(place))

        def move_back(start: int) -> None:
            np.take(total[place[start : start + step]], place, axis=1, out=gram[start : start + step])

        in_parallel(move_back, range(0, len(place), step), limits_blas=False)
        return gram


def _cheapest_split(matrix: scipy.sparse.csr_matrix, place: NDArray[np.int64]) -> int:
    """How many of the most frequent columns (`place`, shape (columns,), is each one's rank) to make dense."""
    n_rows, n_columns = matrix.shape
    rank, row = place[matrix.indices], np.repeat(np.arange(n_rows), np.diff(matrix.indptr))
    costs: dict[int, float] = {}
    for n_frequent in sorted({round(share * n_columns) for share in np.linspace(0, 1, _SPLITS).tolist()}):
        of_rare = np.bincount(row[rank >= n_frequent], minlength=n_rows).astype(np.float64)
        sparse = _SPARSE_COST * float(np.square(of_rare).sum())
        half = _HALF_SPARSE_COST * float(of_rare.sum()) * n_frequent
        costs[n_frequent] = sparse + half + 0.5 * n_rows * float(n_frequent) ** 2
    return min(costs, key=lambda n_frequent: costs[n_frequent])


def _columns(
    matrix: scipy.sparse.csr_matrix, moved: NDArray[np.int64], kept: NDArray[np.bool_], n_columns: int
) -> scipy.sparse.csr_matrix:
    """The entries that are kept, in the columns `moved`."""
    offsets = np.concatenate(([0], np.cumsum(kept)))[matrix.indptr]
    return scipy.sparse.csr_matrix((matrix.data[kept], moved[kept], offsets), shape=(matrix.shape[0], n_columns))


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


def _mirrored(lower: Dense) -> Dense:
    """The upper triangle becomes that of the lower one, in place and in squares that stay in the cache."""
    step, n = 512, len(lower)

    def fill(start: int) -> None:
        end = start + step
        square = lower[start:end, start:end]
        square[:] = np.tril(square) + np.tril(square, -1).T
        for other in range(end, n, step):
            lower[start:end, other : other + step] = lower[other : other + step, start:end].T

    in_parallel(fill, range(0, n, step), limits_blas=False)
    return lower


def _check_positive(info: int, ridge: float) -> None:
    if info != 0:
        raise InvalidData(
            f"The matrix is not positive definite with a regularization of {ridge:g} (step {info} of the Cholesky "
            "factorisation failed). Choose a larger one."
        )


def _top(array: Dense, n: int) -> NDArray[np.int64]:
    """Exact with ties: everything above the n-th value of a row, then the lowest columns that equal it."""
    last = array.shape[1] - n
    threshold = np.partition(array, last, axis=1)[:, last, None]
    is_chosen = array >= threshold
    surplus = is_chosen.sum(axis=1) - n
    for row in np.flatnonzero(surplus):
        equal = np.flatnonzero(array[row] == threshold[row])
        is_chosen[row, equal[len(equal) - surplus[row] :]] = False
    chosen = np.nonzero(is_chosen)[1].reshape(-1, n)
    order = np.argsort(-np.take_along_axis(array, chosen, axis=1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1)
