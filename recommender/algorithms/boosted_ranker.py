"""A ranker on top of other recommenders: boosted trees that learnt, at past instants, what came next.

Two stages as in Covington et al., "Deep neural networks for YouTube recommendations", RecSys 2016: members name
candidates, and a model of few features orders them; here gradient-boosted trees on histograms (Ke et al., NeurIPS
2017; scikit-learn) with the logistic loss. Training goes back in time: at each of several instants the members are
trained on what came before, and what learners met afterwards tells right from wrong. So the trees learn from the past
how far to trust what is popular, what is new, each kind of activity and what each member says. Half of them learn what
comes soon, half what comes at all: how far ahead a list will be held against what its learner does, nobody knows. For
histories with a clock whose activities come and go: courses.

Cost: that of the members at every instant and once more, on what lies before it; then n_instants x max_learners x
candidates examples. Answering costs the sum of the members and, for each learner, candidates x trees. After a kill,
members that were done are read from the working folder.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms import members, ranking_features
from recommender.algorithms.base import Algorithm, FitOptions, Progress, Scores, State, Times
from recommender.algorithms.config import Config, Span, parameter
from recommender.algorithms.trees import TREE_ARRAYS, Forest, exported, joined
from recommender.datasets.interactions import Index, Interactions
from recommender.datasets.splits import Split, time_split
from recommender.errors import NotEnoughData
from recommender.parallel import in_parallel

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

_NO_MEMBERS = ("boosted_ranker", "blend")
_EARLIEST, _LATEST = 0.4, 0.9  # of the events lie before the first and the last instant
_BLOCK_NUMBERS = 2**18  # histories x activities that are answered at once
_TREE = "tree_"


@dataclass(frozen=True)
class BoostedRankerConfig(Config):
    members: str = parameter(
        "sequential_linear:long_steps=20:target_steps=10:regularization=300,ease",
        doc="Recommenders with commas; parameters behind colons: sequential_linear:long_steps=20,ease.",
    )
    candidates: int = parameter(
        100,
        minimum=1,
        maximum=10_000,
        doc="Of each member's list so many are put in order; all others come after them.",
    )
    instants: int = parameter(8, minimum=1, maximum=100, doc="Past instants at which it looks at what came next.")
    ahead_share: float = parameter(
        0.4,
        minimum=0.01,
        maximum=10.0,
        search=(0.2, 0.4, 0.8),
        doc="How far ahead of an instant it looks, less and less: so many events, as a share of those before it.",
    )
    max_learners: int = parameter(250, minimum=1, maximum=100_000, doc="Learners looked at, at each instant.")
    epochs: int = parameter(
        100,
        minimum=1,
        maximum=5_000,
        search=Span(50, 400, is_log=True),
        doc="trees for what comes soon, and as many for what comes at all",
    )
    learning_rate: float = parameter(
        0.1, minimum=1e-4, maximum=1.0, search=Span(0.02, 0.2, is_log=True), doc="share of each tree that counts"
    )
    max_leaves: int = parameter(15, minimum=2, maximum=255, search=(7, 15, 31), doc="leaves of one tree")
    min_examples: int = parameter(100, minimum=1, maximum=100_000, doc="examples in a leaf, at least")
    regularization: float = parameter(5.0, minimum=0.0, maximum=1e6, doc="penalty on squared leaf values")
    feature_share: float = parameter(0.4, minimum=0.01, maximum=1.0, doc="features drawn at each split")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.built()

    def built(self) -> list[Algorithm]:
        """The members, unfitted.

        Raises:
            InvalidConfig: an unknown member, a parameter that it does not have, or a blend or ranker in it.
        """
        return members.built(self.members, type(self).__name__, _NO_MEMBERS)


class BoostedRanker(Algorithm):
    """The log-odds that an activity is met soon, and those that it is met at all, added up.

    What is no candidate comes after all that are, as the members order it.
    """

    name: ClassVar[str] = "boosted_ranker"
    config_class: ClassVar[type[Config]] = BoostedRankerConfig
    uses_order: ClassVar[bool] = True
    explains: ClassVar[bool] = True
    needs_keras: ClassVar[bool] = True  # where a member does
    arrays: ClassVar[Mapping[str, tuple[type[np.generic], int]]] = {
        "of_activity": (np.float32, 2),
        "now": (np.int64, 1),  # (1,), the last event, in seconds since 1970 UTC
        **{
            f"{_TREE}{name}": (np.float32 if name in {"threshold", "value", "base"} else np.int32, 1)
            for name in TREE_ARRAYS
        },
    }
    config: BoostedRankerConfig
    _loaded: tuple[list[Algorithm], Forest] | None = None

    def memory_bytes(self, n_learners: int, n_activities: int, n_interactions: int) -> int:
        config, shape = self.config, (n_learners, n_activities, n_interactions)
        parts = config.built()
        n_features = ranking_features.most_features(len(parts))
        n_candidates = min(n_activities, config.candidates * len(parts))
        examples = config.instants * min(n_learners, config.max_learners) * n_candidates
        asked = 16 * len(parts) * min(n_learners, config.max_learners) * n_activities
        # Of examples: features, put together, once more with those right in part, and bins. Of interactions: a past.
        held = 15 * examples * n_features + asked + 64 * n_interactions + 2**27
        return held + sum(part.memory_bytes(*shape) for part in parts)

    def expected_arrays(self) -> dict[str, tuple[type[np.generic], int]]:
        return super().expected_arrays() | members.expected_arrays(self.config.built())

    def _learn(self, interactions: Interactions, options: FitOptions) -> State:
        config = self.config
        parts = config.built()
        n_fits = len(parts) * (config.instants + 1)
        flags = ranking_features.flags(interactions)
        examples = []
        for place, (split, soon) in enumerate(_instants(interactions, config, options.seed)):
            fitted = self._members(parts, split.train, options, place, n_fits)
            examples.append(self._examples(fitted, split, soon, flags))
            options.check_stop()
        if not examples:
            raise NotEnoughData(
                "boosted_ranker needs learners with events before and after some instant, to learn what comes next; "
                "got none. Import more history, or choose one of its members alone."
            )
        options.progress(Progress(100 * (n_fits - len(parts)), 100 * n_fits, "growing trees"))
        features, soon = (np.concatenate(column) for column in zip(*examples, strict=True))
        trees = self._trees(features, soon, options.seed)
        fitted = self._members(parts, interactions, options, config.instants, n_fits)
        options.progress(Progress(100 * n_fits, 100 * n_fits, "done"))
        of_activity = ranking_features.of_activities(interactions, flags)
        now = interactions.at.max(keepdims=True)
        return {"of_activity": of_activity, "now": now, **trees, **members.state_of(fitted)}

    def _members(
        self, parts: list[Algorithm], known: Interactions, options: FitOptions, place: int, n_fits: int
    ) -> list[Algorithm]:
        begin = place * len(parts)
        return [
            members.fitted(type(part)(part.config), known, options.part(begin + k, n_fits, part.name))
            for k, part in enumerate(parts)
        ]

    def _examples(
        self, fitted: list[Algorithm], split: Split, soon: NDArray[np.float32], flags: Index
    ) -> tuple[ranking_features.Features, NDArray[np.float32]]:
        """Of all candidates of those who are asked at an instant: features, and how soon they were met; 0 if never."""
        of_activity, now = ranking_features.of_activities(split.train, flags), int(split.train.at.max())
        asked = split.test_inputs
        pairs = ranking_features.of_pairs(fitted, of_activity, now, list(asked), asked.times, self.config.candidates)
        of_all = np.zeros(pairs.place.shape, np.float32)
        of_all[split.test_targets.owner, split.test_targets.activity_index] = soon
        return pairs.features, of_all[pairs.is_candidate]

    def _trees(self, features: ranking_features.Features, soon: NDArray[np.float32], seed: int) -> State:
        is_met = soon > 0
        if is_met.all() or not is_met.any():
            raise NotEnoughData(
                "boosted_ranker needs activities that were met after some instant and others that were not; got "
                f"{len(is_met)} of one kind. Import more history, or choose one of its members alone."
            )
        # What came later is right in part: it is there twice, and the rest of it is wrong.
        in_part = np.flatnonzero(is_met & (soon < 1))
        rows = np.concatenate([np.arange(len(soon)), in_part])
        is_right = np.concatenate([is_met, np.zeros(len(in_part), bool)])
        weight = np.concatenate([np.where(is_met, soon, 1), 1 - soon[in_part]])
        of_soon = self._booster(seed).fit(features[rows], is_right, weight)
        of_ever = self._booster(seed + 1).fit(features, is_met)
        groups = np.full(features.shape[1], -1, np.int64)
        arrays = joined([exported(model, groups) for model in (of_soon, of_ever)])
        return {f"{_TREE}{name}": array for name, array in arrays.items()}

    def _booster(self, seed: int) -> "HistGradientBoostingClassifier":
        # Loaded here: processes that only ask never need scikit-learn. Its threads are not to spin while they wait.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        from sklearn.ensemble import HistGradientBoostingClassifier

        config = self.config
        return HistGradientBoostingClassifier(
            max_iter=config.epochs,
            learning_rate=config.learning_rate,
            max_leaf_nodes=config.max_leaves,
            min_samples_leaf=config.min_examples,
            l2_regularization=config.regularization,
            max_features=config.feature_share,
            early_stopping=False,
            random_state=seed,
        )

    def _score(self, histories: list[Index], times: Times | None) -> Scores:
        scores = np.empty((len(histories), self.n_activities), np.float32)
        step = max(1, _BLOCK_NUMBERS // self.n_activities)
        self.loaded()

        def fill(start: int) -> None:
            rows = slice(start, start + step)
            scores[rows] = self._ranked(histories[rows], times and times[rows])

        in_parallel(fill, range(0, len(histories), step))
        return scores

    def _ranked(self, histories: list[Index], times: Times | None) -> Scores:
        (parts, forest), state = self.loaded(), self._fitted()
        pairs = ranking_features.of_pairs(
            parts, state["of_activity"], int(state["now"][0]), histories, times, self.config.candidates
        )
        odds = np.zeros(pairs.place.shape, np.float32)
        odds[pairs.is_candidate] = forest.total(pairs.features)
        lowest = odds.min(axis=1, keepdims=True, where=pairs.is_candidate, initial=0)
        # Trees answer many alike; those are told apart by the members' places.
        odds -= pairs.place / np.float32(1e4 * self.config.candidates)
        rest = lowest - 1 + pairs.strength - pairs.strength.max(axis=1, keepdims=True)
        return np.where(pairs.is_candidate, odds, rest)

    def _explain_each(
        self, history: Index, indices: NDArray[np.integer], times: NDArray[np.int64] | None
    ) -> NDArray[np.floating]:
        """The members' reasons, all alike: what the trees add is not of single events."""
        parts, _forest = self.loaded()
        return members.reasons(parts, [1.0] * len(parts), history, indices, times)

    def loaded(self) -> tuple[list[Algorithm], Forest]:
        """The members, and the trees.

        Raises:
            NotFitted: nothing has been learnt yet.
        """
        if self._loaded is None:
            state = self._fitted()
            forest = Forest(**{name: state[_TREE + name] for name in TREE_ARRAYS})
            self._loaded = (members.restored(self.config.built(), state), forest)
        return self._loaded

    def _forget(self) -> None:
        super()._forget()
        self._loaded = None


def _instants(
    interactions: Interactions, config: BoostedRankerConfig, seed: int
) -> Iterator[tuple[Split, NDArray[np.float32]]]:
    """Splits at past instants, each with what came until `ahead_share` more events were there.

    And of each target how soon it came: near 1 with the first of those events, near 0 with the last.
    """
    at = np.sort(interactions.at)
    shares = np.linspace(_LATEST, _EARLIEST, config.instants)
    for cutoff in np.unique(at[(shares * len(at)).astype(np.int64)]).tolist():
        n_before = int(np.searchsorted(at, cutoff))
        end = at[min(len(at) - 1, n_before + int(np.ceil(config.ahead_share * n_before)))]
        until = interactions.where(interactions.at <= end)
        with suppress(NotEnoughData):  # nobody is there before and after it
            split = time_split(until, None, cutoff=cutoff, max_learners=config.max_learners, seed=seed)
            if split.train.n_activities >= 2:
                came = np.searchsorted(at, np.append(np.asarray(split.test_targets.at), end), side="right") - n_before
                yield split, (1 - came[:-1] / (came[-1] + 1)).astype(np.float32)
