"""SASRec: self-attention over the latest activities tells the next one.

Kang & McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018 (arXiv 1808.09781), with two changes that
later work found to matter: normalisation before each part instead of after it (Xiong et al., ICML 2020), and a
softmax loss (see `next_step`).

Cost of an epoch: n_interactions x (12 embedding_size**2 x blocks + embedding_size x (max_length + negatives)).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from recommender.algorithms.base import FitOptions, State
from recommender.algorithms.config import Config, parameter
from recommender.algorithms.sequence_scorer import SequenceScorer
from recommender.datasets.interactions import Interactions
from recommender.errors import InvalidConfig

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class SASRecConfig(Config):
    embedding_size: int = parameter(64, minimum=4, maximum=1024, doc="Numbers per activity.")
    blocks: int = parameter(2, minimum=1, maximum=16, doc="Layers of attention.")
    heads: int = parameter(2, minimum=1, maximum=16, doc="Parts of each attention; divides embedding_size.")
    max_length: int = parameter(100, minimum=2, maximum=1000, doc="Latest activities that are looked at.")
    dropout: float = parameter(0.2, minimum=0.0, maximum=0.9, doc="Share of numbers hidden while training.")
    negatives: int = parameter(512, minimum=1, maximum=100_000, doc="Wrong answers drawn for each batch.")
    learning_rate: float = parameter(0.002, minimum=1e-6, maximum=1.0, doc="Step size of Adam.")
    batch_size: int = parameter(32, minimum=1, maximum=8192, doc="Windows of history per step.")
    epochs: int = parameter(100, minimum=1, maximum=10_000, doc="Passes over all histories, at most.")
    patience: int = parameter(
        2, minimum=1, maximum=1000, doc="After so many epochs without gain steps get smaller; the third time ends it."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.embedding_size % self.heads:
            raise InvalidConfig("heads", "SASRecConfig", f"a divisor of {self.embedding_size}", self.heads)


class SASRec(SequenceScorer):
    """The strength of an activity is the inner product of its vector and the encoded history."""

    name: ClassVar[str] = "sasrec"
    config_class: ClassVar[type[Config]] = SASRecConfig
    config: SASRecConfig

    def memory_bytes(self, n_learners: int, n_activities: int, n_interactions: int) -> int:
        config = self.config
        parameters = config.embedding_size * (n_activities + 12 * config.blocks * config.embedding_size)
        per_event = 16 * config.blocks * config.embedding_size + config.blocks * config.heads * config.max_length
        per_event += 3 * min(n_activities, 4 * config.negatives)
        # Weights, gradients, two moments and the best so far; activations; what the framework itself takes.
        activations = config.batch_size * config.max_length * per_event
        return 4 * (6 * parameters + 2 * activations) + 32 * n_interactions + 2**30

    def _learn(self, interactions: Interactions, options: FitOptions) -> State:
        import keras

        from recommender.algorithms.neural import next_step

        keras.utils.set_random_seed(options.seed)
        keras.utils.clear_session()
        config = self.config
        schedule = next_step.Schedule(
            config.embedding_size,
            config.max_length,
            config.negatives,
            config.epochs,
            config.patience,
            config.batch_size,
            config.learning_rate,
        )
        with next_step.on_device(options.device):
            encoder = build_encoder(config)
            return next_step.train(encoder, interactions.sequences(), interactions.n_activities, schedule, options)


def build_encoder(config: SASRecConfig) -> "keras.Model":
    """From (batch, length, embedding_size) to the same shape; position t sees 0 .. t."""
    from keras import Model, layers

    from recommender.algorithms.neural.layers import CausalAttention, Places

    size = config.embedding_size
    inputs = layers.Input((None, size))
    hidden = layers.Dropout(config.dropout)(Places(config.max_length)(inputs))
    for _ in range(config.blocks):
        normal = layers.LayerNormalization(epsilon=1e-6)(hidden)
        mixed = CausalAttention(config.heads, config.dropout)(normal)
        hidden = hidden + layers.Dropout(config.dropout)(mixed)
        normal = layers.LayerNormalization(epsilon=1e-6)(hidden)
        wide = layers.Dense(4 * size, activation="gelu")(normal)  # (batch, length, 4 size)
        hidden = hidden + layers.Dropout(config.dropout)(layers.Dense(size)(wide))
    return Model(inputs, layers.LayerNormalization(epsilon=1e-6)(hidden), name="sasrec")
