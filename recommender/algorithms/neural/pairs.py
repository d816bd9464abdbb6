"""Training a network that looks at pairs of a learner and an activity. Imports Keras: only `fit` may import this."""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from recommender.algorithms.neural.bag_training import BagModel
from recommender.datasets.interactions import Index


class PairModel(BagModel):
    """Binary cross-entropy on what is hidden and on `n_drawn` activities, drawn uniformly for the batch.

    One drawn counts as much as one hidden; those that the learner met are left out.
    """

    def __init__(
        self, network: keras.Model, inputs: Any, classes: Any, counts: NDArray[np.int64], n_drawn: int
    ) -> None:
        super().__init__(network, inputs, classes, counts, bag_power=1.0, tells_all=False)
        share = (counts + 1.0) / (counts + 1.0).max()
        self.bias.assign(np.log(share).astype(np.float32))
        self.n_drawn = n_drawn
        self.seeds = keras.random.SeedGenerator()

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The mean of what is shown, (batch, width): the network needs the other half of the pairs, see the loss."""
        rows, is_shown = inputs
        weights = ops.expand_dims(is_shown, -1)
        total = ops.sum(ops.take(self.inputs_layer.table(training), rows, axis=0) * weights, axis=1)
        return total / ops.sum(weights, axis=1)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Mean over the pairs, right and wrong ones of equal weight in sum."""
        drawn = keras.random.randint((self.n_drawn,), 0, self.bias.shape[0], seed=self.seeds)
        met = ops.equal(ops.expand_dims(drawn, 1), ops.expand_dims(ops.cast(y, "int32"), 1))  # (batch, drawn, most)
        is_met = ops.any(ops.logical_and(met, ops.expand_dims(sample_weight > 0, 1)), axis=2)
        wrong = ops.cast(ops.logical_not(is_met), "float32")
        right = sample_weight * (1.0 - x[1])
        everyone = ops.broadcast_to(ops.expand_dims(drawn, 0), ops.shape(wrong))
        hidden = ops.softplus(-self._logits(y_pred, y, training)) * right
        others = ops.softplus(self._logits(y_pred, everyone, training)) * wrong
        return _mean(hidden, right) + _mean(others, wrong)

    def scores(self, rows: Index, is_shown: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shape (batch, n_activities)."""
        means = np.asarray(self.predict_on_batch((rows, is_shown)))
        everything = np.arange(self.bias.shape[0], dtype=np.int32)
        each = [ops.convert_to_numpy(self._logits(mean[None], everything[None], False))[0] for mean in means]
        found: NDArray[np.float32] = np.stack(each)
        return found

    def _logits(self, learners: Any, activities: Any, training: bool) -> Any:
        """From (batch, width) and (batch, n) indices to (batch, n)."""
        vectors = ops.take(self.classes_layer.table(training), activities, axis=0)  # (batch, n, width)
        beside = ops.broadcast_to(ops.expand_dims(learners, 1), ops.shape(vectors))
        pairs = ops.stack([beside, vectors], axis=2)  # (batch, n, 2, width)
        answers = self.encoder(ops.reshape(pairs, (-1, 2, pairs.shape[-1])), training=training)
        return ops.reshape(answers, ops.shape(activities)) + ops.take(self.bias, activities)


def _mean(losses: Any, weights: Any) -> Any:
    return ops.sum(losses) / ops.maximum(ops.sum(weights), 1.0)
