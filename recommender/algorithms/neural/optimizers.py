"""The optimisers by name. Imports Keras: only `fit` may import this."""

from collections.abc import Callable, Mapping
from typing import Any

import keras

from recommender.algorithms.neural.config import NeuralConfig

_MOMENTUM = 0.9
_CLIPPED_NORM = 5.0  # of all gradients together: one odd batch must not undo an epoch
_LEAST_AVERAGED_STEPS = 10

_KINDS: Mapping[str, Callable[..., keras.optimizers.Optimizer]] = {
    "sgd": keras.optimizers.SGD,
    "momentum": lambda **options: keras.optimizers.SGD(momentum=_MOMENTUM, nesterov=True, **options),
    "adagrad": keras.optimizers.Adagrad,
    "adam": keras.optimizers.Adam,
    # Which wants a number: none is no decay.
    "adamw": lambda weight_decay, **options: keras.optimizers.AdamW(weight_decay=weight_decay or 0.0, **options),
}


def optimizer(config: NeuralConfig, steps_per_epoch: int) -> Any:
    """The optimiser of `config`, with a running mean of the weights over about one epoch.

    The mean is what is validated and kept: it is worth several epochs of smaller steps (Polyak & Juditsky, 1992).
    Weight decay is decoupled from the gradient (Loshchilov & Hutter, ICLR 2019) whatever the optimiser, and spares
    biases and the scales of normalisation.
    """
    made = _KINDS[config.optimizer](
        learning_rate=config.learning_rate,
        weight_decay=config.regularization or None,
        global_clipnorm=_CLIPPED_NORM,
        use_ema=True,
        ema_momentum=1 - 1 / max(_LEAST_AVERAGED_STEPS, steps_per_epoch),
    )
    if config.regularization:
        made.exclude_from_weight_decay(var_names=["bias", "gamma", "beta", "nearness"])
    return made
