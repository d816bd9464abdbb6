"""GRU4Rec: a gated recurrent unit reads the history and tells the next activity.

Hidasi et al., "Session-based recommendations with recurrent neural networks", ICLR 2016 (arXiv 1511.06939), with the
softmax loss over drawn negatives that its authors came to (Hidasi & Karatzoglou, CIKM 2018), see `losses`.

Cost of an epoch: n_interactions x (6 embedding_size**2 + embedding_size x negatives), one event after the other.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import FitOptions, State
from recommender.algorithms.config import parameter
from recommender.algorithms.neural.config import NextStepConfig
from recommender.algorithms.neural.memory import sequence_bytes
from recommender.algorithms.sequence_scorer import SequenceScorer
from recommender.datasets.interactions import Index, Interactions


@dataclass(frozen=True)
class GRU4RecConfig(NextStepConfig):
    max_length: int = parameter(100, minimum=2, maximum=1000, doc="Latest activities that are looked at.")


class GRU4Rec(SequenceScorer):
    """One layer, as wide as the vectors of the activities, which are its inputs and its classes.

    LiteRT has no loop of open length that Keras can export, so the flatbuffer is one step: (batch, 2, size), the event
    and what is remembered, to (batch, size), what is remembered then.
    """

    name: ClassVar[str] = "gru4rec"
    at_once: ClassVar[int] = 64  # a call for each event in turn, of which nothing is kept but the answer
    config_class: ClassVar[type[NextStepConfig]] = GRU4RecConfig
    config: GRU4RecConfig

    def memory_bytes(self, n_learners: int, n_activities: int, n_interactions: int) -> int:
        config, size = self.config, self.config.embedding_size
        shape = (n_activities, n_interactions)
        return sequence_bytes(config, 6 * size**2, 16 * size, shape, config.negatives, config.max_length)

    def _learn(self, interactions: Interactions, options: FitOptions) -> State:
        from keras import Model, layers

        from recommender.algorithms.neural import loop, next_step
        from recommender.algorithms.neural.export import drawn_sample

        config, size = self.config, self.config.embedding_size
        with loop.on_device(options.device):
            generator = loop.begin(options)
            inputs = layers.Input((None, size))
            unit = layers.GRU(size, return_sequences=True)
            hidden = unit(layers.Dropout(config.dropout)(inputs * size**0.5))
            encoder = Model(inputs, layers.Dropout(config.dropout)(hidden), name=self.name)
            pair = layers.Input((2, size))
            step = Model(pair, unit.cell(pair[:, 0] * size**0.5, [pair[:, 1]])[0], name="gru4rec_step")
            return next_step.train(
                encoder,
                interactions,
                config,
                options,
                generator,
                max_length=config.max_length,
                exports=(step, [drawn_sample(3, 2, size)]),
            )

    def _read(self, vectors: NDArray[np.float32], places: Index) -> NDArray[np.float32]:
        step = self._encoder()
        answers = np.zeros_like(vectors)
        remembered = np.zeros_like(vectors[:, 0])
        for place in range(vectors.shape[1]):
            remembered = step(np.stack([vectors[:, place], remembered], axis=1))
            answers[:, place] = remembered
        there: NDArray[np.float32] = np.take_along_axis(answers, places[:, :, None], axis=1)
        return there
