"""The few heavy verbs that algorithms hand to whatever computes: this process, or a cluster.

A sibling offers the same verbs with the same answers (to float32 rounding) and says in `cannot` what it does not.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from recommender.errors import NotSupported

Dense = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a back end could work now, in a sentence, and with what."""

    name: str
    is_ready: bool
    sentence: str
    n_workers: int
    memory_bytes: int  # what it may still take


class Backend(ABC):
    """See the module. Matrices are float32; sums of fewer than 2**24 ones are exact in it."""

    name: ClassVar[str]
    cannot: ClassVar[Mapping[str, str]] = {}  # verb -> why not, a sentence

    @abstractmethod
    def status(self) -> Status:
        """Cheap, and never raises: an absent cluster is an answer."""

    @abstractmethod
    def gram(self, matrix: scipy.sparse.csr_matrix) -> Dense:
        """`matrix.T @ matrix`, dense: shape (columns, columns)."""

    @abstractmethod
    def inverse_regularised(self, gram: Dense, ridge: float) -> Dense:
        """`inv(gram + ridge * I)` by Cholesky. The memory of `gram` may be used up.

        Raises:
            InvalidData: not positive definite; a larger ridge helps.
        """

    @abstractmethod
    def solve_regularised(self, gram: Dense, ridge: float, right: Dense) -> Dense:
        """`inv(gram + ridge * I) @ right` by Cholesky. The memory of `gram` and `right` may be used up.

        Raises:
            InvalidData: not positive definite; a larger ridge helps.
        """

    @abstractmethod
    def top_n(self, array: Dense, n: int) -> NDArray[np.int64]:
        """Shape (rows, min(n, columns)): columns with the largest values, largest first, ties by column."""

    def require(self, verb: str) -> None:
        """Refuse before a long training begins.

        Raises:
            NotSupported: this back end declares that it cannot do `verb`.
        """
        if verb in self.cannot:
            raise NotSupported(f"The back end {self.name!r} cannot {verb}: {self.cannot[verb]}")
