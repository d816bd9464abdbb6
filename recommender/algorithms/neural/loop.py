"""The training loop of every network: batches, validation, patience, budget, stop, checkpoints.

Imports Keras: only `fit` may import this.
"""

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from recommender.algorithms.base import FitOptions, Progress
from recommender.algorithms.neural import checkpoints
from recommender.algorithms.neural.config import NeuralConfig
from recommender.algorithms.neural.optimizers import optimizer

MEASURE = "ndcg_10"
_SLOWER, _MOST_SLOWED = 0.3, 2
_PROGRESS_SECONDS = 1.0
_CHECKPOINT_SECONDS = 60.0


class Batches(Protocol):
    """One epoch. A batch depends on its number alone, so that a resumed training skips those that are done."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> tuple[Any, Any, Any]:
        """What the network is given, what is right, and how much each answer counts."""
        ...


class Lesson(Protocol):
    """What a network brings to the loop. `recipe` names everything beside config and seed that it depends on."""

    model: Any  # keras.Model with a loss
    recipe: str

    def epoch(self, generator: np.random.Generator) -> Batches: ...

    def validate(self) -> float | None:
        """NDCG at 10 on learners held out; None where there are none."""
        ...


def on_device(device: str) -> AbstractContextManager[object]:
    """Keras's own choice for "auto"; "cpu" or "gpu" where a run asks for one."""
    return nullcontext() if device == "auto" else keras.device(f"{device}:0")


def compiles_each_shape() -> bool:
    """XLA gains nothing in TensorFlow on processors (MovieLens-1M: a third slower); JAX is slow without it."""
    backend: str = keras.backend.backend()
    return backend != "tensorflow"


def begin(options: FitOptions) -> np.random.Generator:
    """Seed everything that draws. Call it before a network is built."""
    keras.utils.set_random_seed(options.seed)
    keras.utils.clear_session()
    return np.random.default_rng(options.seed)


def train(lesson: Lesson, config: NeuralConfig, options: FitOptions, generator: np.random.Generator) -> None:
    """Fit `lesson.model`; it ends with the weights that validated best.

    Raises:
        TrainingStopped: on request.
    """
    watch = _Watch(lesson, config, options, generator)
    watch.resume()
    while not watch.ending and watch.epoch < config.epochs:
        watch.epoch_state = generator.bit_generator.state
        batches = lesson.epoch(generator)
        watch.n_batches = len(batches)
        watch.compile_once()
        while watch.batch < len(batches) and not watch.ending:
            batch = batches[watch.batch]
            if lesson.model.train_function is None and not compiles_each_shape():
                _trace_once(lesson.model, batch)
            watch.after_batch(float(lesson.model.train_on_batch(*batch)))
        watch.after_epoch()
    watch.finish()


def _trace_once(model: Any, batch: tuple[Any, Any, Any]) -> None:
    """TensorFlow alone: make the graph of a step for any number of rows and events, of which `batch` has some.

    Keras would make it for the first batch, and again for each of the next whose shape surprises it: up to three graphs
    before one fits all, which for SASRec at its defaults takes five seconds more.
    """
    import tensorflow as tf

    spec = keras.tree.map_structure(lambda one: tf.TensorSpec((None, None, *one.shape[2:]), one.dtype), tuple(batch))
    step = tf.function(model.train_step, input_signature=[spec], autograph=False)
    model.train_function = lambda batches: step(next(batches))


class _Watch:
    """Reports, obeys a stop, keeps the best weights and a checkpoint, and says when budget or patience is spent.

    Step size falls when patience runs out, twice, and not by a plan of epochs: how many epochs a catalogue needs
    differs a hundredfold between an academy of 400 learners and a university.
    """

    # What a checkpoint keeps besides variables; all plain values.
    _KEPT = (
        "step",
        "epoch",
        "batch",
        "worse_epochs",
        "n_slowed",
        "best",
        "losses",
        "validation",
        "epoch_state",
        "ending",
    )

    def __init__(
        self, lesson: Lesson, config: NeuralConfig, options: FitOptions, generator: np.random.Generator
    ) -> None:
        self.lesson, self.model, self.config, self.options = lesson, lesson.model, config, options
        self.generator = generator
        self.step = self.epoch = self.batch = self.n_batches = self.worse_epochs = self.n_slowed = 0
        self.began = self.reported = self.saved = time.monotonic()
        self.losses: list[float] = []  # of the epoch so far
        self.best, self.best_weights = -1.0, list[NDArray[np.float32]]()
        self.validation: dict[str, float] = {}
        self.epoch_state: Mapping[str, Any] = {}
        self.ending = ""
        self.found: checkpoints.Checkpoint | None = None
        self.is_compiled = False

    def resume(self) -> None:
        """Go back to the checkpoint, if there is one; the generator too, to where the epoch began."""
        folder = self.options.working_folder
        self.found = checkpoints.read(folder, self._recipe()) if folder else None
        if self.found is None:
            return
        for name in self._KEPT:
            setattr(self, name, self.found.facts[name])
        self.began -= self.found.facts["seconds"]
        self.generator.bit_generator.state = dict(self.epoch_state)
        self.best_weights = list(self.found.groups.get("best", []))

    def compile_once(self) -> None:
        """At the first epoch: only now the number of steps is known, and with it the span of the running mean."""
        if self.is_compiled:
            return
        self.is_compiled = True
        self.model.compile(optimizer=optimizer(self.config, self.n_batches), jit_compile=compiles_each_shape())
        self.model.optimizer.build(self.model.trainable_variables)
        if self.found is not None:
            _assign(self.model.variables, self.found.groups["model"])
            _assign(self.model.optimizer.variables, self.found.groups["optimizer"])
            self.found = None

    def after_batch(self, loss: float) -> None:
        self.options.check_stop()
        self.step += 1
        self.batch += 1
        self.losses.append(loss)
        now = time.monotonic()
        if self.options.budget_seconds is not None and now - self.began >= self.options.budget_seconds:
            self.ending = "ended by the time budget"
        elif now - self.reported >= _PROGRESS_SECONDS:
            self.reported = now
            self.report()
        if now - self.saved >= _CHECKPOINT_SECONDS:
            self.save()

    def after_epoch(self) -> None:
        """Validate the mean of the weights. Without learners to hold out, every epoch counts as the best."""
        self.epoch += 1
        self.batch = 0
        own = self.model.get_weights()
        self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
        # In JAX the two would share their memory, which a prediction gives away.
        self.model.set_weights([np.array(one) for one in self.model.get_weights()])
        found = self.lesson.validate()
        value = float(self.epoch) if found is None else found
        self.validation = {} if found is None else {MEASURE: found}
        self.worse_epochs = 0 if value > self.best else self.worse_epochs + 1
        if value >= self.best:  # of equal ones the later: it has seen more
            self.best, self.best_weights = value, self.model.get_weights()
        self.model.set_weights(own)
        if self.worse_epochs >= self.config.patience and not self.ending:
            self._slow_down()
        self.report(self.ending or "done")
        self.losses.clear()
        self.epoch_state = self.generator.bit_generator.state
        self.save()  # at the end too: what comes after the training may be killed as well

    def _slow_down(self) -> None:
        """Smaller steps from the best weights on; the end where they were small already."""
        if self.n_slowed == _MOST_SLOWED:
            self.ending = f"ended after {self.worse_epochs} epochs without gain"
            return
        self.n_slowed += 1
        self.worse_epochs = 0
        self.model.set_weights(self.best_weights)
        self.model.optimizer.learning_rate.assign(self.config.learning_rate * _SLOWER**self.n_slowed)

    def finish(self) -> None:
        self.model.set_weights(self.best_weights)

    def report(self, message: str = "") -> None:
        loss = float(np.mean(self.losses)) if self.losses else None
        n_steps = self.step + self.n_batches * (self.config.epochs - self.epoch) - self.batch
        self.options.progress(
            Progress(self.step, n_steps, message, self.epoch, self.config.epochs, loss, dict(self.validation))
        )

    def save(self) -> None:
        folder = self.options.working_folder
        if folder is None:
            return
        facts = {name: getattr(self, name) for name in self._KEPT} | {"seconds": time.monotonic() - self.began}
        groups = {
            "model": _arrays(self.model.variables),
            "optimizer": _arrays(self.model.optimizer.variables),
            "best": self.best_weights,
        }
        checkpoints.write(folder, self._recipe(), checkpoints.Checkpoint(facts, groups))
        self.saved = time.monotonic()

    def _recipe(self) -> str:
        shapes = [
            tuple(one.shape) for one in self.model.trainable_variables
        ]  # another release may build another network
        whole = {**self.config.as_dict(), "seed": self.options.seed, "weights": shapes}
        return f"{type(self.config).__name__} {whole} {self.lesson.recipe}"


def _arrays(variables: list[Any]) -> list[NDArray[Any]]:
    return [ops.convert_to_numpy(one) for one in variables]


def _assign(variables: list[Any], arrays: checkpoints.Arrays) -> None:
    for one, array in zip(variables, arrays, strict=True):
        one.assign(array)
