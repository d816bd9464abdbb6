"""SASRec: self-attention over the latest activities tells the next one.

Kang & McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018 (arXiv 1808.09781), with what later work found to
matter: normalisation before each part instead of after it (Xiong et al., ICML 2020), a softmax loss (see `losses`),
distances instead of places, and gates (see `layers`). With `time_gaps` it is told how long before each event the
one before was (as intervals in TiSASRec: Li, Wang & McAuley, WSDM 2020), by a learnt vector for each doubling of it;
with `time_ages` how long before the end of what it learns from the next event came, so that it can be asked for now.

Cost of an epoch: n_interactions x (22 embedding_size**2 x blocks + embedding_size x (max_length + negatives)); of an
answer about that of its latest events, without the last block and the negatives.
"""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from recommender.algorithms.base import FitOptions, State
from recommender.algorithms.config import Span, parameter
from recommender.algorithms.neural.config import NextStepConfig
from recommender.algorithms.neural.memory import sequence_bytes
from recommender.algorithms.sequence_scorer import SequenceScorer, age_kinds, gap_kinds
from recommender.datasets.interactions import Interactions
from recommender.errors import InvalidConfig

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class SASRecConfig(NextStepConfig):
    dropout: float = parameter(
        0.25, minimum=0.0, maximum=0.9, search=Span(0.0, 0.5), doc="Share of numbers hidden while training."
    )
    learning_rate: float = parameter(
        0.0015, minimum=1e-6, maximum=10.0, search=Span(3e-4, 1e-2, is_log=True), doc="Size of a step."
    )
    batch_size: int = parameter(32, minimum=1, maximum=8192, doc="Histories, or parts of one, per step.")
    blocks: int = parameter(2, minimum=1, maximum=16, doc="Layers of attention.")
    heads: int = parameter(2, minimum=1, maximum=16, doc="Parts of each attention; divides embedding_size.")
    max_length: int = parameter(200, minimum=2, maximum=1000, doc="Latest activities that are looked at.")
    noise_share: float = parameter(
        0.0,
        minimum=0.0,
        maximum=0.9,
        search=(0.0, 0.1, 0.3),
        doc="Share of the events given that others take the place of while training: for lists with doubtful rows.",
    )
    time_gaps: bool = parameter(
        False, search=(False, True), doc="Look at the time between events, and not only at their order."
    )
    time_ages: bool = parameter(
        False,
        search=(False, True),
        doc="Look at how long ago everything came, in days and in events of the list, and ask for what comes now: for "
        "courses that follow a calendar. Not beside time_gaps.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.time_gaps and self.time_ages:
            raise InvalidConfig("time_ages", "SASRecConfig", "false where time_gaps is true", True)
        teacher = self.teacher_config()
        if teacher and (teacher.time_gaps, teacher.time_ages) != (self.time_gaps, self.time_ages):
            raise InvalidConfig("teacher", "SASRecConfig", "no other in time_gaps and time_ages", self.teacher)
        if self.embedding_size % self.heads:
            raise InvalidConfig("heads", "SASRecConfig", f"a divisor of {self.embedding_size}", self.heads)


class SASRec(SequenceScorer):
    """The strength of an activity is the inner product of its vector and the encoded history."""

    name: ClassVar[str] = "sasrec"
    config_class: ClassVar[type[NextStepConfig]] = SASRecConfig
    config: SASRecConfig

    def expected_arrays(self) -> dict[str, tuple[type[np.generic], int]]:
        found = super().expected_arrays()
        if self.config.time_gaps or self.config.time_ages:  # stored as those of activities are, whatever the precision
            found |= {name.replace("activity_vectors", "gap_vectors"): kind for name, kind in found.items()}
        if self.config.time_ages:
            found["asked_at"] = (np.int64, 1)
        return found

    def memory_bytes(self, n_learners: int, n_activities: int, n_interactions: int) -> int:
        config, size = self.config, self.config.embedding_size
        per_event = config.blocks * (20 * size + 3 * config.heads * config.max_length)
        shape, n_parameters = (n_activities, n_interactions), 11 * config.blocks * size**2
        return sequence_bytes(config, n_parameters, per_event, shape, config.negatives, config.max_length)

    def _learn(self, interactions: Interactions, options: FitOptions) -> State:
        from recommender.algorithms.neural import loop, next_step
        from recommender.algorithms.neural.export import drawn_sample

        config, asked_at = self.config, int(interactions.at.max())
        kinds_of = None
        if config.time_gaps or config.time_ages:
            kinds_of = gap_kinds if config.time_gaps else partial(age_kinds, now=asked_at)
        with loop.on_device(options.device):
            generator = loop.begin(options)
            encoder, serving = build_encoders(config)
            sample_places = np.array([[1, 0], [1, 1], [0, 1]], np.int32)
            state = next_step.train(
                encoder,
                interactions,
                config,
                options,
                generator,
                max_length=config.max_length,
                noise_share=config.noise_share,
                kinds_of=kinds_of,
                exports=(serving, [drawn_sample(3, 2, config.embedding_size), sample_places]),
            )
        return state | {"asked_at": np.array([asked_at])} if config.time_ages else state


def build_encoders(config: SASRecConfig) -> tuple["keras.Model", "keras.Model"]:
    """Two networks of the same weights, for training and for answers.

    The first goes from (batch, length, embedding_size) to the same, where position t sees 0 .. t. The second is told
    places besides, (batch, n_places), and goes to (batch, n_places, embedding_size): nearly nothing of the last block
    is needed elsewhere.
    """
    from keras import Model, layers

    from recommender.algorithms.neural.layers import AttentionBlock

    size = config.embedding_size
    inputs, places = layers.Input((None, size)), layers.Input((None,), dtype="int32", name="places")
    # The size of what later parts add; without it what was met drowns (Vaswani et al., 2017, section 3.4).
    hidden = layers.Dropout(config.dropout)(inputs * size**0.5)
    *before, last = (AttentionBlock(config.heads, config.max_length, config.dropout) for _ in range(config.blocks))
    for block in before:
        hidden = block(hidden)
    normal = layers.LayerNormalization(epsilon=1e-6)
    everywhere, there = normal(last(hidden)), normal(last(hidden, places))
    return Model(inputs, everywhere, name="sasrec"), Model([inputs, places], there, name="sasrec_at_places")
