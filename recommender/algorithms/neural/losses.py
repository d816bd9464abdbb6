"""Softmax losses over a catalogue, in full or with drawn negatives. Imports Keras: only `fit` may import this.

Softmax instead of the binary loss that SASRec was published with is what closes the gap to later models: Klenitskiy &
Vasilev, RecSys 2023 (arXiv 2309.07602).
"""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

_UNIFORM_SHARE = 0.5  # of the negatives; the rest is drawn by popularity (mixed: Yang et al., WWW 2020 companion)
_IMPOSSIBLE = -1e9


def full_losses(encoded: Any, right: Any, vectors: Any, bias: Any) -> Any:
    """Shape (n,): -log softmax of the right activity among all.

    Args:
        encoded: shape (n, size).
        right: shape (n,), activity indices.
        vectors: shape (n_activities, size).
        bias: shape (n_activities,).
    """
    logits = ops.matmul(_with_one(encoded), ops.transpose(_with_column(vectors, bias)))
    return ops.sparse_categorical_crossentropy(right, logits, from_logits=True)


class Negatives(keras.layers.Layer):  # type: ignore[misc]
    """Wrong answers drawn once for a whole batch: half uniformly, half by popularity.

    `counts` (n_activities,) is how often each activity came next. Each drawn one stands for 1 / (n_drawn x its
    probability) of the catalogue, so that the sum estimates the whole denominator without bias (Jean et al., ACL 2015,
    section 3; in two towers "logQ correction", Yi et al., RecSys 2019).
    """

    def __init__(self, counts: NDArray[np.int64], n_drawn: int) -> None:
        super().__init__(name="negatives")
        popularity = (counts + 1.0) / (counts + 1.0).sum()
        probability = _UNIFORM_SHARE / len(counts) + (1 - _UNIFORM_SHARE) * popularity
        self.n_drawn = n_drawn
        self.seeds = keras.random.SeedGenerator()
        self.cumulated = np.cumsum(probability).astype(np.float32)
        self.log_expected = np.log(n_drawn * probability).astype(np.float32)  # times it is drawn for a batch

    def drawn(self) -> Any:
        """Shape (n_drawn,): activity indices."""
        places = keras.random.uniform((self.n_drawn,), seed=self.seeds)
        return ops.minimum(ops.searchsorted(self.cumulated, places), len(self.cumulated) - 1)

    def losses_of(self, encoded: Any, right: Any, vectors: Any, bias: Any) -> Any:
        """As `full_losses`, estimated."""
        drawn = self.drawn()
        corrected = ops.take(bias - self.log_expected, drawn)
        wrong = ops.matmul(_with_one(encoded), ops.transpose(_with_column(ops.take(vectors, drawn, axis=0), corrected)))
        is_right = ops.expand_dims(ops.cast(right, "int32"), 1) == ops.cast(drawn, "int32")
        wrong = ops.where(is_right, _IMPOSSIBLE, wrong)  # drawn by chance: it is not wrong
        hit = ops.sum(encoded * ops.take(vectors, right, axis=0), axis=1) + ops.take(bias, right)
        logits = ops.concatenate([ops.expand_dims(hit, 1), wrong], axis=1)  # (n, 1 + n_drawn)
        return ops.sparse_categorical_crossentropy(ops.zeros_like(right), logits, from_logits=True)


def _with_one(encoded: Any) -> Any:
    """A column of ones, so that the bias comes with the matrix product and not in a pass of its own."""
    return ops.concatenate([encoded, ops.ones_like(encoded[:, :1])], axis=1)


def _with_column(vectors: Any, bias: Any) -> Any:
    return ops.concatenate([vectors, ops.expand_dims(bias, 1)], axis=1)
