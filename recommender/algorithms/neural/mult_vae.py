"""Mult-VAE: a variational autoencoder of the set of activities that a learner met.

Liang et al., "Variational autoencoders for collaborative filtering", WWW 2018 (arXiv 1802.05814): normalised input with
events hidden at random, one hidden layer of tanh on either side, multinomial likelihood, and a Kullback-Leibler term
whose weight grows to `divergence_share` (section 2.2.2).

Cost of an epoch: n_interactions x embedding_size + n_learners x (8 embedding_size**2 + n_activities x embedding_size).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.bag_scorer import BagScorer
from recommender.algorithms.base import FitOptions, State
from recommender.algorithms.config import parameter
from recommender.algorithms.neural.config import NeuralConfig
from recommender.algorithms.neural.memory import bag_bytes
from recommender.datasets.interactions import Interactions


@dataclass(frozen=True)
class MultVAEConfig(NeuralConfig):
    embedding_size: int = parameter(200, minimum=4, maximum=1024, doc="Width of the hidden layers; half in between.")
    dropout: float = parameter(0.5, minimum=0.0, maximum=0.9, doc="Share of events hidden while training.")
    divergence_share: float = parameter(0.2, minimum=0.0, maximum=1.0, doc="Weight of the divergence, at its most.")
    divergence_epochs: int = parameter(20, minimum=1, maximum=10_000, doc="Epochs until the weight is there.")
    max_length: int = parameter(200, minimum=2, maximum=10_000, doc="Events of one learner that train together.")


class MultVAE(BagScorer):
    """At serving the mean of the code is used, not a draw."""

    name: ClassVar[str] = "mult_vae"
    config_class: ClassVar[type[NeuralConfig]] = MultVAEConfig
    bag_power: ClassVar[float] = 0.5
    config: MultVAEConfig

    def memory_bytes(self, n_learners: int, n_activities: int, n_interactions: int) -> int:
        size = self.config.embedding_size
        n_parameters = 2 * size * n_activities + 3 * size**2
        return bag_bytes(self.config, n_parameters, (n_activities, n_interactions), self.config.max_length)

    def _learn(self, interactions: Interactions, options: FitOptions) -> State:
        from keras import Model, layers, ops

        from recommender.algorithms.neural import bag_training, loop
        from recommender.algorithms.neural.export import drawn_sample, exported
        from recommender.algorithms.neural.layers import Code

        config, size, n_activities = self.config, self.config.embedding_size, interactions.n_activities
        n_steps = max(1, interactions.n_learners // config.batch_size) * config.divergence_epochs
        # The paper sums the likelihood over the events of a learner; here it is their mean.
        share = config.divergence_share * interactions.n_learners / len(interactions)

        def build(counts: NDArray[np.int64]) -> bag_training.BagModel:
            inputs = layers.Input((size,))
            wide = ops.tanh(inputs + layers.Dense(size)(inputs))
            code = Code(size // 2, share, n_steps)(wide)
            encoder = Model(inputs, layers.Dense(size, activation="tanh")(code), name=self.name)
            below, above = (bag_training.Vectors(n_activities, size) for _ in range(2))
            return bag_training.BagModel(encoder, below, above, counts, bag_power=self.bag_power, tells_all=True)

        with loop.on_device(options.device):
            model = bag_training.train(
                build, interactions, config, options, most=config.max_length, hidden_share=config.dropout
            )
            return {"encoder": exported(model.encoder, drawn_sample(3, size)), **model.arrays()}
