"""Linear next-step regression: a ridge from exponentially decayed history to what comes next, in closed form.

Ridge regression from what was met before a step to what came after it, as in Choe et al., "Session-aware Linear
Item-Item Models for Session-based Recommendation", WWW 2021 (arXiv 2103.16104), section 3.2, here with every step of
every history in one system and with several memories side by side, each with weights of its own.
With H the decayed histories of all steps and Y the decayed futures, weights = inv(H'H + regularization * I) H'Y.

Cost: see `decayed_moments` for H'H and H'Y; then (n_views x n_activities)**3 / 3 operations of a float32 Cholesky and
twice n_views**2 x n_activities**3 for the weights. Memory: 4 (n_views x n_activities)**2 bytes, and as much again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import FitOptions, Progress, Scores, State, Times
from recommender.algorithms.config import Config, Span, parameter
from recommender.algorithms.decayed_moments import first_moments, moments, moments_around
from recommender.algorithms.linear import LinearAlgorithm, strongest
from recommender.backends.base import Dense
from recommender.datasets.interactions import DAY_SECONDS, Index, Interactions
from recommender.errors import InvalidConfig


@dataclass(frozen=True)
class SequentialLinearConfig(Config):
    short_steps: float | None = parameter(
        0.7,
        minimum=0.1,
        maximum=1000,
        search=Span(0.3, 2, is_log=True),
        doc="The short memory: after so many events one counts 1/e. Empty: without it.",
    )
    middle_steps: float | None = parameter(
        4.0,
        minimum=0.1,
        maximum=1000,
        search=Span(2, 10, is_log=True),
        doc="The middle memory, likewise.",
    )
    long_steps: float | None = parameter(
        None,
        minimum=0.1,
        maximum=1000,
        search=(None, 10.0, 20.0, 40.0),
        doc="The long memory, likewise. Three memories take three times as long as two.",
    )
    target_steps: float = parameter(
        1.0,
        minimum=0.0,
        maximum=1000,
        search=Span(0.3, 20, is_log=True),
        doc="How far ahead it learns to look: after so many events one counts 1/e; 0: the next one alone.",
    )
    context: str = parameter(
        "before",
        choices=("before", "around"),
        search=("before", "around"),
        doc="before: what comes next is learnt from what came before. around: what is missing is learnt from what lies "
        "before and after it (target_steps is not used then): for lists in doubtful order, or answers hidden anywhere.",
    )
    length_power: float = parameter(
        0.0,
        minimum=0.0,
        maximum=2.0,
        search=(0.0, 0.5, 1.0),
        doc="A step of a history of n activities counts n to minus this: 0, all steps alike; 1, all learners alike.",
    )
    half_life_days: float | None = parameter(
        None,
        minimum=0.01,
        search=(None, 3.0, 10.0, 30.0, 100.0),
        doc="After so many days a step counts half; empty: all alike. For courses that follow a calendar.",
    )
    intercept: bool = parameter(
        False,
        search=(False, True),
        doc="Also learn what follows whatever the history, as popularity does (with half_life_days: lately).",
    )
    regularization: float = parameter(
        100.0, minimum=0.001, search=Span(10, 1000, is_log=True), doc="Ridge: the larger, the smoother."
    )
    neighbours: int = parameter(
        512, minimum=1, maximum=100_000, doc="Weights kept per activity recommended; the others count as nothing."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.context == "around" and self.intercept:
            raise InvalidConfig("intercept", type(self).__name__, "false where context is around", self.intercept)
        if self.context == "around" and self.half_life_days is not None:
            raise InvalidConfig(
                "half_life_days", type(self).__name__, "empty where context is around", self.half_life_days
            )
        if not self.memories:
            allowed = "a number where middle_steps and long_steps are empty"
            raise InvalidConfig("short_steps", type(self).__name__, allowed, self.short_steps)

    @property
    def memories(self) -> list[float]:
        """Steps, in the order of the views."""
        return [steps for steps in (self.short_steps, self.middle_steps, self.long_steps) if steps is not None]


@dataclass(frozen=True, slots=True)
class _Means:
    seen: Dense  # (n_views x n_activities,), of the views
    asked: Dense  # (n_activities,), of what comes next


class SequentialLinear(LinearAlgorithm):
    """A view per memory: the latest event counts 1 in each, older ones fade at the memory's pace.

    Of NDCG@10 with all weights, MovieLens-1M (validation) keeps 0.998 with 512 neighbours that are chosen by size x
    usual input, and 0.985 with as many chosen by size alone.

    Tried on MovieLens-1M (validation) and dropped, because NDCG@10 was no better: an intercept, dividing by a power
    of popularity, counting the steps of long histories less. Neither was, on MOOCCubeX (validation), leaving events out
    in closed form (Steck, NeurIPS 2020).
    """

    name: ClassVar[str] = "sequential_linear"
    config_class: ClassVar[type[Config]] = SequentialLinearConfig
    uses_order: ClassVar[bool] = True
    config: SequentialLinearConfig

    def memory_bytes(self, n_learners: int, n_activities: int, n_interactions: int) -> int:
        n_views = len(self.config.memories)
        # The moments, one block on its way into them, and the weights that are kept with their places.
        dense = 4 * n_activities**2 * (n_views**2 + n_views + 2)
        kept = 24 * n_activities * min(self.config.neighbours, n_views * n_activities)
        return dense + kept + 64 * n_interactions + 2**28

    def _learn(self, interactions: Interactions, options: FitOptions) -> State:
        def tell(step: int, message: str) -> None:
            options.check_stop()
            options.progress(Progress(step, 100, message))

        options.backend.require("solve_regularised")
        gram, cross = self._moments(
            interactions, lambda share: tell(int(40 * share), "adding up what comes after what")
        )
        tell(40, "solving")
        sums = self._centred(interactions, gram, cross) if self.config.intercept else None
        # A weight of a rare activity moves few answers, however large it is.
        importance = np.sqrt(gram.diagonal())
        weights = options.backend.solve_regularised(gram, self.config.regularization, cross.T)
        del gram
        always = {} if sums is None else {"intercept": sums.asked - sums.seen @ weights}
        tell(90, "keeping the strongest weights")
        kept = strongest(weights, self.config.neighbours, importance)
        tell(100, "done")
        return kept | always

    def _moments(self, interactions: Interactions, after_block: Callable[[float], None]) -> tuple[Dense, Dense]:
        config, lists, n = self.config, interactions.sequences(), interactions.n_activities
        decays = self._decays()
        weight = _event_weight(interactions, config.length_power, config.half_life_days)
        if config.context == "around":
            return moments_around(lists, n, decays, after_block, weight)
        return moments(lists, n, decays, self._target_decay(), after_block, weight)

    def expected_arrays(self) -> dict[str, tuple[type[np.generic], int]]:
        return super().expected_arrays() | ({"intercept": (np.float32, 1)} if self.config.intercept else {})

    def _score(self, histories: list[Index], times: Times | None) -> Scores:
        scores = super()._score(histories, times)
        if self.config.intercept:
            scores += self._fitted()["intercept"]
        return scores

    def _centred(self, interactions: Interactions, gram: Dense, cross: Dense) -> _Means:
        """Take the means out of the moments, in place: what is left is the regression with a free intercept."""
        config, lists, n = self.config, interactions.sequences(), interactions.n_activities
        weight = _event_weight(interactions, config.length_power, config.half_life_days)
        seen, asked, total = first_moments(lists, n, self._decays(), self._target_decay(), weight)
        for moment, rows in ((gram, seen), (cross, asked)):
            for start in range(0, len(moment), 1024):  # a whole outer product would take as much memory again
                moment[start : start + 1024] -= np.outer(rows[start : start + 1024] / total, seen)
        return _Means(seen / np.float32(total), asked / np.float32(total))

    def _decays(self) -> list[float]:
        return [float(np.exp(-1.0 / steps)) for steps in self.config.memories]

    def _target_decay(self) -> float:
        return float(np.exp(-1.0 / self.config.target_steps)) if self.config.target_steps else 0.0

    def _views(self, age: NDArray[np.int64]) -> NDArray[np.float32]:
        views: NDArray[np.float32] = np.exp(-age[:, None] / np.array(self.config.memories)).astype(np.float32)
        return views


def _event_weight(interactions: Interactions, length_power: float, half_life_days: float | None) -> Dense:
    """Shape (len(interactions),), 1 in the mean, so that a regularization means the same with and without."""
    lengths = interactions.sequences().lengths[interactions.learner_index]
    weight = lengths.astype(np.float64) ** -length_power
    if half_life_days is not None:
        weight *= np.exp2((interactions.at - interactions.at.max()) / (DAY_SECONDS * half_life_days))
    found: Dense = (weight / weight.mean()).astype(np.float32)
    return found
