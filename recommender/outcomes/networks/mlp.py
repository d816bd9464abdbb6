"""A dense network over the features: two layers, one output for the risk and one for the grade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from recommender.outcomes.examples import Examples
from recommender.outcomes.networks.network import Matrix, Network, NetworkConfig, relu


@dataclass(frozen=True)
class MLPConfig(NetworkConfig):
    """Those of every network."""


class MLP(Network):
    name = "mlp"
    config_class = MLPConfig
    arrays: ClassVar = {
        "first_kernel": 2, "first_bias": 1, "second_kernel": 2, "second_bias": 1,
        "risk_kernel": 2, "risk_bias": 1, "grade_kernel": 2, "grade_bias": 1, "scale": 2, "has_grades": 1,
    }  # fmt: skip

    def build(self, keras: Any, examples: Examples) -> Any:
        config = self.config
        features = keras.Input((examples.features.shape[1],))
        hidden = keras.layers.Dense(config.embedding_size, activation="relu")(features)
        hidden = keras.layers.Dropout(config.dropout)(hidden)
        hidden = keras.layers.Dense(config.embedding_size, activation="relu")(hidden)
        hidden = keras.layers.Dropout(config.dropout)(hidden)
        return keras.Model(features, [keras.layers.Dense(1)(hidden), keras.layers.Dense(1)(hidden)])

    def inputs(self, features: Matrix, examples: Examples) -> Any:
        return features

    def hidden(self, features: Matrix, examples: Examples) -> Matrix:
        state = self._fitted()
        first = relu(features @ state["first_kernel"] + state["first_bias"])
        return relu(first @ state["second_kernel"] + state["second_bias"])
