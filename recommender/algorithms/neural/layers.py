"""Layers that Keras does not have. Imports Keras: only `fit` may import this."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

_FORBIDDEN = -1e9
_STEEPEST, _FLATTEST = 0.5, 1 / 128  # fall of closeness per step of distance, where training begins


@keras.saving.register_keras_serializable("neuralink")
class CausalAttention(keras.layers.Layer):  # type: ignore[misc]
    """Scaled dot-product attention to oneself and what came before (Vaswani et al., 2017, section 3.2), gated.

    Where something stands is told by a learnt bias per head and distance (Shaw et al., NAACL 2018), which begins
    as the slopes of ALiBi (Press et al., ICLR 2022): some heads look far, some hardly back. The answer is
    multiplied by a gate made from the input (HSTU: Zhai et al., ICML 2024, section 3.2).

    Written out because `keras.layers.MultiHeadAttention` takes another path without dropout, whose slices the
    export to LiteRT cannot express. The shares themselves are not dropped out: on MovieLens-1M that took a quarter of
    an epoch, because a number is drawn for every pair of events.
    """

    def __init__(self, heads: int, max_length: int, **options: Any) -> None:
        super().__init__(**options)
        self.heads = heads
        self.max_length = max_length

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes; a stored network is made again from it."""
        return {**super().get_config(), "heads": self.heads, "max_length": self.max_length}

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.size = input_shape[-1] or 1
        self.into = keras.layers.Dense(4 * self.size, name="into")
        self.out = keras.layers.Dense(self.size, name="out")
        self.into.build(input_shape)
        self.out.build(input_shape)
        slopes = np.geomspace(_STEEPEST, _FLATTEST, self.heads)
        start = -slopes[:, None] * np.arange(self.max_length)
        self.nearness = self.add_weight(shape=(self.heads, self.max_length), initializer="zeros", name="nearness")
        self.nearness.assign(start.astype(np.float32))

    def call(self, inputs: Any) -> Any:
        """From (batch, length, size) to the same; length is at most `max_length`."""
        length, part = ops.shape(inputs)[1], self.size // self.heads
        *parts, gate = ops.split(self.into(inputs), 4, axis=-1)
        query, key, value = (
            # (batch, length, size) -> (batch, heads, length, part)
            ops.transpose(ops.reshape(one, (-1, length, self.heads, part)), (0, 2, 1, 3))
            for one in parts
        )
        closeness = ops.matmul(query * (1 / math.sqrt(part)), ops.transpose(key, (0, 1, 3, 2)))
        share = ops.softmax(closeness + self._bias(length), axis=-1)  # (batch, heads, length, length)
        mixed = ops.matmul(share, value)
        # (batch, heads, length, part) -> (batch, length, size)
        together = ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (-1, length, self.size))
        return self.out(together * ops.silu(gate))

    def _bias(self, length: Any) -> Any:
        """Shape (heads, length, length): what distance does, and minus infinity for what is yet to come."""
        place = ops.arange(length)
        distance = ops.expand_dims(place, 1) - ops.expand_dims(place, 0)
        learnt = ops.take(self.nearness, ops.maximum(distance, 0), axis=1)
        return ops.where(distance >= 0, learnt, _FORBIDDEN)


@keras.saving.register_keras_serializable("neuralink")
class GatedUnit(keras.layers.Layer):  # type: ignore[misc]
    """Position-wise SwiGLU: silu(x A) * (x B) C; Shazeer, "GLU variants improve Transformer", 2020."""

    def __init__(self, width: int, dropout: float, **options: Any) -> None:
        super().__init__(**options)
        self.width = width
        self.dropout = keras.layers.Dropout(dropout)

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes; a stored network is made again from it."""
        return {**super().get_config(), "width": self.width, "dropout": self.dropout.rate}

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.into = keras.layers.Dense(2 * self.width, name="into")
        self.out = keras.layers.Dense(input_shape[-1] or 1, name="out")
        self.into.build(input_shape)
        self.out.build((*input_shape[:-1], self.width))

    def call(self, inputs: Any, training: bool = False) -> Any:
        """From (batch, length, size) to the same."""
        gate, wide = ops.split(self.into(inputs), 2, axis=-1)
        return self.out(self.dropout(ops.silu(gate) * wide, training=training))


@keras.saving.register_keras_serializable("neuralink")
class SharedFilters(keras.layers.Layer):  # type: ignore[misc]
    """Weighted sums over the latest `window` places, the same weights for each number: Caser's vertical filters."""

    def __init__(self, filters: int, window: int, **options: Any) -> None:
        super().__init__(**options)
        self.filters = filters
        self.sums = keras.layers.Conv1D(filters, window, padding="causal", name="sums")

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes; a stored network is made again from it."""
        return {**super().get_config(), "filters": self.filters, "window": self.sums.kernel_size[0]}

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.sums.build((None, None, 1))

    def call(self, inputs: Any) -> Any:
        """From (batch, length, size) to (batch, length, size x filters)."""
        length, size = ops.shape(inputs)[1], inputs.shape[-1]
        each = ops.reshape(ops.transpose(inputs, (0, 2, 1)), (-1, length, 1))
        sums = ops.reshape(self.sums(each), (-1, size, length, self.filters))
        return ops.reshape(ops.transpose(sums, (0, 2, 1, 3)), (-1, length, size * self.filters))


@keras.saving.register_keras_serializable("neuralink")
class Code(keras.layers.Layer):  # type: ignore[misc]
    """The code of a variational autoencoder: a draw while training, its mean after (Kingma & Welling, ICLR 2014).

    Adds the divergence from a standard normal to the losses, times a weight that grows to `share` within `n_steps`.
    """

    def __init__(self, size: int, share: float, n_steps: int, **options: Any) -> None:
        super().__init__(**options)
        self.share, self.n_steps = share, n_steps
        self.parameters = keras.layers.Dense(2 * size, name="parameters")
        self.seeds = keras.random.SeedGenerator()

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes; a stored network is made again from it."""
        return {
            **super().get_config(),
            "size": self.parameters.units // 2,
            "share": self.share,
            "n_steps": self.n_steps,
        }

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.parameters.build(input_shape)
        self.step = self.add_weight(shape=(), initializer="zeros", trainable=False, name="step")

    def call(self, inputs: Any, training: bool = False) -> Any:
        """From (batch, width) to (batch, size)."""
        mean, log_variance = ops.split(self.parameters(inputs), 2, axis=-1)
        if not training:
            return mean
        divergence = 0.5 * ops.sum(ops.exp(log_variance) + mean**2 - 1.0 - log_variance, axis=-1)
        self.add_loss(self.share * ops.minimum(self.step / self.n_steps, 1.0) * ops.mean(divergence))
        self.step.assign_add(1.0)
        return mean + ops.exp(0.5 * log_variance) * keras.random.normal(ops.shape(mean), seed=self.seeds)


class DescribedVectors(keras.layers.Layer):  # type: ignore[misc]
    """A vector per activity, plus the mean of the vectors of its features.

    `hashed` are bucket and weight of each feature, shape (n_activities, most) both. While training, a share of the own
    vectors is hidden, so that features alone must do.
    """

    def __init__(self, n_activities: int, n_buckets: int, size: int, hashed: tuple[Any, Any], share: float) -> None:
        super().__init__(name="described")
        self.index, self.weight, self.share = *hashed, share
        spread = keras.initializers.RandomNormal(stddev=1 / math.sqrt(size))
        self.own = self.add_weight(shape=(n_activities, size), initializer=spread, name="own")
        self.features = self.add_weight(shape=(n_buckets, size), initializer=spread, name="features")
        self.seeds = keras.random.SeedGenerator()
        self.built = True

    def table(self, training: bool = False) -> Any:
        """Shape (n_activities, size)."""
        own = self.own
        if training and self.share:
            is_kept = keras.random.uniform((own.shape[0], 1), seed=self.seeds) >= self.share
            own = own * ops.cast(is_kept, own.dtype)
        gathered = ops.take(self.features, self.index, axis=0) * ops.expand_dims(self.weight, -1)
        return own + ops.sum(gathered, axis=1)


class WithFeatures(keras.layers.Layer):  # type: ignore[misc]
    """The table of described vectors, and below it the vectors of the features in the buckets `index`, (n,)."""

    def __init__(self, described: DescribedVectors, index: Any) -> None:
        super().__init__(name="with_features")
        self.described, self.index = described, index
        self.built = True

    def table(self, training: bool = False) -> Any:
        """Shape (n_activities + n, size)."""
        return ops.concatenate([self.described.table(training), ops.take(self.described.features, self.index, axis=0)])


class Tower(keras.layers.Layer):  # type: ignore[misc]
    """A network over the table of another layer."""

    def __init__(self, below: Any, network: keras.Model) -> None:
        super().__init__(name="tower")
        self.below, self.network = below, network
        self.built = True

    def table(self, training: bool = False) -> Any:
        """Shape (n_activities, size)."""
        return self.network(self.below.table(training), training=training)
