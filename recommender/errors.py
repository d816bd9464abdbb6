"""What can go wrong in the recommender. Each message says what is wrong, what was received and what to do."""

from collections.abc import Iterable


class RecommenderError(Exception):
    """The root of every error that this package raises on purpose."""


class InvalidConfig(RecommenderError, ValueError):
    """A parameter of an algorithm that does not exist or is out of its range."""

    def __init__(self, parameter: str, owner: str, allowed: str, got: object) -> None:
        super().__init__(f"{owner}.{parameter} must be {allowed}; got {got!r}.")
        self.parameter = parameter
        self.owner = owner
        self.allowed = allowed
        self.got = got


class UnknownName(RecommenderError, LookupError):
    """A name that a table of kinds does not know."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        super().__init__(f"There is no {kind} called {name!r}. Known: {', '.join(sorted(known))}.")
        self.kind = kind
        self.name = name


class InvalidData(RecommenderError, ValueError):
    """Arrays that contradict each other: unequal lengths, a negative index, a NaN."""


class NotEnoughData(RecommenderError):
    """Too few interactions, learners or activities for what was asked."""


class NotEnoughMemory(RecommenderError):
    """A training that would not fit into memory, refused before it begins."""


class NotFitted(RecommenderError):
    """An algorithm asked for an answer before `fit` or `from_state`."""


class NotSupported(RecommenderError):
    """Something an algorithm or a back end declares it cannot do."""


class TrainingStopped(RecommenderError):
    """`should_stop` said so. Nothing of the training is kept."""


class CorruptArtifact(RecommenderError):
    """Files that are missing or differ from their checksums: restore the folder or train again."""


class IncompatibleArtifact(RecommenderError):
    """Intact files that this release cannot use: a newer format, or arrays it does not know."""
