"""Layers that Keras does not have. Imports Keras: only `fit` may import this."""

import math
from typing import Any

import keras
from keras import ops


class Places(keras.layers.Layer):  # type: ignore[misc]
    """Adds a learnt vector for each place of the sequence, counted from its beginning."""

    def __init__(self, max_length: int, **options: Any) -> None:
        super().__init__(**options)
        self.max_length = max_length

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        size = input_shape[-1] or 1
        spread = keras.initializers.RandomNormal(stddev=1 / math.sqrt(size))
        self.table = self.add_weight(shape=(self.max_length, size), initializer=spread, name="table")

    def call(self, inputs: Any) -> Any:
        """From (batch, length, size) to the same; length is at most `max_length`."""
        return inputs + self.table[: ops.shape(inputs)[1]]
