"""Training networks that read a bag of activities. Imports Keras: only `fit` may import this.

Loss of all but `ncf`: what was met is a draw from a softmax over the catalogue, as in Liang et al., WWW 2018, section
2.2. One row of logits per learner serves all the events of the learner, so nothing needs to be sampled.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from recommender.algorithms.base import FitOptions, State
from recommender.algorithms.neural import bags, loop, windows
from recommender.algorithms.neural.config import NeuralConfig
from recommender.algorithms.neural.ranking import validation_ndcg
from recommender.algorithms.neural.teaching import Teacher
from recommender.datasets.interactions import Index, Interactions, Sequences


class BagModel(keras.Model):  # type: ignore[misc]
    """A table of vectors below an encoder, and one above it.

    Args:
        encoder: from (batch, width) to (batch, size).
        inputs, classes: a layer each whose `table()` has shape (n_activities, width), (n_activities, size); the former
            may have more rows below, for what else can be shown.
        counts: shape (n_activities,), how often each activity was met; the bias begins at its logarithm.
        bag_power: see `BagScorer`.
        tells_all: the loss counts what was shown too.
    """

    teacher: Teacher | None = None  # `train` puts it there

    def __init__(
        self,
        encoder: keras.Model,
        inputs: Any,
        classes: Any,
        counts: NDArray[np.int64],
        *,
        bag_power: float,
        tells_all: bool,
    ) -> None:
        super().__init__()
        self.encoder, self.inputs_layer, self.classes_layer = encoder, inputs, classes
        self.bag_power, self.tells_all = bag_power, tells_all
        frequency = (counts + 1.0) / (counts + 1.0).mean()
        self.bias = self.add_weight(shape=(len(counts),), initializer="zeros", name="bias")
        self.bias.assign(np.log(frequency).astype(np.float32))
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """From rows and what of them is shown, (batch, most) each, to (batch, size)."""
        rows, is_shown = inputs[:2]  # with a teacher the rest is for the loss
        weights = ops.expand_dims(is_shown, -1)
        total = ops.sum(ops.take(self.inputs_layer.table(training), rows, axis=0) * weights, axis=1)
        return self.encoder(total / ops.sum(weights, axis=1) ** self.bag_power, training=training)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Mean over learners of the mean over what is to be told of -log softmax."""
        logits = ops.matmul(y_pred, ops.transpose(self.classes_layer.table(training))) + self.bias
        losses = -ops.take_along_axis(ops.log_softmax(logits, axis=-1), ops.cast(y, "int32"), axis=1)
        weights = sample_weight if self.tells_all else sample_weight * (1.0 - x[1])
        mean = ops.sum(losses * weights, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1.0)
        if self.teacher is not None:
            mean = self.teacher.mixed(mean, x[2], y_pred, self.classes_layer.table(training), self.bias)
        return ops.mean(mean) + sum(self.losses)

    def scores(self, rows: Index, is_shown: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shape (batch, n_activities)."""
        encoded = np.asarray(self.predict_on_batch((rows, is_shown)))
        found: NDArray[np.float32] = encoded @ _array(self.classes_layer.table()).T + _array(self.bias)
        return found

    def arrays(self) -> State:
        """Those of `BagScorer`, but for the encoder."""
        return {
            "input_vectors": _array(self.inputs_layer.table())[: self.bias.shape[0]],
            "activity_vectors": _array(self.classes_layer.table()),
            "activity_bias": _array(self.bias),
        }


class Vectors(keras.layers.Layer):  # type: ignore[misc]
    """One learnt vector per activity; inner products of two begin at about unit size."""

    def __init__(self, n_activities: int, size: int) -> None:
        super().__init__()
        spread = keras.initializers.RandomNormal(stddev=1 / math.sqrt(size))
        self.vectors = self.add_weight(shape=(n_activities, size), initializer=spread, name="vectors")
        self.built = True

    def table(self, training: bool = False) -> Any:
        """Shape (n_activities, size)."""
        return self.vectors


@dataclass
class _Lesson:
    """What `loop.train` asks for."""

    model: Any
    config: NeuralConfig
    most: int
    hidden_share: float
    training: Sequences
    held_out: windows.HeldOut
    recipe: str
    newcomers: bags.Newcomers | None

    def epoch(self, generator: np.random.Generator) -> loop.Batches:
        size, share = self.config.batch_size, self.hidden_share
        batches = bags.Epoch(self.training, self.most, size, share, generator, self.newcomers)
        return batches if self.model.teacher is None else self.model.teacher.taught(batches)

    def validate(self) -> float | None:
        return validation_ndcg(self._scores, self.held_out)

    def _scores(self, histories: Sequences) -> NDArray[np.float32]:
        latest = [history[-self.most :] for history in histories]
        rows, is_shown = np.zeros((2, len(latest), self.most), np.float32)
        for row, history in enumerate(latest):
            rows[row, : len(history)] = history
            is_shown[row, : len(history)] = 1.0
        scores: NDArray[np.float32] = self.model.scores(rows.astype(np.int32), is_shown)
        return scores


def train(
    build: Callable[[NDArray[np.int64]], Any],
    interactions: Interactions,
    config: NeuralConfig,
    options: FitOptions,
    *,
    most: int,
    hidden_share: float,
    newcomers: bags.Newcomers | None = None,
) -> Any:
    """The trained model that `build` makes from the counts of the activities.

    Args:
        build: makes a model with `call`, `compute_loss` and `scores` as those of `BagModel`.
        interactions: what is learnt from.
        config: of the algorithm.
        options: of the run.
        most: events of one history that are looked at.
        hidden_share: of the events, 0..1.
        newcomers: what some are known by instead, if anything is known.

    Raises:
        NotEnoughData: nobody has two events.
        TrainingStopped: on request.
    """
    lists = interactions.sequences()
    bags.check(lists)
    generator = loop.begin(options)
    training, held_out = windows.hold_out(lists, generator)
    model = build(np.bincount(training.activity_index, minlength=interactions.n_activities))
    if options.teacher is not None:
        model.teacher = Teacher(options.teacher)
    if newcomers is not None:
        newcomers = newcomers.known_then(training)
    lesson = _Lesson(model, config, most, hidden_share, training, held_out, interactions.fingerprint, newcomers)
    loop.train(lesson, config, options, generator)
    return model


def _array(tensor: Any) -> NDArray[np.float32]:
    found: NDArray[np.float32] = ops.convert_to_numpy(tensor).astype(np.float32)
    return found
