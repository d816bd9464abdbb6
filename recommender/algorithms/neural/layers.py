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
        self.looked_at, self.looking = (
            keras.layers.Dense(2 * self.size, kernel_initializer=_as_one_of_four(), name=name)
            for name in ("looked_at", "looking")
        )
        self.out = keras.layers.Dense(self.size, name="out")
        for layer in (self.looked_at, self.looking, self.out):
            layer.build(input_shape)
        slopes = np.geomspace(_STEEPEST, _FLATTEST, self.heads)
        start = -slopes[:, None] * np.arange(self.max_length)
        self.nearness = self.add_weight(shape=(self.heads, self.max_length), initializer="zeros", name="nearness")
        self.nearness.assign(start.astype(np.float32))

    def call(self, inputs: Any, places: Any = None) -> Any:
        """From (batch, length, size) to the same; length is at most `max_length`.

        With `places`, (batch, n_places), to (batch, n_places, size): what these places make of all before them.
        """
        asked = inputs if places is None else at_places(inputs, places)
        key, value = (self._by_head(one) for one in ops.split(self.looked_at(inputs), 2, axis=-1))
        query, gate = ops.split(self.looking(asked), 2, axis=-1)
        closeness = ops.matmul(self._by_head(query) * (self.heads / self.size) ** 0.5, ops.transpose(key, (0, 1, 3, 2)))
        # (batch, heads, n_places, length)
        share = ops.softmax(closeness + self._bias(places, ops.shape(inputs)[1]), axis=-1)
        mixed = ops.transpose(ops.matmul(share, value), (0, 2, 1, 3))
        return self.out(ops.reshape(mixed, ops.shape(gate)) * ops.silu(gate))

    def _by_head(self, inputs: Any) -> Any:
        """From (batch, length, size) to (batch, heads, length, size / heads)."""
        parts = ops.reshape(inputs, (-1, ops.shape(inputs)[1], self.heads, self.size // self.heads))
        return ops.transpose(parts, (0, 2, 1, 3))

    def _bias(self, places: Any, length: Any) -> Any:
        """Shape (batch or 1, heads, n_places, length): what distance does, and minus infinity for what is to come."""
        every = ops.arange(length)
        distance = ops.expand_dims(ops.expand_dims(every, 0) if places is None else places, -1) - every
        learnt = ops.moveaxis(ops.take(self.nearness, ops.maximum(distance, 0), axis=1), 0, 1)
        return ops.where(ops.expand_dims(distance, 1) >= 0, learnt, _FORBIDDEN)


def _as_one_of_four() -> keras.initializers.Initializer:
    """For a part of what could be one layer, four times as wide as its input: 6 / (1 + 4) is 3 times 0.4.

    Glorot & Bengio, AISTATS 2010. Made anew for each layer: a common one would draw the same numbers twice.
    """
    return keras.initializers.VarianceScaling(0.4, "fan_in", "uniform")


def at_places(inputs: Any, places: Any) -> Any:
    """From (batch, length, size) and (batch, n_places) to (batch, n_places, size).

    A product with ones and zeros, which is exact and which every exporter and back end has.
    """
    is_there = ops.cast(ops.expand_dims(places, -1) == ops.arange(ops.shape(inputs)[1]), inputs.dtype)
    return ops.matmul(is_there, inputs)


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
class AttentionBlock(keras.layers.Layer):  # type: ignore[misc]
    """Attention, then a gated unit, each behind a normalisation and added to what was there."""

    def __init__(self, heads: int, max_length: int, dropout: float, **options: Any) -> None:
        super().__init__(**options)
        self.normals = [keras.layers.LayerNormalization(epsilon=1e-6) for _ in range(2)]
        self.attention = CausalAttention(heads, max_length)
        self.dropout = keras.layers.Dropout(dropout)

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes; a stored network is made again from it."""
        of_attention = {name: getattr(self.attention, name) for name in ("heads", "max_length")}
        return {**super().get_config(), **of_attention, "dropout": self.dropout.rate}

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.unit = GatedUnit(2 * (input_shape[-1] or 1), self.dropout.rate)
        for layer in (*self.normals, self.attention, self.unit):
            layer.build(input_shape)

    def call(self, inputs: Any, places: Any = None, training: bool = False) -> Any:
        """As `CausalAttention`, whose shapes it keeps."""
        mixed = self.attention(self.normals[0](inputs), places)
        hidden = inputs if places is None else at_places(inputs, places)
        hidden = hidden + self.dropout(mixed, training=training)
        return hidden + self.dropout(self.unit(self.normals[1](hidden), training=training), training=training)


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
