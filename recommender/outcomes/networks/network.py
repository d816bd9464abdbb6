"""What the networks share: scaled features in, a logit and a grade out; Keras to learn, NumPy to answer."""

from __future__ import annotations

import time
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import FitOptions, Progress, State
from recommender.algorithms.config import Config, parameter
from recommender.datasets.studies import Floats
from recommender.outcomes.base import Predictor
from recommender.outcomes.examples import Examples
from recommender.outcomes.scaling import learn_scale, scaled

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class NetworkConfig(Config):
    embedding_size: int = parameter(48, minimum=4, maximum=512, doc="units of each layer")
    epochs: int = parameter(12, minimum=1, maximum=500, doc="times that every example is seen")
    batch_size: int = parameter(512, minimum=8, maximum=65_536, doc="examples of one step")
    learning_rate: float = parameter(0.002, minimum=1e-6, maximum=1.0, doc="of Adam")
    dropout: float = parameter(0.2, minimum=0.0, maximum=0.9, doc="share of units left out in a step")


class Network(Predictor):
    """Base of `mlp` and `gru`; a subclass builds the Keras model and walks it in NumPy."""

    needs_keras = True
    config: NetworkConfig

    def learn(self, examples: Examples, options: FitOptions) -> State:
        import keras

        keras.utils.set_random_seed(options.seed)
        scale = learn_scale(examples.features)
        known = np.isfinite(examples.grade_share)
        model = self.build(keras, examples)
        model.compile(
            optimizer=keras.optimizers.Adam(self.config.learning_rate, clipnorm=1.0),
            loss=[keras.losses.BinaryCrossentropy(from_logits=True), keras.losses.MeanSquaredError()],
        )
        targets = [examples.is_risk.astype(np.float32)[:, None], np.nan_to_num(examples.grade_share)[:, None]]
        weights = [np.ones(len(examples), np.float32), known.astype(np.float32)]
        inputs = self.inputs(scaled(examples.features, scale), examples)
        _prepare(keras, model, inputs, targets, weights)
        begun = time.monotonic()
        for epoch in range(self.config.epochs):
            options.check_stop()
            done = model.fit(
                inputs, targets, sample_weight=weights, batch_size=self.config.batch_size, verbose=0, epochs=1
            )
            loss = float(done.history["loss"][0])
            options.progress(
                Progress(epoch + 1, self.config.epochs, epoch=epoch + 1, n_epochs=self.config.epochs, loss=loss)
            )
            if options.budget_seconds and time.monotonic() - begun > options.budget_seconds:
                break
        arrays = {
            name: np.asarray(weight, np.float32)
            for name, weight in zip(self.weight_names(), model.get_weights(), strict=True)
        }
        return arrays | {"scale": scale, "has_grades": np.array([float(known.any())], np.float32)}

    def raw(self, examples: Examples) -> tuple[Floats, Floats]:
        return self.answer(scaled(examples.features, self._fitted()["scale"]), examples)

    def answer(self, features: Matrix, examples: Examples) -> tuple[Floats, Floats]:
        """As `raw`, of features that are scaled already."""
        state = self._fitted()
        hidden = self.hidden(features, examples)
        risk, grade = (hidden @ state[f"{name}_kernel"] + state[f"{name}_bias"] for name in ("risk", "grade"))
        told = grade[:, 0] if state["has_grades"][0] else np.full(len(grade), np.nan)
        return risk[:, 0].astype(np.float64), told.astype(np.float64)

    @abstractmethod
    def build(self, keras: Any, examples: Examples) -> Any:
        """A Keras model with two outputs: the logit and the grade."""

    @abstractmethod
    def inputs(self, features: Matrix, examples: Examples) -> Any:
        """What the model takes."""

    @abstractmethod
    def hidden(self, features: Matrix, examples: Examples) -> Matrix:
        """(k, units): the last layer before the outputs, from the state's arrays."""

    @classmethod
    def weight_names(cls) -> list[str]:
        """In the order in which Keras has them."""
        return [name for name in cls.arrays if name not in {"scale", "has_grades"}]


def _prepare(keras: Any, model: Any, *data: Any) -> None:
    """Create what the first step would create: because of that TensorFlow would make the graph of a step twice."""
    model.optimizer.build(model.trainable_variables)
    inputs, targets, weights = keras.tree.map_structure(lambda one: one[:1], data)
    model.compute_loss(inputs, targets, model(inputs), weights)


def relu(values: Matrix) -> Matrix:
    return np.maximum(values, np.float32(0))
