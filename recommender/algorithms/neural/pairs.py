"""Training a network that looks at pairs of a learner and an activity. Imports Keras: only `fit` may import this."""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from recommender.algorithms.base import State
from recommender.algorithms.neural.bag_training import BagModel
from recommender.algorithms.pair_scorer import Head
from recommender.datasets.interactions import Index


class PairModel(BagModel):
    """Binary cross-entropy on what is hidden and on `n_drawn` activities, drawn uniformly for the batch.

    One drawn counts as much as one hidden; those that the learner met are left out.

    Args:
        halves: for learners and for activities, from (n, 2 size) to the same.
        head: from (n, 2 size), products of factors and sums of halves, to (n, 1), with layers `deep` and `answer`.
        vectors: of the activities, below either half.
        counts: shape (n_activities,), how often each activity was met.
        n_drawn: see above.
    """

    def __init__(
        self,
        halves: tuple[keras.Model, keras.Model],
        head: keras.Model,
        vectors: tuple[Any, Any],
        counts: NDArray[np.int64],
        n_drawn: int,
    ) -> None:
        super().__init__(halves[0], *vectors, counts, bag_power=1.0, tells_all=False)
        share = (counts + 1.0) / (counts + 1.0).max()
        self.bias.assign(np.log(share).astype(np.float32))
        self.half, self.head, self.n_drawn = halves[1], head, n_drawn
        self.seeds = keras.random.SeedGenerator()

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Mean over the pairs, right and wrong ones of equal weight in sum."""
        drawn = keras.random.randint((1, self.n_drawn), 0, self.bias.shape[0], seed=self.seeds)
        met = ops.equal(ops.expand_dims(drawn, 2), ops.expand_dims(ops.cast(y, "int32"), 1))  # (batch, drawn, most)
        is_met = ops.any(ops.logical_and(met, ops.expand_dims(sample_weight > 0, 1)), axis=2)
        wrong = ops.cast(ops.logical_not(is_met), "float32")
        right = sample_weight * (1.0 - x[1])
        hidden = ops.softplus(-self.logits(y_pred, y, training)) * right
        others = ops.softplus(self.logits(y_pred, drawn, training)) * wrong
        return _mean(hidden, right) + _mean(others, wrong)

    def scores(self, rows: Index, is_shown: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shape (batch, n_activities)."""
        arrays, learners = self.arrays(), np.asarray(self.predict_on_batch((rows, is_shown)))
        head = Head(arrays["deep_kernel"], arrays["deep_bias"], arrays["answer_kernel"])
        found: NDArray[np.float32] = head.scores(learners, arrays["activity_vectors"]) + arrays["activity_bias"]
        return found

    def arrays(self) -> State:
        """Those of `PairScorer`, but for the encoder."""
        deep, answer = self.head.get_layer("deep"), self.head.get_layer("answer")
        found = {
            "activity_vectors": self.half(self.classes_layer.table()),
            "deep_kernel": deep.kernel,
            "deep_bias": deep.bias,
            "answer_kernel": answer.kernel[:, 0],
        }
        return super().arrays() | {name: ops.convert_to_numpy(array) for name, array in found.items()}

    def logits(self, learners: Any, activities: Any, training: bool) -> Any:
        """From (batch, 2 size), encoded, and (batch, n) indices to (batch, n); one row of indices is for everybody."""
        vectors = ops.take(self.classes_layer.table(training), activities, axis=0)  # (batch, n, 2 size)
        width = vectors.shape[-1]
        halves = ops.reshape(self.half(ops.reshape(vectors, (-1, width)), training=training), ops.shape(vectors))
        beside, size = ops.expand_dims(learners, 1), width // 2
        factors, wide = beside[..., :size] * halves[..., :size], beside[..., size:] + halves[..., size:]
        answers = self.head(ops.reshape(ops.concatenate([factors, wide], axis=-1), (-1, width)), training=training)
        return ops.reshape(answers, ops.shape(wide)[:2]) + ops.take(self.bias, activities)


def _mean(losses: Any, weights: Any) -> Any:
    return ops.sum(losses) / ops.maximum(ops.sum(weights), 1.0)
