"""NeuMF: a product of factors and a network over the pair, both on one learner and one activity.

He et al., "Neural collaborative filtering", WWW 2017 (arXiv 1708.05031), sections 3.2-3.4, with its binary loss over
observed and drawn pairs. The paper gives each learner a vector; here it is the mean of the vectors of what the learner
met (as in FISM: Kabbur et al., KDD 2013), so that new learners are answered without training again.

Cost of an epoch: n_interactions x (1 + negatives) x 4 embedding_size**2; of an answer, n_activities x
4 embedding_size**2.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.bag_scorer import BagScorer
from recommender.algorithms.base import FitOptions, Scores, State, Times
from recommender.algorithms.config import parameter
from recommender.algorithms.neural.config import NeuralConfig
from recommender.algorithms.neural.memory import bag_bytes
from recommender.datasets.interactions import Index, Interactions
from recommender.errors import InvalidConfig

if TYPE_CHECKING:
    import keras

_PAIRS = 65_536  # that are asked about together


@dataclass(frozen=True)
class NCFConfig(NeuralConfig):
    embedding_size: int = parameter(32, minimum=4, maximum=1024, doc="Numbers per activity in either part.")
    negatives: int = parameter(64, minimum=1, maximum=10_000, doc="Wrong answers drawn for each batch.")
    hidden_share: float = parameter(0.3, minimum=0.01, maximum=0.9, doc="Share of events hidden, to be told.")
    max_length: int = parameter(200, minimum=2, maximum=10_000, doc="Events of one learner that train together.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.teacher:
            raise InvalidConfig(
                "teacher", "NCFConfig", "empty, because its answers are no inner products", self.teacher
            )


class NCF(BagScorer):
    """The flatbuffer maps (n, 2, 2 size), a learner and an activity with the vectors of both parts, to (n, 1)."""

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
        from recommender.algorithms.neural.export import exported
        from recommender.algorithms.neural.pairs import PairModel

        config, width = self.config, 2 * self.config.embedding_size

        def build(counts: NDArray[np.int64]) -> PairModel:
            learners, activities = (Vectors(interactions.n_activities, width) for _ in range(2))
            return PairModel(build_network(config), learners, activities, counts, config.negatives)

        with loop.on_device(options.device):
            model = train(
                build, interactions, config, options, most=config.max_length, hidden_share=config.hidden_share
            )
            return {"encoder": exported(model.encoder, 3, 2, width), **model.arrays()}

    def _score(self, histories: list[Index], times: Times | None) -> Scores:
        return self._score_among(histories, times, np.arange(self.n_activities))

    def _score_among(self, histories: list[Index], times: Times | None, among: NDArray[np.integer]) -> Scores:
        vectors, network = self._rows("activity_vectors", among), self._encoder()
        scores = np.empty((len(histories), len(among)), np.float32)
        scores[:] = self._fitted()["activity_bias"][among]
        for row, learner in enumerate(self._bags(histories)):
            for start in range(0, len(vectors), _PAIRS):
                some = vectors[start : start + _PAIRS]
                pairs = np.stack([np.broadcast_to(learner, some.shape), some], axis=1)
                scores[row, start : start + _PAIRS] += network(pairs)[:, 0]
        return scores


def build_network(config: NCFConfig) -> "keras.Model":
    """From (n, 2, 2 embedding_size) to (n, 1)."""
    from keras import Model, layers, ops

    size = config.embedding_size
    pair = layers.Input((2, 2 * size))
    factors = pair[:, 0, :size] * pair[:, 1, :size]
    wide = layers.Dropout(config.dropout)(ops.concatenate([pair[:, 0, size:], pair[:, 1, size:]], axis=-1))
    for width in (size, size // 2):
        wide = layers.Dense(width, activation="relu")(wide)
    answer = layers.Dense(1, use_bias=False)(ops.concatenate([factors, wide], axis=-1))
    return Model(pair, answer, name="ncf")
