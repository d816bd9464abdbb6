"""Training any causal encoder to tell a learner's next activity. Imports Keras: only `fit` may import this.

Loss: softmax cross-entropy over the catalogue, or over negatives drawn uniformly and shared by a batch, with
their share of the denominator corrected (Jean et al., ACL 2015, section 3). Softmax instead of the published
binary loss is what closes the gap to later models: Klenitskiy & Vasilev, RecSys 2023 (arXiv 2309.07602).
"""

import math
import tempfile
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from recommender.algorithms.base import FitOptions, Progress, State
from recommender.algorithms.neural import windows
from recommender.algorithms.sequence_scorer import Encoder
from recommender.datasets.interactions import Sequences
from recommender.errors import NotSupported

_CUTOFF = 10
_MOST_DIFFERENCE = 1e-3  # between Keras and LiteRT; 2e-6 is usual
_SLOWER, _MOST_SLOWED = 0.3, 2
_VALIDATION_BLOCK = 256
_PROGRESS_SECONDS = 1.0
# Fewer activities than so many times the negatives: all of them cost about the same and say more.
_FULL_SOFTMAX_FACTOR = 4


@dataclass(frozen=True)
class Schedule:
    """The part of a config that is about training rather than about the network."""

    embedding_size: int
    max_length: int
    negatives: int
    epochs: int
    patience: int
    batch_size: int
    learning_rate: float


class NextStep(keras.Model):  # type: ignore[misc]
    """Activity vectors below an encoder, and the same vectors with a bias above it as classes.

    `counts` (n_activities,) is how often each activity came next: the bias begins at its logarithm, so that the
    first steps are not spent on learning what is popular.
    """

    def __init__(self, encoder: keras.Model, counts: NDArray[np.int64], size: int, negatives: int) -> None:
        super().__init__()
        n_activities = len(counts)
        frequency = (counts + 1.0) / (counts + 1.0).mean()
        # Inner products of unit size at the start: a uniform guess, and gradients of a useful size.
        spread = keras.initializers.RandomNormal(stddev=1 / math.sqrt(size))
        self.vectors = keras.layers.Embedding(n_activities, size, embeddings_initializer=spread)
        self.bias = self.add_weight(shape=(n_activities,), initializer="zeros", name="bias")
        self.bias.assign(np.log(frequency).astype(np.float32))
        self.encoder = encoder
        self.n_activities = n_activities
        self.negatives = 0 if n_activities <= _FULL_SOFTMAX_FACTOR * negatives else negatives
        self.drawn = keras.random.SeedGenerator()

    def call(self, inputs: Any, training: bool = False) -> Any:
        """From (batch, length) activity indices to (batch, length, size)."""
        return self.encoder(self.vectors(inputs), training=training)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Mean over the real events of -log softmax of the one that came next."""
        table = self.vectors.embeddings
        if self.negatives:
            losses = self._sampled_losses(y, y_pred, table)
        else:
            logits = ops.matmul(y_pred, ops.transpose(table)) + self.bias  # (batch, length, n_activities)
            losses = ops.sparse_categorical_crossentropy(y, logits, from_logits=True)
        return ops.sum(losses * sample_weight) / ops.maximum(ops.sum(sample_weight), 1.0)

    def _sampled_losses(self, y: Any, y_pred: Any, table: Any) -> Any:
        drawn = keras.random.randint((self.negatives,), 0, self.n_activities, seed=self.drawn)
        right = ops.sum(y_pred * ops.take(table, y, axis=0), axis=-1) + ops.take(self.bias, y)  # (batch, length)
        wrong = ops.matmul(y_pred, ops.transpose(ops.take(table, drawn, axis=0)))  # (batch, length, negatives)
        wrong = wrong + ops.take(self.bias, drawn) + math.log((self.n_activities - 1) / self.negatives)
        wrong = ops.where(ops.expand_dims(y, -1) == drawn, -1e9, wrong)  # drawn by chance: it is not wrong
        return ops.logaddexp(right, ops.logsumexp(wrong, axis=-1)) - right


class _Watch:
    """Reports, obeys a stop, keeps the best weights, and says when the budget or the patience is spent.

    Step size falls when patience runs out, twice, and not by a plan of epochs: how many epochs a catalogue needs
    differs a hundredfold between an academy of 400 learners and a university.
    """

    def __init__(self, model: NextStep, held_out: windows.HeldOut, schedule: Schedule, options: FitOptions) -> None:
        self.model, self.held_out, self.schedule, self.options = model, held_out, schedule, options
        self.n_steps = self.step = self.epoch = self.worse_epochs = self.n_slowed = 0
        self.began = self.reported = time.monotonic()
        self.losses: list[float] = []  # of the epoch so far
        self.best, self.best_weights = -1.0, list[NDArray[np.float32]]()
        self.validation: dict[str, float] = {}
        self.ending = ""

    def after_batch(self, loss: float) -> None:
        self.options.check_stop()
        self.step += 1
        self.losses.append(loss)
        now = time.monotonic()
        if self.options.budget_seconds is not None and now - self.began >= self.options.budget_seconds:
            self.ending = "ended by the time budget"
        elif now - self.reported >= _PROGRESS_SECONDS:
            self.reported = now
            self.report(f"epoch {self.epoch + 1} of {self.schedule.epochs}")

    def after_epoch(self) -> None:
        """Validate. Without learners to hold out, every epoch counts as the best."""
        self.epoch += 1
        value = float(self.epoch)
        if self.held_out.histories:
            value = _ndcg(self.model, self.held_out, self.schedule.max_length)
            self.validation = {f"ndcg_{_CUTOFF}": value}
        self.worse_epochs = 0 if value > self.best else self.worse_epochs + 1
        if value > self.best:
            self.best, self.best_weights = value, self.model.get_weights()
        if self.worse_epochs >= self.schedule.patience and not self.ending:
            self._slow_down()
        self.report(self.ending or f"epoch {self.epoch} of {self.schedule.epochs} done")
        self.losses.clear()

    def _slow_down(self) -> None:
        """Smaller steps from the best weights on; the end where they were small already."""
        if self.n_slowed == _MOST_SLOWED:
            self.ending = f"ended after {self.worse_epochs} epochs without gain"
            return
        self.n_slowed += 1
        self.worse_epochs = 0
        self.model.set_weights(self.best_weights)
        self.model.optimizer.learning_rate.assign(self.schedule.learning_rate * _SLOWER**self.n_slowed)

    def report(self, message: str) -> None:
        loss = float(np.mean(self.losses)) if self.losses else None
        n_epochs = self.schedule.epochs
        self.options.progress(
            Progress(self.step, self.n_steps, message, self.epoch, n_epochs, loss, dict(self.validation))
        )


def train(encoder: keras.Model, lists: Sequences, n_activities: int, schedule: Schedule, options: FitOptions) -> State:
    """Fit the encoder and the activity vectors; returns the arrays of `SequenceScorer`.

    Raises:
        NotEnoughData: nobody has two events.
        NotSupported: the trained encoder cannot be exported.
        TrainingStopped: on request.
    """
    generator = np.random.default_rng(options.seed)
    training, held_out = windows.hold_out(lists, generator)
    counts = np.bincount(training.activity_index, minlength=n_activities)
    model = NextStep(encoder, counts, schedule.embedding_size, schedule.negatives)
    model.compile(optimizer=keras.optimizers.Adam(schedule.learning_rate), jit_compile=False)
    watch = _Watch(model, held_out, schedule, options)
    while watch.epoch < schedule.epochs and not watch.ending:
        epoch = windows.Epoch(training, schedule.max_length, schedule.batch_size, generator)
        watch.n_steps = watch.step + len(epoch) * (schedule.epochs - watch.epoch)
        for batch in epoch:
            watch.after_batch(float(model.train_on_batch(batch.inputs, batch.targets, batch.weights)))
            if watch.ending:
                break
        watch.after_epoch()
    model.set_weights(watch.best_weights)
    return {
        "encoder": _exported(encoder),
        "activity_vectors": ops.convert_to_numpy(model.vectors.embeddings).astype(np.float32),
        "activity_bias": ops.convert_to_numpy(model.bias).astype(np.float32),
    }


def on_device(device: str) -> AbstractContextManager[object]:
    """Keras's own choice for "auto"; "cpu" or "gpu" where a run asks for one."""
    return nullcontext() if device == "auto" else keras.device(f"{device}:0")


def _ndcg(model: NextStep, held_out: windows.HeldOut, max_length: int) -> float:
    """NDCG at 10 with one right answer, ranked among all activities not in the history; ties against the model."""
    table, bias = ops.convert_to_numpy(model.vectors.embeddings), ops.convert_to_numpy(model.bias)
    total = 0.0
    for start in range(0, len(held_out.histories), _VALIDATION_BLOCK):
        histories = held_out.histories[start : start + _VALIDATION_BLOCK]
        right = held_out.next_index[start : start + _VALIDATION_BLOCK]
        rows = np.arange(len(histories))
        padded = np.zeros((len(histories), max_length), np.int32)
        for row, history in enumerate(histories):
            latest = history[-max_length:]
            padded[row, : len(latest)] = latest
        last = np.minimum([len(history) for history in histories], max_length) - 1
        scores = np.asarray(model.predict_on_batch(padded))[rows, last] @ table.T + bias
        strength = scores[rows, right].copy()
        for row, history in enumerate(histories):
            scores[row, history] = -np.inf
        ranks = (scores >= strength[:, None]).sum(axis=1)
        total += float(np.where(ranks <= _CUTOFF, 1 / np.log2(1.0 + ranks), 0.0).sum())
    return total / len(held_out.histories)


def _exported(encoder: keras.Model) -> NDArray[np.uint8]:
    """The encoder as the bytes of a LiteRT flatbuffer; any batch, any length.

    Raises:
        NotSupported: the flatbuffer does not answer as the network does, so it could not serve.
    """
    with tempfile.TemporaryDirectory(prefix="neuralink-") as folder:
        path = Path(folder) / "encoder.tflite"
        encoder.export(str(path), format="litert", verbose=False)
        flatbuffer = np.frombuffer(path.read_bytes(), np.uint8)
    sample = np.random.default_rng(0).normal(size=(3, 2, encoder.input_shape[-1])).astype(np.float32)
    difference = float(np.abs(_served(flatbuffer, sample) - ops.convert_to_numpy(encoder(sample))).max())
    if not difference < _MOST_DIFFERENCE:
        raise NotSupported(f"The exported {encoder.name} differs from the trained one by {difference:g}.")
    return flatbuffer


def _served(flatbuffer: NDArray[np.uint8], sample: NDArray[np.float32]) -> NDArray[np.float32]:
    try:
        return Encoder(flatbuffer)(sample)
    except (RuntimeError, ValueError) as error:
        raise NotSupported(f"LiteRT cannot run what Keras exported: {error}") from error
