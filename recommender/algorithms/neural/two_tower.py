"""Two towers: one network reads the learner, one the activity, and the inner product says how well they match.

Yi et al., "Sampling-bias-corrected neural modeling for large corpus item recommendations", RecSys 2019. The learner is
what the learner met, so new learners are answered; an activity is its own vector and the words that describe it
(`Interactions.activity_features`), and a share of the own vectors is hidden while training, so that activities that
nobody has met yet are scored by their features (DropoutNet: Volkovs et al., NIPS 2017). In the same way a share of the
learners are known by their features only (`Interactions.learner_features`: their courses, whose vectors are those that
describe the activities there), and what they met first is to be told; so whoever has met nothing yet is answered too.

Cost of an epoch: n_interactions x embedding_size + n_learners x n_activities x embedding_size, and for each batch
n_activities x embedding_size x (4 embedding_size + features).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.bag_scorer import BagScorer
from recommender.algorithms.base import FitOptions, Scores, State
from recommender.algorithms.config import parameter
from recommender.algorithms.litert import Network
from recommender.algorithms.neural.config import NeuralConfig
from recommender.algorithms.neural.memory import bag_bytes
from recommender.algorithms.vector_scorer import rounded
from recommender.datasets.interactions import Index, Interactions, Sequences
from recommender.errors import InvalidConfig

if TYPE_CHECKING:
    import keras

_MOST_FEATURES = 24  # of one activity; more would only blur their mean


@dataclass(frozen=True)
class TwoTowerConfig(NeuralConfig):
    feature_buckets: int = parameter(4096, minimum=1, maximum=1_000_000, doc="Vectors that features are hashed to.")
    hidden_vector_share: float = parameter(
        0.1, minimum=0.0, maximum=0.9, doc="Share of activities that are known by their features only, while training."
    )
    newcomer_share: float = parameter(
        0.1, minimum=0.0, maximum=0.9, doc="Share of learners who are known by their courses only, while training."
    )
    hidden_share: float = parameter(0.3, minimum=0.01, maximum=0.9, doc="Share of events hidden, to be told.")
    max_length: int = parameter(200, minimum=2, maximum=10_000, doc="Events of one learner that train together.")

    def __post_init__(self) -> None:
        super().__post_init__()
        teacher = self.teacher_config()
        # The teacher is shown newcomers too, by the same features.
        if teacher and (teacher.feature_buckets, teacher.newcomer_share) != (self.feature_buckets, self.newcomer_share):
            raise InvalidConfig(
                "teacher", "TwoTowerConfig", "as the student in feature_buckets and newcomer_share", self.teacher
            )


class TwoTower(BagScorer):
    """The answers of the activities' tower are computed once, so serving costs one small network per learner."""

    name: ClassVar[str] = "two_tower"
    config_class: ClassVar[type[NeuralConfig]] = TwoTowerConfig
    learns_new_activities: ClassVar[bool] = True
    learns_newcomers = True
    arrays: ClassVar[Mapping[str, tuple[type[np.generic], int]]] = {
        **BagScorer.arrays,
        "activity_tower": (np.uint8, 1),  # flatbuffer: (n, size), vector and features added, to the same
        "feature_vectors": (np.float32, 2),  # (feature_buckets, size)
        "known_features": (np.uint8, 1),  # (feature_buckets,), 1 where a learner of the training had one
    }
    config: TwoTowerConfig

    def memory_bytes(self, n_learners: int, n_activities: int, n_interactions: int) -> int:
        config, size = self.config, self.config.embedding_size
        n_parameters = size * (n_activities + config.feature_buckets + 8 * size)
        gathered = 4 * n_activities * size * (_MOST_FEATURES + 8)
        return gathered + bag_bytes(config, n_parameters, (n_activities, n_interactions), config.max_length)

    def with_activities(self, features: Sequences, places: NDArray[np.int64]) -> Self:
        state = self._fitted()
        described = self._described(features)
        bias = state["activity_bias"]
        added = {
            "popularity": np.float32(0),
            "input_vectors": described,
            "activity_vectors": Network(state["activity_tower"])(described),
            # As likely as the median one: nobody could meet it yet, which says nothing against it.
            "activity_bias": np.median(bias),
        }
        names = ("popularity", *self.arrays)  # without the scales of int8: they are made anew
        extended = {name: self._rows(name) if state[name].ndim == 2 else state[name] for name in names}
        for name, values in added.items():
            extended[name] = np.insert(extended[name], places, values, axis=0)
        return self.from_state(self.config, rounded(extended) if self.config.precision == "int8" else extended)

    def known_features(self, features: Index) -> Index:
        return features[self._fitted()["known_features"][features % self.config.feature_buckets] > 0]

    def _score_newcomers(self, features: list[Index]) -> Scores:
        places = np.cumsum(self._fitted()["known_features"]) - 1
        return self._score([self.n_activities + places[one % self.config.feature_buckets] for one in features], None)

    def _inputs(self, index: Index) -> NDArray[np.float32]:
        """Behind the activities stand the known features."""
        rows = self._rows("input_vectors", np.minimum(index, self.n_activities - 1))
        is_feature = index >= self.n_activities
        if is_feature.any():
            buckets = np.flatnonzero(self._fitted()["known_features"])
            rows[is_feature] = self._rows("feature_vectors", buckets[index[is_feature] - self.n_activities])
        return rows

    def _described(self, features: Sequences) -> NDArray[np.float32]:
        """Shape (len(features), size): the mean of the vectors of each one's features."""
        index, weight = _hashed(features, self.config.feature_buckets)
        gathered = self._rows("feature_vectors", index)
        described: NDArray[np.float32] = np.einsum("nfs,nf->ns", gathered, weight, dtype=np.float32)
        return described

    def _learn(self, interactions: Interactions, options: FitOptions) -> State:
        from keras import ops

        from recommender.algorithms.neural import bag_training, bags, loop
        from recommender.algorithms.neural.export import drawn_sample, exported
        from recommender.algorithms.neural.layers import DescribedVectors, Tower, WithFeatures

        config, size, n_activities = self.config, self.config.embedding_size, interactions.n_activities
        features = interactions.activity_features or _nothing(n_activities)
        buckets, known = self._known_by(interactions)
        newcomers = bags.Newcomers(known, config.newcomer_share) if len(buckets) else None

        def build(counts: NDArray[np.int64]) -> bag_training.BagModel:
            hashed = _hashed(features, config.feature_buckets)
            shared = DescribedVectors(n_activities, config.feature_buckets, size, hashed, config.hidden_vector_share)
            encoder = _tower(size, config.dropout, "learner_tower")
            classes = Tower(shared, _tower(size, config.dropout, "activity_tower"))
            below = WithFeatures(shared, buckets) if len(buckets) else shared
            return bag_training.BagModel(encoder, below, classes, counts, bag_power=self.bag_power, tells_all=False)

        with loop.on_device(options.device):
            model = bag_training.train(
                build,
                interactions,
                config,
                options,
                most=config.max_length,
                hidden_share=config.hidden_share,
                newcomers=newcomers,
            )
            return {
                "encoder": exported(model.encoder, drawn_sample(3, size)),
                "activity_tower": exported(model.classes_layer.network, drawn_sample(3, size)),
                "feature_vectors": ops.convert_to_numpy(model.classes_layer.below.features).astype(np.float32),
                "known_features": np.isin(np.arange(config.feature_buckets), buckets).astype(np.uint8),
                **model.arrays(),
            }

    def _known_by(self, interactions: Interactions) -> tuple[Index, Sequences]:
        """Buckets of all features of learners, ascending, and for each learner the rows of the table that hold them."""
        about = interactions.learner_features
        if about is None or not self.config.newcomer_share:
            return np.zeros(0, np.int32), _nothing(interactions.n_learners)
        buckets, place = np.unique(about.activity_index % self.config.feature_buckets, return_inverse=True)
        return buckets, replace(about, activity_index=(interactions.n_activities + place).astype(np.int32))


def _tower(size: int, dropout: float, name: str) -> "keras.Model":
    """From (batch, size) to the same."""
    from keras import Model, layers

    inputs = layers.Input((size,))
    wide = layers.Dropout(dropout)(layers.Dense(2 * size, activation="gelu")(inputs))
    return Model(inputs, inputs + layers.Dense(size)(wide), name=name)


def _hashed(features: Sequences, n_buckets: int) -> tuple[Index, NDArray[np.float32]]:
    """Bucket and weight of each feature, shape (n, _MOST_FEATURES) both; the weights of one activity add up to 1."""
    lengths = np.minimum(features.lengths, _MOST_FEATURES)
    is_feature = np.arange(_MOST_FEATURES) < lengths[:, None]
    place = np.where(is_feature, features.offsets[:-1, None] + np.arange(_MOST_FEATURES), 0)
    index = np.where(is_feature, _at(features, place) % n_buckets, 0).astype(np.int32)
    return index, (is_feature / np.maximum(lengths, 1)[:, None]).astype(np.float32)


def _at(features: Sequences, place: NDArray[np.int64]) -> Index:
    return features.activity_index[place] if len(features.activity_index) else np.zeros(place.shape, np.int32)


def _nothing(n_activities: int) -> Sequences:
    return Sequences(np.zeros(n_activities + 1, np.int64), np.zeros(0, np.int32))
