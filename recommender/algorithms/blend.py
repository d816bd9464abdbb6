"""Several recommenders together, weighted by how well they tell next steps that none of them saw.

Stacking (Wolpert, Neural Networks 1992; Breiman, Machine Learning 1996) with the conditional logit of McFadden, 1974,
on top: the chance of an activity is the softmax of weighted answers of the members. Its likelihood has one maximum,
which Newton's method finds; weights below 0 are left out, so that no answer is turned round. Answers are made
comparable first: standardised over the activities of one history, once as they are and once in a logarithm, because
regressions answer with shares and softmax models with their logarithm.

The steps are single events of some learners, the last ones where not told otherwise, which are kept from the members;
all others are learnt from, so a member need not be trained again for so little. On MovieLens-1M 3,000 of 987,531
events are kept back.

Cost: that of the members, twice for those that are refitted. Answering costs the sum of the members. After a kill,
members that were done are read from the working folder, and the one that was half-way goes on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms import members
from recommender.algorithms.base import Algorithm, FitOptions, Scores, State, Times
from recommender.algorithms.config import Config, parameter
from recommender.datasets.interactions import Index, Interactions, Sequences
from recommender.datasets.splits import time_split
from recommender.errors import NotEnoughData
from recommender.parallel import in_parallel

_MAX_ASKED = 3000
_MAX_NUMBERS = 64 * 2**20
_BLOCK_NUMBERS = 2**20
_CACHED_NUMBERS = 2**17  # of a thread's blocks: they are gone through again and again
_NEWTON_STEPS = 30
_EARLIER = 0.9  # of the events are given where later ones are asked for, as when versions are compared
_RIDGE = 1e-3  # of the mean log likelihood: members that say the same share their weight


@dataclass(frozen=True)
class BlendConfig(Config):
    members: str = parameter(
        "sequential_linear,ease,ials",
        doc="Recommenders with commas; parameters behind colons: sequential_linear:long_steps=20,ease.",
    )
    held_out_share: float = parameter(
        0.5, minimum=0.001, maximum=1.0, doc="Share of the learners of whom an event is kept to learn the weights on."
    )
    held_out: str = parameter(
        "last",
        choices=("last", "any", "later"),
        search=("last", "any", "later"),
        doc="last: that event is the last one. any: it is drawn from the whole list and all others are given, for "
        "lists in doubtful order, or answers hidden anywhere. later: the last tenth of all events is told from what "
        "came before, for what changes with time; then all members are trained twice.",
    )
    refit: bool = parameter(
        True, doc="Train the members that are no networks once more, with those events, after the weights are learnt."
    )
    refit_networks: bool = parameter(
        False, doc="The networks too. They take long, and the events are few: one for each learner who is asked."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.built()

    def built(self) -> list[Algorithm]:
        """The members, unfitted.

        Raises:
            InvalidConfig: an unknown member, a parameter that it does not have, or a blend in a blend.
        """
        return members.built(self.members, type(self).__name__, (Blend.name,))


class Blend(Algorithm):
    """Weights stand for the members and for their logarithms: shape (2 x n_members,)."""

    name: ClassVar[str] = "blend"
    config_class: ClassVar[type[Config]] = BlendConfig
    uses_order: ClassVar[bool] = True
    explains: ClassVar[bool] = True
    needs_keras: ClassVar[bool] = True  # where a member does
    arrays: ClassVar[Mapping[str, tuple[type[np.generic], int]]] = {"blend_weights": (np.float32, 1)}
    config: BlendConfig
    _loaded: list[Algorithm] | None = None

    def __init__(self, config: Config | None = None) -> None:
        super().__init__(config)
        self.learns_newcomers = any(member.learns_newcomers for member in self.config.built())

    def memory_bytes(self, n_learners: int, n_activities: int, n_interactions: int) -> int:
        shape = (n_learners, n_activities, n_interactions)
        return 6 * _MAX_NUMBERS + sum(member.memory_bytes(*shape) for member in self.config.built())

    def expected_arrays(self) -> dict[str, tuple[type[np.generic], int]]:
        return super().expected_arrays() | members.expected_arrays(self.config.built())

    def _learn(self, interactions: Interactions, options: FitOptions) -> State:
        parts = self.config.built()
        refitted = [k for k, member in enumerate(parts) if self._is_refitted(member)]
        n_parts = len(parts) + len(refitted)
        known, histories, targets = _kept_back(interactions, self.config, options.seed)
        parts = [members.fitted(one, known, options.part(k, n_parts, one.name)) for k, one in enumerate(parts)]
        fits = max(1, _MAX_NUMBERS // (2 * len(parts) * known.n_activities))
        weights = learn_weights(parts, histories.slice(0, fits), targets[:fits])
        for place, k in enumerate(refitted, len(parts)):
            again = type(parts[k])(parts[k].config)
            parts[k] = members.fitted(again, interactions, options.part(place, n_parts, again.name))
        return {"blend_weights": weights, **members.state_of(parts)}

    def known_features(self, features: Index) -> Index:
        return features[
            np.isin(features, [one for member in self.members() for one in member.known_features(features)])
        ]

    def _score(self, histories: list[Index], times: Times | None) -> Scores:
        return self._weighted(histories, lambda member: member._score(histories, times))

    def _score_newcomers(self, features: list[Index]) -> Scores:
        """Members that know nothing of features say what is popular."""
        nothing = [np.zeros(0, np.int32)] * len(features)
        return self._weighted(nothing, lambda member: member.score(nothing, features=features))

    def _weighted(self, histories: list[Index], answer: Callable[[Algorithm], Scores]) -> Scores:
        total = np.zeros((len(histories), self.n_activities), np.float32)
        weights, is_open = self._fitted()["blend_weights"].reshape(-1, 2), members.is_open(histories, self.n_activities)
        for member, (plain, in_logarithm) in zip(self.members(), weights, strict=True):
            if plain or in_logarithm:
                _add_weighted(total, answer(member), is_open, (plain, in_logarithm))
        return total

    def _explain_each(
        self, history: Index, indices: NDArray[np.integer], times: NDArray[np.int64] | None
    ) -> NDArray[np.floating]:
        weights = self._fitted()["blend_weights"].reshape(-1, 2).sum(axis=1)
        return members.reasons(self.members(), weights, history, indices, times)

    def _is_refitted(self, member: Algorithm) -> bool:
        if self.config.held_out == "later":  # or it would miss what is latest
            return True
        return self.config.refit_networks if member.needs_keras else self.config.refit

    def members(self) -> list[Algorithm]:
        """As they were fitted for the blend.

        Raises:
            NotFitted: nothing has been learnt yet.
        """
        if self._loaded is None:
            self._loaded = members.restored(self.config.built(), self._fitted())
        return self._loaded

    def _forget(self) -> None:
        super()._forget()
        self._loaded = None


def _kept_back(interactions: Interactions, config: BlendConfig, seed: int) -> tuple[Interactions, Sequences, Index]:
    """What the members learn from, and questions in random order: what each was given, and the event asked for."""
    if config.held_out == "later":
        return _later(interactions, config.held_out_share, seed)
    lists = interactions.sequences()
    able = np.flatnonzero(lists.lengths >= 2)
    if not len(able):
        raise NotEnoughData(
            "blend needs some learners with two activities or more, to learn its weights on; got none. "
            "Import more history, or choose one of its members alone."
        )
    n = min(_MAX_ASKED, int(np.ceil(config.held_out_share * len(able))))
    asked = np.random.default_rng(seed).permutation(able)[:n]
    places = lists.lengths[asked] - 1
    if config.held_out == "any":
        places = np.random.default_rng([seed, 1]).integers(0, lists.lengths[asked])
    is_known = np.ones(len(interactions), bool)
    is_known[lists.offsets[asked] + places] = False
    lists = lists.take(asked)
    hidden = lists.offsets[:-1] + places
    known = interactions.where(is_known, all_activities=True)
    return known, lists.without(hidden), lists.activity_index[hidden]


def _later(interactions: Interactions, share: float, seed: int) -> tuple[Interactions, Sequences, Index]:
    """As the default protocol asks: what learners met in the last tenth of all events, given what they met before."""
    split = time_split(interactions, _EARLIER)
    draw = np.random.default_rng(seed)
    asked = draw.permutation(split.n_tested)[: int(np.ceil(share * split.n_tested))]
    targets = split.test_targets.take(asked)
    drawn = draw.permutation(len(targets.activity_index))[:_MAX_ASKED]
    return split.train, split.test_inputs.take(asked[targets.owner[drawn]]), targets.activity_index[drawn]


def _add_weighted(
    total: Scores, scores: Scores, is_open: NDArray[np.bool_], weights: tuple[np.float32, np.float32]
) -> None:
    """To `total`, in place; `scores` are used up."""
    plain, in_logarithm = weights
    step = max(1, _CACHED_NUMBERS // total.shape[1])

    def add(start: int) -> None:
        part, sums = scores[start : start + step], total[start : start + step]
        members.standardise(part, is_open[start : start + step])
        if in_logarithm:
            sums += in_logarithm * np.arcsinh(part)
        if plain:
            part *= plain
            sums += part

    in_parallel(add, range(0, len(total), step), limits_blas=False)


def learn_weights(parts: list[Algorithm], histories: Sequences, targets: Index) -> NDArray[np.float32]:
    """The most likely weights for the target of each history, given the rest: shape (2 x n_members,).

    Targets have the shape (n_histories,); no history is empty.
    """
    features = np.empty((len(targets), 2 * len(parts), parts[0].n_activities), np.float32)
    is_open = members.is_open(histories, features.shape[2])
    for place, member in enumerate(parts):
        standard = features[:, 2 * place]
        standard[:] = member.score(histories)
        members.standardise(standard, is_open)
        np.arcsinh(standard, out=features[:, 2 * place + 1])
    weights = np.zeros(features.shape[1], np.float32)
    kept = np.arange(len(weights))
    while len(kept):
        found = _most_likely(features, kept, ~is_open, targets)
        if (found > 0).all():
            weights[kept] = found
            break
        kept = np.delete(kept, found.argmin())
    return weights


def _most_likely(
    features: Scores, kept: NDArray[np.int64], met: NDArray[np.bool_], targets: Index
) -> NDArray[np.float64]:
    """Newton's method on the mean log likelihood; features have the shape (n_asked, n_features, n_activities)."""
    chosen = features[np.arange(len(targets)), :, targets][:, kept].mean(axis=0, dtype=np.float64)
    weights = np.zeros(len(kept))
    rows = max(1, _BLOCK_NUMBERS // (features.shape[1] * features.shape[2]))
    for _ in range(_NEWTON_STEPS):
        mean, spread = np.zeros(len(kept)), np.zeros((len(kept), len(kept)))
        for start in range(0, len(targets), rows):
            block = slice(start, start + rows)
            of_block = _moments(features[block][:, kept], weights.astype(np.float32), met[block])
            mean += of_block[0] / len(targets)
            spread += of_block[1] / len(targets)
        gradient = chosen - mean - _RIDGE * weights
        step = np.linalg.solve(spread + _RIDGE * np.eye(len(weights)), gradient)
        # A long first step overshoots where a softmax is saturated.
        weights += step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-4:
            break
    return weights


def _moments(
    features: Scores, weights: NDArray[np.float32], met: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums over those asked of the expected features, (n,), and of their covariances, (n, n), under the softmax."""
    strength = weights @ features
    strength[met] = -np.inf
    chance = np.exp(strength - strength.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    weighted = features * chance[:, None]
    means = weighted.sum(axis=2, dtype=np.float64)  # (n_asked, n)
    second = np.matmul(weighted, features.transpose(0, 2, 1)).sum(axis=0, dtype=np.float64)
    return means.sum(axis=0), second - means.T @ means
