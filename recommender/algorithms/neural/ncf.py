"""NeuMF: a product of factors and a network over the pair, both on one learner and one activity.

He et al., "Neural collaborative filtering", WWW 2017 (arXiv 1708.05031), sections 3.2-3.4, with its binary loss over
observed and drawn pairs. The paper gives each learner a vector; here it is the mean of the vectors of what the learner
met (as in FISM: Kabbur et al., KDD 2013), so that new learners are answered without training again.

The first layer over a pair is a sum of what it makes of the learner and of the activity, so each half is computed once
for all pairs that it is in, and that of the activities is stored.

Cost of an epoch: n_interactions x (1 + negatives / max_length) x 3 embedding_size**2; of an answer, n_activities x
embedding_size**2 / 2.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import FitOptions, State
from recommender.algorithms.config import Span, parameter
from recommender.algorithms.neural.config import NeuralConfig
from recommender.algorithms.neural.memory import bag_bytes
from recommender.algorithms.pair_scorer import PairScorer
from recommender.datasets.interactions import Interactions
from recommender.errors import InvalidConfig

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class NCFConfig(NeuralConfig):
    embedding_size: int = parameter(32, minimum=4, maximum=1024, doc="Numbers per activity in either part.")
    # Smaller ones end where all that it knows is what is popular (validation parts of MovieLens-1M and OULAD).
    learning_rate: float = parameter(
        0.02, minimum=1e-6, maximum=10.0, search=Span(3e-3, 3e-2, is_log=True), doc="Size of a step."
    )
    negatives: int = parameter(64, minimum=1, maximum=10_000, doc="Wrong answers drawn for each batch.")
    hidden_share: float = parameter(0.3, minimum=0.01, maximum=0.9, doc="Share of events hidden, to be told.")
    max_length: int = parameter(200, minimum=2, maximum=10_000, doc="Events of one learner that train together.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.teacher:
            raise InvalidConfig(
                "teacher", "NCFConfig", "empty, because its answers are no inner products", self.teacher
            )


class NCF(PairScorer):
    name: ClassVar[str] = "ncf"
    config_class: ClassVar[type[NeuralConfig]] = NCFConfig
    config: NCFConfig

    def memory_bytes(self, n_learners: int, n_activities: int, n_interactions: int) -> int:
        config, size = self.config, self.config.embedding_size
        n_parameters = 4 * size * n_activities + 8 * size**2
        pairs = 32 * size * config.batch_size * (config.max_length + config.negatives)
        return pairs + bag_bytes(config, n_parameters, (n_activities, n_interactions), config.max_length)

    def _learn(self, interactions: Interactions, options: FitOptions) -> State:
        from recommender.algorithms.neural import loop
        from recommender.algorithms.neural.bag_training import Vectors, train
        from recommender.algorithms.neural.export import drawn_sample, exported
        from recommender.algorithms.neural.pairs import PairModel

        config, size = self.config, self.config.embedding_size

        def build(counts: NDArray[np.int64]) -> PairModel:
            learners, activities = (Vectors(interactions.n_activities, 2 * size) for _ in range(2))
            halves = half(size, config.dropout, "learners"), half(size, config.dropout, "activities")
            return PairModel(halves, head(size), (learners, activities), counts, config.negatives)

        with loop.on_device(options.device):
            model = train(
                build, interactions, config, options, most=config.max_length, hidden_share=config.hidden_share
            )
            return {"encoder": exported(model.encoder, drawn_sample(3, 2 * size)), **model.arrays()}


def half(size: int, dropout: float, name: str) -> "keras.Model":
    """From (batch, 2 size) to the same: the factors as they are, the rest through its half of the first layer."""
    from keras import Model, layers, ops

    vectors = layers.Input((2 * size,))
    wide = layers.Dense(size)(layers.Dropout(dropout)(vectors[:, size:]))
    return Model(vectors, ops.concatenate([vectors[:, :size], wide], axis=-1), name=name)


def head(size: int) -> "keras.Model":
    """From (n, 2 size), products of factors and sums of halves, to (n, 1)."""
    from keras import Model, layers, ops

    pair = layers.Input((2 * size,))
    deep = layers.Dense(size // 2, activation="relu", name="deep")(ops.relu(pair[:, size:]))
    answer = layers.Dense(1, use_bias=False, name="answer")(ops.concatenate([pair[:, :size], deep], axis=-1))
    return Model(pair, answer, name="head")
