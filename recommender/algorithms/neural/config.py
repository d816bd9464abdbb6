"""Parameters that every network shares; each network's own config adds its own and may change a default."""

from dataclasses import dataclass
from typing import Self

from recommender.algorithms.config import Config, Span, parameter, values_of
from recommender.errors import InvalidConfig

OPTIMIZERS = ("sgd", "momentum", "adagrad", "adam", "adamw")


@dataclass(frozen=True)
class NeuralConfig(Config):
    embedding_size: int = parameter(64, minimum=4, maximum=1024, search=(32, 64, 128), doc="Numbers per activity.")
    dropout: float = parameter(
        0.2, minimum=0.0, maximum=0.9, search=Span(0.0, 0.5), doc="Share of numbers hidden while training."
    )
    optimizer: str = parameter("adam", choices=OPTIMIZERS, doc="How steps are made from gradients.")
    learning_rate: float = parameter(
        0.005, minimum=1e-6, maximum=10.0, search=Span(3e-4, 2e-2, is_log=True), doc="Size of a step."
    )
    regularization: float = parameter(
        0.0, minimum=0.0, maximum=1.0, doc="Share of each weight that decays with a step, times the learning rate."
    )
    batch_size: int = parameter(64, minimum=1, maximum=8192, doc="Histories, or parts of one, per step.")
    epochs: int = parameter(100, minimum=1, maximum=10_000, doc="Passes over all histories, at most.")
    patience: int = parameter(
        3, minimum=1, maximum=1000, doc="After so many epochs without gain steps get smaller; the third time ends it."
    )
    precision: str = parameter(
        "float32", choices=("float32", "int8"), doc="How vectors are stored; int8 takes a quarter and rounds them."
    )
    teacher: str = parameter(
        "",
        doc="What is different in a larger model that trains first and is then learnt from, with colons: "
        "embedding_size=256:blocks=4. Empty: no teacher. Takes the time of both.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.teacher_config()

    def teacher_config(self) -> Self | None:
        """Of the larger model; None where there is none.

        Raises:
            InvalidConfig: a parameter that does not exist or is out of its range.
        """
        if not self.teacher:
            return None
        settings = values_of(self.teacher.split(":"))
        if not settings.keys() <= self.as_dict().keys() - {"teacher", "precision"}:
            raise InvalidConfig("teacher", type(self).__name__, "name=value of parameters, with colons", self.teacher)
        found = self.from_dict({**self.as_dict(), "teacher": "", "precision": "float32", **settings})
        if found.as_dict().get("max_length", 0) < self.as_dict().get("max_length", 0):
            raise InvalidConfig(
                "teacher", type(self).__name__, "no shorter in max_length than the student", self.teacher
            )
        return found


@dataclass(frozen=True)
class NextStepConfig(NeuralConfig):
    """Of networks that read a history and tell its next event by a softmax."""

    negatives: int = parameter(512, minimum=1, maximum=100_000, doc="Wrong answers drawn for each batch.")
    target_steps: float = parameter(
        0.0,
        minimum=0.0,
        maximum=1000,
        search=(0.0, 2.0, 4.5, 10.0),
        doc="How far ahead it learns to look: after so many events one counts 1/e; 0: the next one alone.",
    )
    half_life_days: float | None = parameter(
        None,
        minimum=0.01,
        search=(None, 1.0, 4.0, 16.0),
        doc="What is met more often lately, an event counting half after so many days, is told more often; empty: what "
        "was likely at any time is likely now.",
    )
