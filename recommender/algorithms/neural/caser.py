"""Caser: convolutions over the latest few activities, as over an image, tell the next one.

Tang & Wang, "Personalized top-N sequential recommendation via convolutional sequence embedding", WSDM 2018 (arXiv
1809.07426), without its vector per learner, so that new learners are answered too, and with a softmax loss (see
`losses`). Written causally, so that every step of a history trains at once and not one window at a time.

Cost of an epoch: n_interactions x embedding_size x (window**2 / 2 x filters + 4 x embedding_size + negatives).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from recommender.algorithms.base import FitOptions, State
from recommender.algorithms.config import Span, parameter
from recommender.algorithms.neural.config import NextStepConfig
from recommender.algorithms.neural.memory import sequence_bytes
from recommender.algorithms.sequence_scorer import SequenceScorer
from recommender.datasets.interactions import Interactions

if TYPE_CHECKING:
    import keras

_VERTICAL = 4  # filters over time alone; the paper's best on MovieLens


@dataclass(frozen=True)
class CaserConfig(NextStepConfig):
    learning_rate: float = parameter(
        0.002, minimum=1e-6, maximum=10.0, search=Span(3e-4, 1e-2, is_log=True), doc="Size of a step."
    )
    window: int = parameter(8, minimum=1, maximum=50, doc="Latest activities that the filters see.")
    filters: int = parameter(16, minimum=1, maximum=256, doc="Horizontal filters of each height.")
    max_length: int = parameter(100, minimum=2, maximum=1000, doc="Steps of one history that train together.")


class Caser(SequenceScorer):
    """Horizontal filters see several activities at once, vertical ones weigh what was met by how long ago."""

    name: ClassVar[str] = "caser"
    config_class: ClassVar[type[NextStepConfig]] = CaserConfig
    config: CaserConfig

    @property
    def max_length(self) -> int:
        return self.config.window

    def memory_bytes(self, n_learners: int, n_activities: int, n_interactions: int) -> int:
        config, size = self.config, self.config.embedding_size
        wide = config.window * config.filters + _VERTICAL * size
        shape, n_parameters = (n_activities, n_interactions), size * (wide + config.window**2 * config.filters)
        per_event = 4 * wide + 16 * size
        return sequence_bytes(config, n_parameters, per_event, shape, config.negatives, config.max_length)

    def _learn(self, interactions: Interactions, options: FitOptions) -> State:
        from recommender.algorithms.neural import loop, next_step

        config = self.config
        with loop.on_device(options.device):
            generator = loop.begin(options)
            encoder = build_encoder(config)
            return next_step.train(
                encoder,
                interactions,
                config,
                options,
                generator,
                max_length=config.max_length,
            )


def build_encoder(config: CaserConfig) -> "keras.Model":
    """From (batch, length, embedding_size) to the same shape; position t sees t - window + 1 .. t."""
    from keras import Model, layers, ops

    from recommender.algorithms.neural.layers import SharedFilters

    size = config.embedding_size
    inputs = layers.Input((None, size))
    hidden = layers.Dropout(config.dropout)(inputs * size**0.5)
    parts: list[Any] = [SharedFilters(_VERTICAL, config.window)(hidden)]
    for height in range(1, config.window + 1):
        found = layers.Conv1D(config.filters, height, padding="causal", activation="relu")(hidden)
        # The most in all places of the window where a filter of this height fits; before the beginning there is 0.
        n_places = config.window - height + 1
        found = ops.pad(found, ((0, 0), (n_places - 1, 0), (0, 0)))
        parts.append(layers.MaxPooling1D(n_places, 1)(found))
    together = layers.Dropout(config.dropout)(ops.concatenate(parts, axis=-1))
    return Model(inputs, layers.Dense(size, activation="relu")(together), name="caser")
