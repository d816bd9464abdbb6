"""Several recommenders together, weighted by how well they tell the next step of learners that none of them saw.

Stacking (Wolpert, Neural Networks 1992; Breiman, Machine Learning 1996) with the conditional logit of McFadden, 1974,
on top: the chance of an activity is the softmax of weighted answers of the members. Its likelihood has one maximum,
which Newton's method finds; weights below 0 are left out, so that no answer is turned round. Answers are made
comparable first: standardised over the activities of one history, once as they are and once in a logarithm, because
regressions answer with shares and softmax models with their logarithm.

Cost: that of the members, twice with `refit`. Answering costs the sum of the members.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm, FitOptions, Progress, Scores, State
from recommender.algorithms.catalogue import ALGORITHMS, build
from recommender.algorithms.config import Config, parameter
from recommender.datasets.interactions import Index, Interactions
from recommender.errors import InvalidConfig, NotEnoughData

_MAX_ASKED = 3000
_MAX_NUMBERS = 32 * 2**20
_NEWTON_STEPS = 30
_RIDGE = 1e-3  # of the mean log likelihood: members that say the same share their weight


@dataclass(frozen=True)
class BlendConfig(Config):
    members: str = parameter(
        "sequential_linear,ease,ials",
        doc="Recommenders with commas; parameters behind colons: sequential_linear:long_steps=20,ease.",
    )
    held_out_share: float = parameter(
        0.1, minimum=0.001, maximum=0.5, doc="Share of the learners on whom the weights are learnt."
    )
    refit: bool = parameter(
        True, doc="Train the members once more with everybody, after the weights are learnt; takes twice the time."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.built()

    def built(self) -> list[Algorithm]:
        """The members, unfitted.

        Raises:
            InvalidConfig: an unknown member, a parameter that it does not have, or a blend in a blend.
        """
        found = [_member(text.strip()) for text in self.members.split(",") if text.strip()]
        if not found:
            raise InvalidConfig("members", type(self).__name__, "one name or more", self.members)
        return found


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

    def memory_bytes(self, n_learners: int, n_activities: int, n_interactions: int) -> int:
        shape = (n_learners, n_activities, n_interactions)
        return 16 * _MAX_NUMBERS + sum(member.memory_bytes(*shape) for member in self.config.built())

    def expected_arrays(self) -> dict[str, tuple[type[np.generic], int]]:
        expected = super().expected_arrays()
        for place, member in enumerate(self.config.built()):
            for name, kind in member.expected_arrays().items():
                expected[_prefix(place, member) + name] = kind
        return expected

    def _learn(self, interactions: Interactions, options: FitOptions) -> State:
        members = self.config.built()
        rounds = 2 if self.config.refit else 1
        asked = _held_out(interactions, self.config.held_out_share, options.seed)
        known = interactions.where(~np.isin(interactions.learner_index, asked), all_activities=True)
        for place, member in enumerate(members):
            member.fit(known, _part(options, place, rounds * len(members), member.name))
        lists = interactions.sequences().take(asked)
        fits = max(1, _MAX_NUMBERS // (2 * len(members) * interactions.n_activities))
        weights = _learn_weights(members, list(lists)[: min(fits, _MAX_ASKED)])
        if self.config.refit:
            for place, member in enumerate(members, len(members)):
                member.fit(interactions, _part(options, place, rounds * len(members), member.name))
        state = {"blend_weights": weights}
        for place, member in enumerate(members):
            state |= {_prefix(place, member) + name: array for name, array in member.state().items()}
        return state

    def _score(self, histories: list[Index], at: NDArray[np.int64] | None) -> Scores:
        scores = np.zeros((len(histories), self.n_activities), np.float32)
        weights = self._fitted()["blend_weights"].reshape(-1, 2)
        for member, (plain, in_logarithm) in zip(self._members(), weights, strict=True):
            standard = _standardised(member.score(histories, at), histories)
            scores += plain * standard + in_logarithm * np.arcsinh(standard)
        return scores

    def _explain(self, history: Index, activity_index: int) -> NDArray[np.floating]:
        explained: NDArray[np.floating] = self._explain_each(history, np.array([activity_index]))[0]
        return explained

    def _explain_each(self, history: Index, indices: NDArray[np.integer]) -> NDArray[np.floating]:
        """The members' own reasons, in units of how far their answers spread, by their weights."""
        total = np.zeros((len(indices), len(history)))
        weights = self._fitted()["blend_weights"].reshape(-1, 2).sum(axis=1)
        for member, weight in zip(self._members(), weights, strict=True):
            if member.explains:
                spread = float(member.score([history]).std()) or 1.0
                total += max(weight, 0.0) * member._explain_each(history, indices) / spread
        return total

    def _members(self) -> list[Algorithm]:
        if self._loaded is None:
            state, members = self._fitted(), self.config.built()
            self._loaded = [
                type(member).from_state(member.config, _own(state, _prefix(place, member)))
                for place, member in enumerate(members)
            ]
        return self._loaded

    def _forget(self) -> None:
        super()._forget()
        self._loaded = None


def _member(text: str) -> Algorithm:
    name, *settings = text.split(":")
    if name not in ALGORITHMS or name == Blend.name:
        allowed = "names among " + ", ".join(known for known in ALGORITHMS if known != Blend.name)
        raise InvalidConfig("members", BlendConfig.__name__, allowed, name)
    config: dict[str, object] = {}
    for setting in settings:
        parameter_name, _, value = setting.partition("=")
        config[parameter_name] = _value(value)
    return build(name, config)


def _value(text: str) -> int | float | str | bool | None:
    words: dict[str, bool | None] = {"true": True, "false": False, "none": None, "": None}
    if text.lower() in words:
        return words[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _prefix(place: int, member: Algorithm) -> str:
    return f"member_{place}_{member.name}_"


def _own(state: Mapping[str, NDArray[Any]], prefix: str) -> State:
    return {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}


def _held_out(interactions: Interactions, share: float, seed: int) -> NDArray[np.int64]:
    """Learners to ask, in random order; only those of whom something is known before the last event."""
    able = np.flatnonzero(interactions.sequences().lengths >= 2)
    n = min(_MAX_ASKED, int(np.ceil(share * len(able))))
    if n == 0 or n >= interactions.n_learners:
        raise NotEnoughData(
            f"blend needs some learners with two activities or more, to learn its weights on; got {len(able)}. "
            "Import more history, or choose one of its members alone."
        )
    return np.random.default_rng(seed).permutation(able)[:n]


def _part(options: FitOptions, place: int, n_parts: int, name: str) -> FitOptions:
    def tell(progress: Progress) -> None:
        step = 100 * place + int(100 * progress.step / max(1, progress.n_steps))
        options.progress(replace(progress, step=step, n_steps=100 * n_parts, message=f"{name}: {progress.message}"))

    budget = None if options.budget_seconds is None else options.budget_seconds / n_parts
    return replace(options, progress=tell, budget_seconds=budget)


def _standardised(scores: Scores, histories: list[Index]) -> Scores:
    """Mean 0 and deviation 1 over the activities that are not in the history."""
    is_open = np.ones(scores.shape, bool)
    is_open[np.repeat(np.arange(len(histories)), [len(one) for one in histories]), np.concatenate(histories)] = False
    n_open = np.maximum(is_open.sum(axis=1, keepdims=True), 1)
    centred = scores - (scores * is_open).sum(axis=1, keepdims=True) / n_open
    deviation = np.sqrt((np.square(centred) * is_open).sum(axis=1, keepdims=True) / n_open)
    found: Scores = (centred / np.where(deviation > 0, deviation, 1.0)).astype(np.float32)
    return found


def _learn_weights(members: list[Algorithm], lists: list[Index]) -> NDArray[np.float32]:
    """The most likely weights for each list's last event, given those before it."""
    histories, targets = [events[:-1] for events in lists], np.array([events[-1] for events in lists])
    standard = [_standardised(member.score(histories), histories) for member in members]
    features = np.stack([one for plain in standard for one in (plain, np.arcsinh(plain))])
    met = np.zeros(features.shape[1:], bool)
    met[np.repeat(np.arange(len(targets)), [len(one) for one in histories]), np.concatenate(histories)] = True
    weights = np.zeros(len(features), np.float32)
    kept = np.arange(len(features))
    while len(kept):
        found = _most_likely(features[kept], met, targets)
        if (found > 0).all():
            weights[kept] = found
            break
        kept = np.delete(kept, found.argmin())
    return weights


def _most_likely(features: Scores, met: NDArray[np.bool_], targets: Index) -> NDArray[np.float64]:
    """Newton's method on the mean log likelihood; features have the shape (n_features, n_asked, n_activities)."""
    chosen = features[:, np.arange(len(targets)), targets].mean(axis=1, dtype=np.float64)
    flat = features.reshape(len(features), -1)
    weights = np.zeros(len(features))
    for _ in range(_NEWTON_STEPS):
        strength = (weights.astype(np.float32) @ flat).reshape(met.shape)
        strength[met] = -np.inf
        chance = np.exp(strength - strength.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        weighted = features * chance
        means = weighted.sum(axis=2)  # (n_features, n_asked)
        gradient = chosen - means.mean(axis=1) - _RIDGE * weights
        spread = (weighted.reshape(len(features), -1) @ flat.T - means @ means.T) / len(targets)
        step = np.linalg.solve(spread + _RIDGE * np.eye(len(weights)), gradient)
        # A long first step overshoots where a softmax is saturated.
        weights += step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-4:
            break
    return weights
