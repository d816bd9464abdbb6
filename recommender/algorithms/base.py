"""What every recommender offers: `fit / score / explain / state / from_state`, and every check, made once here.

A recommender answers from histories, not from learner ids: whoever has met an activity can be asked about a
second later, without training again. What it has learnt is a dictionary of arrays and nothing else, so that a
round trip through files is exact and a second `fit` cannot remember the first.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.config import Config
from recommender.backends.base import Backend
from recommender.backends.local import LocalBackend, available_memory_bytes
from recommender.datasets.interactions import Index, Interactions, Sequences
from recommender.errors import (
    IncompatibleArtifact,
    InvalidData,
    NotEnoughData,
    NotEnoughMemory,
    NotFitted,
    NotSupported,
    TrainingStopped,
)

Scores = NDArray[np.float32]
State = dict[str, NDArray[Any]]
Histories = Sequence[Index] | Sequences
Times = Sequence[NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is. Steps count through the whole training, epochs only where an algorithm has them."""

    step: int
    n_steps: int
    message: str = ""
    epoch: int = 0
    n_epochs: int = 0
    loss: float | None = None
    validation: Mapping[str, float] = field(default_factory=dict)  # measure -> value, as in evaluation.metrics
    part: str = ""  # which of several fits in a row, and which of those in it: "1/0/"


def _no_progress(progress: Progress) -> None:
    """Nobody watches."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class FitOptions:
    """What belongs to one run and not to the model. `seed` fixes everything that is drawn."""

    seed: int = 0
    device: str = "auto"  # "auto", "cpu" or "gpu"; only what computes in Keras cares
    budget_seconds: float | None = None  # an iterative training ends there with its best weights so far
    progress: Callable[[Progress], None] = _no_progress
    should_stop: Callable[[], bool] = _never
    backend: Backend = field(default_factory=LocalBackend)
    working_folder: Path | None = None  # where an iterative training keeps checkpoints, and goes on from them
    teacher: "Algorithm | None" = None  # fitted on the same interactions, larger: what it answers is learnt too

    def part(self, place: int, n_parts: int, name: str) -> "FitOptions":
        """For one of several fits in a row: its part of the bar and of the budget, and a folder of its own."""

        def tell(progress: Progress) -> None:
            step = 100 * place + int(100 * progress.step / max(1, progress.n_steps))
            message = f"{name}: {progress.message}" if progress.message else name
            part = f"{place}/{progress.part}"
            self.progress(replace(progress, step=step, n_steps=100 * n_parts, message=message, part=part))

        budget = None if self.budget_seconds is None else self.budget_seconds / n_parts
        folder = None if self.working_folder is None else self.working_folder / f"{place}-{name}"
        return replace(self, progress=tell, budget_seconds=budget, working_folder=folder)

    def check_stop(self) -> None:
        """Call it wherever a second may have passed.

        Raises:
            TrainingStopped: somebody asked for it.
        """
        if self.should_stop():
            raise TrainingStopped("The training was stopped on request; nothing of it was kept.")


class Contribution(NamedTuple):
    """How much one event of the history did for a recommendation."""

    history_position: int  # in the history as it was given, 0 is the oldest
    activity_index: int
    share: float  # of all that spoke for it, 0..1


class Algorithm(ABC):
    """Base of every recommender.

    A subclass names itself, its config and its arrays, and fills in `_learn`, `_score` and perhaps `_explain`.
    Activity indices are those of the interactions it was fitted on.
    """

    name: ClassVar[str]
    config_class: ClassVar[type[Config]]
    uses_order: ClassVar[bool] = False  # the order of a history changes the answer
    learns_new_learners: ClassVar[bool] = True  # answers for a learner who was not in the training (fold-in)
    learns_new_activities: ClassVar[bool] = False  # scores activities that the training did not know, by features
    learns_newcomers: bool = False  # answers for a learner who has met nothing, by features; a blend if a member does
    explains: ClassVar[bool] = False  # `explain` has something to say
    needs_keras: ClassVar[bool] = False  # `fit` does; `score` never
    arrays: ClassVar[Mapping[str, tuple[type[np.generic], int]]] = {}  # its own: name -> dtype, dimensions

    before: "Algorithm | None" = None  # after a `fit` that made the model smaller: what it was

    def __init__(self, config: Config | None = None) -> None:
        self.config = self.config_class() if config is None else config
        self._state: State | None = None

    def fit(self, interactions: Interactions, options: FitOptions | None = None) -> Self:
        """Learn from `interactions` alone; whatever was learnt before is forgotten, also if this fails.

        Raises:
            NotEnoughData: too little to learn anything from.
            NotEnoughMemory: it would not fit; said before anything is computed.
            TrainingStopped: `options.should_stop` said so.
        """
        options = options or FitOptions()
        self._forget()
        self._check_data(interactions)
        self._check_memory(interactions)
        options.check_stop()
        seen_by = np.bincount(interactions.activity_index, minlength=interactions.n_activities)
        popularity = (seen_by / interactions.n_learners).astype(np.float32)
        learnt = self._learn(interactions, options)
        self._state = {"popularity": popularity, **learnt}
        return self

    def score(
        self,
        histories: Histories,
        times: Times | None = None,
        among: NDArray[np.integer] | None = None,
        features: Histories | None = None,
    ) -> Scores:
        """How strongly each activity follows from each history: shape (n_histories, n_activities), finite.

        The numbers order the activities of one row and mean nothing across algorithms. Indices that the
        training did not know are ignored; a history with nothing else is answered by the learner's features
        where the algorithm can, and otherwise gets the activities' popularity, the same for everyone. Activities
        already in the history keep their value: leaving them out is the caller's rule. Memory is 4 bytes x
        n_histories x n_activities: ask in blocks.

        Args:
            histories: n_histories lists of activity indices, oldest first.
            times: when each event of each history was, in seconds since 1970 UTC; those of the histories themselves
                where None, and unknown where they have none. Algorithms that do not look at the clock ignore them.
            among: indices of the only activities that matter, which are then the columns of the answer: with vectors it
                costs as much less as they are fewer.
            features: n_histories lists of hashes of what is known of each learner besides, as in
                `Interactions.learner_features`. Only those that `known_features` names count, and only where the
                history is empty.

        Raises:
            NotFitted: nothing has been learnt yet.
            InvalidData: not one instant for each event, not one list of features for each history, or the algorithm
                produced a NaN or an infinity.
        """
        if times is None and isinstance(histories, Sequences):
            times = histories.times
        known, instants = self._known(histories, times)
        scores = self._answers(known, instants, among)
        if features is not None:
            self._answer_newcomers(scores, known, features, among)
        if not np.isfinite(scores).all():
            raise InvalidData(f"{self.name} answered with a NaN or an infinity; train it again.")
        return scores

    def known_features(self, features: Index) -> Index:
        """Of hashes of what is known of a learner those that it can answer by; see `learns_newcomers`."""
        return features[:0]

    def explain(
        self, history: Index, activity_index: int, n: int = 2, times: NDArray[np.int64] | None = None
    ) -> list[Contribution]:
        """The at most `n` events of the history that spoke most for the activity, strongest first.

        Empty where the algorithm does not explain, or where no event spoke for it.

        Raises:
            NotFitted: nothing has been learnt yet.
            InvalidData: an activity the training did not know.
        """
        return self.explain_each(history, np.array([activity_index]), n, times)[0]

    def explain_each(
        self, history: Index, indices: NDArray[np.integer], n: int = 2, times: NDArray[np.int64] | None = None
    ) -> list[list[Contribution]]:
        """As `explain`, for several activities of one list at once, which costs little more than for one."""
        self._fitted()
        unknown = indices[(indices < 0) | (indices >= self.n_activities)]
        if len(unknown):
            raise InvalidData(
                f"Activity index {unknown[0]} is unknown: the training had {self.n_activities} activities."
            )
        history = np.asarray(history, np.int64)
        positions = np.flatnonzero((history >= 0) & (history < self.n_activities))
        if not (self.explains and len(positions)):
            return [[] for _index in indices]
        when = None if times is None else np.asarray(times)[positions]
        weights = np.maximum(self._explain_each(history[positions].astype(np.int32), indices, when), 0.0)
        return _strongest(weights, history[positions], positions, n)

    @property
    def n_activities(self) -> int:
        return len(self._fitted()["popularity"])

    def state(self) -> State:
        """Everything learnt, by name. The arrays are the live ones: do not write to them."""
        return dict(self._fitted())

    @classmethod
    def from_state(cls, config: Config | Mapping[str, object], state: Mapping[str, NDArray[Any]]) -> Self:
        """The fitted algorithm again, from the arrays of `state()`; others beside them are ignored.

        Raises:
            InvalidConfig: see `Config.from_dict`.
            IncompatibleArtifact: an array is missing or is of another type.
        """
        made = cls(config if isinstance(config, Config) else cls.config_class.from_dict(config))
        expected = made.expected_arrays()
        for name, (dtype, n_dimensions) in expected.items():
            found = state.get(name)
            if found is None or found.dtype != dtype or found.ndim != n_dimensions:
                got = "nothing" if found is None else f"{found.ndim}-dimensional {found.dtype}"
                raise IncompatibleArtifact(
                    f"{cls.name} needs the array {name!r} ({n_dimensions}-dimensional {np.dtype(dtype)}); got {got}. "
                    "Train a new version with this release."
                )
        made._state = {name: state[name] for name in expected}
        return made

    def with_activities(self, features: Sequences, places: NDArray[np.int64]) -> Self:
        """The same model, knowing further activities by their features; see `learns_new_activities`.

        Args:
            features: one list of feature hashes for each new activity, as in `Interactions.activity_features`.
            places: shape (len(features),), ascending: before which known activity each is put; those behind move up.

        Raises:
            NotSupported: it knows nothing but what was met.
            NotFitted: nothing has been learnt yet.
        """
        raise NotSupported(f"{self.name} cannot score activities that nobody has met; two_tower can.")

    def expected_arrays(self) -> dict[str, tuple[type[np.generic], int]]:
        """What `state()` of this config holds: name -> dtype, dimensions."""
        return {"popularity": (np.float32, 1), **self.arrays}

    def memory_bytes(self, n_learners: int, n_activities: int, n_interactions: int) -> int:
        """An upper estimate of what `fit` takes beyond its input."""
        return 8 * (n_learners + n_activities) + 32 * n_interactions

    @abstractmethod
    def _learn(self, interactions: Interactions, options: FitOptions) -> State:
        """The arrays named in `arrays`, and `popularity` where the plain one (share of learners) will not do."""

    @abstractmethod
    def _score(self, histories: list[Index], times: Times | None) -> Scores:
        """As `score`, for histories that are known and not empty; the array becomes the caller's own."""

    def _score_among(self, histories: list[Index], times: Times | None, among: NDArray[np.integer]) -> Scores:
        """The columns `among` of `_score`; an algorithm that can leave the others out says how."""
        return self._score(histories, times)[:, among]

    def _score_newcomers(self, features: list[Index]) -> Scores:
        """As `_score`, for learners of whom nothing is known but features, each one a known one."""
        raise NotImplementedError(f"{self.name} knows features of learners and does not say what follows from them.")

    def _explain_each(
        self, history: Index, indices: NDArray[np.integer], times: NDArray[np.int64] | None
    ) -> NDArray[np.floating]:
        """Shape (len(indices), len(history)): `_explain` of each; an algorithm that can do them together says how."""
        return np.stack([self._explain(history, int(index)) for index in indices])

    def _explain(self, history: Index, activity_index: int) -> NDArray[np.floating]:
        """Shape (len(history),): what each event did for the activity, in one unit; less than 0 spoke against.

        Where `_explain_each` does not do them together.
        """
        raise NotImplementedError(f"{self.name} declares explains=True and does not say how.")

    def _forget(self) -> None:
        """Drop what was learnt, and what a subclass derived from it to answer faster."""
        self._state = None
        self.before = None

    def _fitted(self) -> State:
        if self._state is None:
            raise NotFitted(f"{self.name} has learnt nothing yet: call fit(), or from_state() with a stored version.")
        return self._state

    def _known(self, histories: Histories, times: Times | None) -> tuple[list[Index], list[NDArray[np.int64]] | None]:
        """Without the activities that the training did not know."""
        lists = [np.asarray(history) for history in histories]
        instants = None if times is None else [np.asarray(one) for one in times]
        lengths = [len(one) for one in lists]
        if instants is not None and lengths != [len(one) for one in instants]:
            raise InvalidData("Each history needs one instant for each of its events; leave `times` out where unknown.")
        index = np.concatenate(lists) if lists else np.zeros(0, np.int32)
        is_known = (index >= 0) & (index < self.n_activities)
        if not is_known.all():
            those = np.split(is_known, np.cumsum(lengths)[:-1])
            lists = [one[kept] for one, kept in zip(lists, those, strict=True)]
            instants = instants and [one[kept] for one, kept in zip(instants, those, strict=True)]
        return [one.astype(np.int32, copy=False) for one in lists], instants

    def _answers(
        self, known: list[Index], instants: list[NDArray[np.int64]] | None, among: NDArray[np.integer] | None
    ) -> Scores:
        """By the history, or popularity where there is none."""

        def of_those(histories: list[Index], when: list[NDArray[np.int64]] | None) -> Scores:
            return self._score(histories, when) if among is None else self._score_among(histories, when, among)

        asked = np.flatnonzero([len(history) > 0 for history in known])
        if 0 < len(asked) == len(known):
            return of_those(known, instants)
        popularity = self._fitted()["popularity"]
        scores = np.tile(popularity if among is None else popularity[among], (len(known), 1))
        if len(asked):
            scores[asked] = of_those([known[k] for k in asked], instants and [instants[k] for k in asked])
        return scores

    def _answer_newcomers(
        self, scores: Scores, known: list[Index], features: Histories, among: NDArray[np.integer] | None
    ) -> None:
        """Write the rows of those who have met nothing and of whom something is known."""
        if len(features) != len(known):
            raise InvalidData(f"{len(features)} lists of features for {len(known)} histories.")
        about = [self.known_features(np.asarray(one, np.int32)) for one in features]
        new = [k for k, one in enumerate(about) if len(one) and not len(known[k])]
        if new:
            answers = self._score_newcomers([about[k] for k in new])
            scores[new] = answers if among is None else answers[:, among]

    def _check_data(self, interactions: Interactions) -> None:
        if len(interactions) == 0 or interactions.n_activities < 2:
            raise NotEnoughData(
                f"{self.name} needs interactions with two activities or more; got {len(interactions)} interactions "
                f"with {interactions.n_activities} activities. Import more history, or widen the kind of activity."
            )

    def _check_memory(self, interactions: Interactions) -> None:
        shape = (interactions.n_learners, interactions.n_activities)
        needed, free = self.memory_bytes(*shape, len(interactions)), available_memory_bytes()
        if needed > free:
            raise NotEnoughMemory(
                f"{self.name} would take about {needed / 2**30:.1f} GiB for {shape[0]} learners and {shape[1]} "
                f"activities, and {free / 2**30:.1f} GiB are free. Choose fewer activities (a kind, or a minimum of "
                "learners per activity), a smaller algorithm, or a larger machine."
            )


def _strongest(
    weights: NDArray[np.floating], events: NDArray[np.integer], positions: NDArray[np.int64], n: int
) -> list[list[Contribution]]:
    """Of each row of `weights` (n_asked, n_events), the first `n` that are more than 0."""
    order = np.argsort(-weights, axis=1, kind="stable")[:, :n]
    totals = weights.sum(axis=1, keepdims=True)
    shares = weights[np.arange(len(weights))[:, None], order] / np.where(totals > 0, totals, 1)
    rows = zip(shares.tolist(), positions[order].tolist(), events[order].tolist(), strict=True)
    return [
        [Contribution(place, event, share) for share, place, event in zip(*row, strict=True) if share > 0]
        for row in rows
    ]
