"""Training any causal encoder to tell a learner's next activities. Imports Keras: only `fit` may import this.

With `target_steps` what comes within some steps, and not only at the next, which is what a list of ten is asked for; as
PinnerFormer draws one of the later events (Pancha et al., KDD 2022), here the nearer the likelier.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from recommender.algorithms.base import FitOptions, State
from recommender.algorithms.neural import loop, losses, windows
from recommender.algorithms.neural.config import NextStepConfig
from recommender.algorithms.neural.export import drawn_sample, exported
from recommender.algorithms.neural.ranking import validation_ndcg
from recommender.algorithms.neural.teaching import Teacher
from recommender.algorithms.sequence_scorer import N_GAPS, padded
from recommender.datasets.interactions import DAY_SECONDS, Index, Interactions, Sequences

# Fewer activities than so many times the negatives: all of them cost about the same and say more.
_FULL_SOFTMAX_FACTOR = 4
_EVENTS_OF_ALL_TIME = 10.0  # among the late ones, so that the only one of its week does not outweigh everything
_SHAPES = 4  # of batches, where each costs a compilation; more would pad less


class NextStep(keras.Model):  # type: ignore[misc]
    """Activity vectors below an encoder, and the same vectors with a bias above it as classes.

    `counts` (n_activities,) is how often each activity came next: the bias begins at its logarithm, so that the
    first steps are not spent on learning what is popular.
    """

    def __init__(
        self,
        encoder: keras.Model,
        counts: NDArray[np.int64],
        size: int,
        n_negatives: int,
        teacher: Teacher | None = None,
        *,
        has_gaps: bool = False,
    ) -> None:
        super().__init__()
        self.teacher = teacher
        frequency = (counts + 1.0) / (counts + 1.0).mean()
        # Inner products of unit size at the start: a uniform guess, and gradients of a useful size.
        spread = keras.initializers.RandomNormal(stddev=1 / math.sqrt(size))
        self.vectors = keras.layers.Embedding(len(counts), size, embeddings_initializer=spread)
        self.vectors.build()
        self.gaps = keras.layers.Embedding(N_GAPS, size, embeddings_initializer="zeros") if has_gaps else None
        if self.gaps is not None:
            self.gaps.build()
        self.bias = self.add_weight(shape=(len(counts),), initializer="zeros", name="bias")
        self.bias.assign(np.log(frequency).astype(np.float32))
        self.encoder = encoder
        is_small = len(counts) <= _FULL_SOFTMAX_FACTOR * n_negatives
        self.negatives = None if is_small else losses.Negatives(counts, n_negatives)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """From (batch, length) activity indices, and kinds of gap where it has them, to (batch, length, size)."""
        parts = inputs if isinstance(inputs, tuple | list) else (inputs,)  # with a teacher the last is for the loss
        vectors = self.vectors(parts[0])
        return self.encoder(vectors if self.gaps is None else vectors + self.gaps(parts[1]), training=training)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Mean over the real events of -log softmax of the one that came next."""
        encoded, right = ops.reshape(y_pred, (-1, y_pred.shape[-1])), ops.reshape(y, (-1,))
        loss_of = losses.full_losses if self.negatives is None else self.negatives.losses_of
        each = loss_of(encoded, right, self.vectors.embeddings, self.bias)
        if self.teacher is not None:
            told = ops.reshape(x[-1], (-1, x[-1].shape[-1]))
            among = None if self.negatives is None else self.negatives.drawn()
            each = self.teacher.mixed(each, told, encoded, self.vectors.embeddings, self.bias, among)
        weights = ops.reshape(sample_weight, (-1,))
        return ops.sum(each * weights) / ops.maximum(ops.sum(weights), 1.0)


@dataclass
class _Lesson:
    """What `loop.train` asks for."""

    model: NextStep
    config: NextStepConfig
    max_length: int
    training: Sequences
    held_out: windows.HeldOut
    recipe: str
    noise_share: float

    def epoch(self, generator: np.random.Generator) -> loop.Batches:
        n_shapes = _SHAPES if loop.compiles_each_shape() else None
        batches = windows.Epoch(
            self.training,
            self.max_length,
            self.config.batch_size,
            generator,
            n_shapes,
            self.noise_share,
            has_gaps=self.model.gaps is not None,
            target_steps=self.config.target_steps,
        )
        return batches if self.model.teacher is None else self.model.teacher.taught(batches)

    def validate(self) -> float | None:
        return validation_ndcg(self._scores, self.held_out)

    def _scores(self, histories: Sequences) -> NDArray[np.float32]:
        parts = [list(histories)]
        if self.model.gaps is not None and histories.at is not None:
            parts.append(list(Sequences(histories.offsets, histories.at.astype(np.int32))))
        inputs, last = zip(*(padded(part, self.max_length) for part in parts), strict=True)
        # One length for all batches, so that the graph is made once.
        inputs = tuple(np.pad(one, ((0, 0), (0, self.max_length - one.shape[1]))) for one in inputs)
        encoded = np.asarray(self.model.predict_on_batch(inputs))[np.arange(len(histories)), last[0]]
        table, bias = self.model.vectors.embeddings, self.model.bias
        scores: NDArray[np.float32] = encoded @ ops.convert_to_numpy(table).T + ops.convert_to_numpy(bias)
        return scores


def train(
    encoder: keras.Model,
    interactions: Interactions,
    config: NextStepConfig,
    options: FitOptions,
    generator: np.random.Generator,
    *,
    max_length: int,
    noise_share: float = 0.0,
    kinds_of: Callable[[NDArray[np.int64], NDArray[np.int64]], Index] | None = None,
    exports: tuple[keras.Model, list[NDArray[Any]]] | None = None,
) -> State:
    """Fit the encoder and the activity vectors; returns the arrays of `SequenceScorer`.

    `kinds_of` is what is looked at of the times of lists that lie one after the other, given with their lengths.
    `exports` is what serving asks where that is not the encoder, and a sample of its inputs.

    Raises:
        NotEnoughData: nobody has two events.
        NotSupported: the trained encoder cannot be exported.
        TrainingStopped: on request.
    """
    lists = interactions.sequences()
    if kinds_of is not None and lists.at is not None:  # from here on they stand in the place of the times
        lists = replace(lists, at=kinds_of(lists.at, lists.lengths).astype(np.int64))
    training, held_out = windows.hold_out(lists, generator)
    counts = np.bincount(training.activity_index, minlength=interactions.n_activities)
    teacher = None
    if options.teacher is not None:
        its_config: Any = options.teacher.config
        teacher = Teacher(options.teacher, of_now(interactions, its_config.half_life_days))
    model = NextStep(encoder, counts, config.embedding_size, config.negatives, teacher, has_gaps=kinds_of is not None)
    lesson = _Lesson(model, config, max_length, training, held_out, interactions.fingerprint, noise_share)
    loop.train(lesson, config, options, generator)
    network, samples = exports or (encoder, [drawn_sample(3, 2, config.embedding_size)])
    learnt = {"activity_vectors": model.vectors.embeddings, "activity_bias": model.bias}
    if model.gaps is not None:
        learnt["gap_vectors"] = model.gaps.embeddings
    arrays = {name: ops.convert_to_numpy(one).astype(np.float32) for name, one in learnt.items()}
    arrays["activity_bias"] += of_now(interactions, config.half_life_days)
    return {"encoder": exported(network, *samples), **arrays}


def of_now(interactions: Interactions, half_life_days: float | None) -> NDArray[np.float32]:
    """Shape (n_activities,): what a softmax that learnt from all time adds to its answers to tell of now.

    The logarithm of how much larger the share of an activity is lately than at all times, with some events of all times
    among the late ones, and one more on either side for those that were hardly ever met. That is Bayes' rule where
    what leads to an activity stays as it was and only how often it is met changes (Saerens, Latinne & Decaestecker,
    Neural Computation 14, 2002, equation 2.4). Zeros without a half-life.
    """
    always = np.bincount(interactions.activity_index, minlength=interactions.n_activities)
    if half_life_days is None:
        return np.zeros(len(always), np.float32)
    counted = np.exp2((interactions.at - interactions.at.max()) / (DAY_SECONDS * half_life_days))
    lately = np.bincount(interactions.activity_index, counted, len(always))
    lately = (lately + _EVENTS_OF_ALL_TIME * always / always.sum()) / (lately.sum() + _EVENTS_OF_ALL_TIME)
    added: NDArray[np.float32] = np.log((lately * always.sum() + 1) / (always + 1)).astype(np.float32)
    return added
