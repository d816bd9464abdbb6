"""A recurrent network over the weeks, joined by the features of the day.

Gated recurrent units as in Cho et al., EMNLP 2014, with the reset gate after the product, as Keras has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from recommender.outcomes.examples import Examples
from recommender.outcomes.networks.network import Matrix, Network, NetworkConfig, relu


@dataclass(frozen=True)
class GRUConfig(NetworkConfig):
    """Those of every network."""


class GRU(Network):
    name = "gru"
    config_class = GRUConfig
    uses_weeks = True
    arrays: ClassVar = {
        "gru_kernel": 2, "gru_recurrent": 2, "gru_bias": 2, "joined_kernel": 2, "joined_bias": 1,
        "risk_kernel": 2, "risk_bias": 1, "grade_kernel": 2, "grade_bias": 1, "scale": 2, "has_grades": 1,
    }  # fmt: skip

    def build(self, keras: Any, examples: Examples) -> Any:
        config = self.config
        weeks = keras.Input(examples.weeks.shape[1:])
        features = keras.Input((examples.features.shape[1],))
        last = keras.layers.GRU(config.embedding_size)(weeks)
        joined = keras.layers.Concatenate()([last, features])
        hidden = keras.layers.Dense(config.embedding_size, activation="relu")(joined)
        hidden = keras.layers.Dropout(config.dropout)(hidden)
        return keras.Model([weeks, features], [keras.layers.Dense(1)(hidden), keras.layers.Dense(1)(hidden)])

    def inputs(self, features: Matrix, examples: Examples) -> Any:
        return [examples.weeks, features]

    def hidden(self, features: Matrix, examples: Examples) -> Matrix:
        state = self._fitted()
        joined = np.concatenate([self._last(examples.weeks), features], axis=1)
        return relu(joined @ state["joined_kernel"] + state["joined_bias"])

    def _last(self, weeks: Matrix) -> Matrix:
        """(k, units) after the last week."""
        state = self._fitted()
        kernel, recurrent, (bias, inner_bias) = state["gru_kernel"], state["gru_recurrent"], state["gru_bias"]
        units = recurrent.shape[0]
        memory = np.zeros((len(weeks), units), np.float32)
        for week in range(weeks.shape[1]):
            outer = weeks[:, week] @ kernel + bias
            inner = memory @ recurrent + inner_bias
            update, reset = (
                _gate(outer[:, part] + inner[:, part]) for part in (slice(0, units), slice(units, 2 * units))
            )
            new = np.tanh(outer[:, 2 * units :] + reset * inner[:, 2 * units :])
            memory = update * memory + (1 - update) * new
        return memory


def _gate(values: Matrix) -> Matrix:
    return np.asarray(1 / (1 + np.exp(-values)), np.float32)
