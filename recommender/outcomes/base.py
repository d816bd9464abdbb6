"""What every predictor of outcomes offers: `fit / predict / state / from_state`, and every check, made once here.

A predictor answers for an enrolment on any day of its course, from `Examples`. What it has learnt is a dictionary of
arrays: it is asked with NumPy in any process, whatever it was trained with. Three things are the same for all:

- **Calibration.** The raw answer (a logit) is scaled on learners who were held out (Platt, 1999); then everybody
  teaches. On OULAD the fifth that is held out is worth 0.001 of ROC-AUC in the first two weeks.
- **Level.** What earlier runs of a course teach decides how many of a cohort are at risk, the model decides who: one
  shift of the logit per cohort (Saerens, Latinne & Decaestecker, Neural Computation 14, 2002, for the idea).
- **Factors.** An additive predictor says exactly what each factor did; any other is asked again with the factor's
  features at the median of the peers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import FitOptions, State
from recommender.algorithms.config import Config
from recommender.datasets.studies import Flags, Floats, Ints
from recommender.errors import IncompatibleArtifact, InvalidData, NotEnoughData, NotFitted
from recommender.outcomes.examples import Examples, factor_of_feature, feature_names
from recommender.outcomes.factors import FACTORS
from recommender.outcomes.level import level_shift, logit, platt, sigmoid

HELD_OUT_SHARE = 0.2
"""Of the learners: the calibration is learnt from them alone."""
MIN_LEARNERS = 20
MIN_PER_OUTCOME = 5
FACTOR_NAMES = tuple(FACTORS)
FACTOR_OF_CHANNEL = ("active_days", "recent_activity", "materials", "missing_work", "results")
"""Of `examples.CHANNELS`, in their order."""


@dataclass(frozen=True)
class Prediction:
    """For k examples."""

    risk_share: Floats  # (k,) probability of not finishing
    grade_share: Floats  # (k,) expected grade; NaN if no grades were there to learn from
    effects: NDArray[np.float32]  # (k, n_factors) what each factor does to risk_share, beside a peer


class Predictor(ABC):
    """Base of every predictor. A subclass names itself, its config and its arrays, and fills in `learn` and `raw`."""

    name: ClassVar[str]
    config_class: ClassVar[type[Config]]
    needs_keras: ClassVar[bool] = False  # `fit` does; `predict` never
    uses_weeks: ClassVar[bool] = False  # looks at `Examples.weeks`
    is_additive: ClassVar[bool] = False  # `parts` says exactly what each factor did
    arrays: ClassVar[Mapping[str, int]] = {}  # its own: name -> dimensions, all float32 or int32

    def __init__(self, config: Config | None = None) -> None:
        self.config = self.config_class() if config is None else config
        self._state: State | None = None

    def fit(self, examples: Examples, options: FitOptions | None = None) -> Self:
        """Learn from examples whose outcome is known; whatever was learnt before is forgotten.

        Raises:
            NotEnoughData: too few learners, or only one kind of outcome.
            TrainingStopped: `options.should_stop` said so.
        """
        options = options or FitOptions()
        self._state = None
        examples = examples.where(examples.is_labelled)
        _check_enough(self.name, examples)
        options.check_stop()
        held_out = held_out_learners(examples.learner, HELD_OUT_SHARE, options.seed)
        kept, calibration = examples.where(held_out), np.array([1.0, 0.0], np.float32)
        if 0 < kept.is_risk.sum() < len(kept):
            self._state = self.learn(examples.where(~held_out), options.part(0, 2, "calibration"))
            calibration = platt(self.raw(kept)[0], kept.is_risk).astype(np.float32)
            options.check_stop()
        learnt = self.learn(examples, options.part(1, 2, self.name))
        self._state = learnt | {"calibration": calibration, "features": _signature()}
        return self

    def predict(self, examples: Examples, *, with_effects: bool = True) -> Prediction:
        """What to expect of each example; those of one cohort must all be there for their level to be right.

        Raises:
            NotFitted: nothing has been learnt yet.
            InvalidData: the predictor produced a NaN or an infinity.
        """
        self._fitted()
        if not len(examples):
            return Prediction(np.zeros(0), np.zeros(0), np.zeros((0, len(FACTOR_NAMES)), np.float32))
        raw, grade = self.raw(examples)
        shift = level_shift(self._calibrated(raw), examples.cohort, examples.expected, examples.trust)
        logits = self._calibrated(raw) + shift
        if not np.isfinite(logits).all():
            raise InvalidData(f"{self.name} answered with a NaN or an infinity; train it again.")
        empty = np.zeros((len(examples), len(FACTOR_NAMES)), np.float32)
        effects = self._effects(examples, raw, shift) if with_effects else empty
        return Prediction(sigmoid(logits), np.clip(grade, 0.0, 1.0), effects)

    def shift_of(self, examples: Examples) -> Floats:
        """(k,) the level of each example's cohort, to be used where one of them is asked about alone."""
        raw, _grade = self.raw(examples)
        return level_shift(self._calibrated(raw), examples.cohort, examples.expected, examples.trust)

    def risk_at(self, examples: Examples, shift: Floats) -> Floats:
        """(k,) risks with the levels given."""
        return sigmoid(self._calibrated(self.raw(examples)[0]) + shift)

    def state(self) -> State:
        """Everything learnt, by name. The arrays are the live ones: do not write to them."""
        return dict(self._fitted())

    @classmethod
    def from_state(cls, config: Config | Mapping[str, object], state: Mapping[str, NDArray[Any]]) -> Self:
        """The fitted predictor again, from the arrays of `state()`; others beside them are ignored.

        Raises:
            InvalidConfig: see `Config.from_dict`.
            IncompatibleArtifact: an array is missing, or it was trained on other features than this release has.
        """
        made = cls(config if isinstance(config, Config) else cls.config_class.from_dict(config))
        expected = {"calibration": 1, "features": 1, **cls.arrays}
        for name, n_dimensions in expected.items():
            found = state.get(name)
            if found is None or found.ndim != n_dimensions:
                got = "nothing" if found is None else f"{found.ndim} dimensions"
                raise IncompatibleArtifact(
                    f"{cls.name} needs the array {name!r} with {n_dimensions} dimensions; got {got}. "
                    "Train a new version with this release."
                )
        if not np.array_equal(state["features"], _signature()):
            raise IncompatibleArtifact(
                f"This {cls.name} was trained on other features than this release calculates. Train a new version."
            )
        made._state = {name: state[name] for name in expected}
        return made

    @classmethod
    def with_arrays(cls, arrays: State) -> Self:
        """For a predictor made of others: one that answers `raw` and `parts` from its own arrays alone."""
        made = cls()
        made._state = arrays
        return made

    @abstractmethod
    def learn(self, examples: Examples, options: FitOptions) -> State:
        """The arrays named in `arrays`."""

    @abstractmethod
    def raw(self, examples: Examples) -> tuple[Floats, Floats]:
        """Logits of the risk before calibration, and expected grades (NaN if unknown), each (k,)."""

    def parts(self, examples: Examples) -> Floats:
        """(k, n_factors): what each factor adds to the raw logit."""
        raise NotImplementedError(f"{self.name} declares is_additive=True and does not say how.")

    def _fitted(self) -> State:
        if self._state is None:
            raise NotFitted(f"{self.name} has learnt nothing yet: call fit(), or from_state() with a stored version.")
        return self._state

    def _calibrated(self, raw: Floats) -> Floats:
        slope, intercept = self._fitted()["calibration"].astype(np.float64)
        return np.asarray(slope * raw + intercept)

    def without_each(self, examples: Examples, raw: Floats) -> Iterator[Floats]:
        """The raw logits, (k,), if one factor after the other were as peers have it."""
        if self.is_additive:
            parts = self.parts(examples)
            yield from (raw - parts.T + _mean_by(examples.cohort, parts).T)
            return
        for factor in FACTOR_NAMES:
            yield self.raw(with_peers_values(examples, factor))[0]

    def _effects(self, examples: Examples, raw: Floats, shift: Floats) -> NDArray[np.float32]:
        risk = sigmoid(self._calibrated(raw) + shift)
        found = np.zeros((len(examples), len(FACTOR_NAMES)), np.float32)
        for place, without in enumerate(self.without_each(examples, raw)):
            found[:, place] = risk - sigmoid(self._calibrated(without) + shift)
        return found


def held_out_learners(learner: Ints, share: float, seed: int) -> Flags:
    """(k,) the same learners for the same seed, whatever else is among the examples."""
    mixed = (learner.astype(np.uint64) + np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)) * np.uint64(
        0xBF58476D1CE4E5B9
    )
    mixed ^= mixed >> np.uint64(31)
    mixed *= np.uint64(0x94D049BB133111EB)
    return (mixed >> np.uint64(11)).astype(np.float64) / 2**53 < share


def with_peers_values(examples: Examples, factor: str) -> Examples:
    """The examples with the factor's features at the median of their cohort, its weeks at the mean."""
    columns = [place for place, name in enumerate(factor_of_feature().values()) if name == factor]
    features = examples.features.copy()
    _cohorts, place = np.unique(examples.cohort, return_inverse=True)
    for column in columns:
        features[:, column] = medians(place, features[:, column])[place]
    weeks = examples.weeks
    channel = FACTOR_OF_CHANNEL.index(factor) if factor in FACTOR_OF_CHANNEL and weeks.shape[1] else None
    if channel is not None:
        weeks = weeks.copy()
        weeks[:, :, channel] = _mean_by(examples.cohort, weeks[:, :, channel].astype(np.float64))
    return replace(examples, features=features, weeks=weeks)


def medians(group: Ints, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(groups,) of what is not NaN in each group 0, 1, ...; NaN for a group without anything."""
    n_groups = int(group.max(initial=-1)) + 1
    known = np.isfinite(values)
    order = np.flatnonzero(known)[np.lexsort((values[known], group[known]))]
    counts = np.bincount(group[known], minlength=n_groups)
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    found = np.full(n_groups, np.nan, np.float32)
    some = counts > 0
    low, high = starts + (counts - 1) // 2, starts + counts // 2
    found[some] = (values[order[low[some]]] + values[order[high[some]]]) / 2
    return found


def _mean_by(group: Ints, values: Floats) -> Floats:
    """(k, columns) the mean of each example's group."""
    _groups, place = np.unique(group, return_inverse=True)
    counts = np.bincount(place)
    means = np.column_stack([np.bincount(place, column) / counts for column in values.T])
    return np.asarray(means[place])


def _check_enough(name: str, examples: Examples) -> None:
    n_learners = len(np.unique(examples.learner))
    n_lost = len(np.unique(examples.owner[examples.is_risk]))
    n_finished = len(np.unique(examples.owner[~examples.is_risk]))
    if n_learners < MIN_LEARNERS or min(n_lost, n_finished) < MIN_PER_OUTCOME:
        raise NotEnoughData(
            f"{name} needs ended enrolments of {MIN_LEARNERS} learners, {MIN_PER_OUTCOME} of them finished and "
            f"{MIN_PER_OUTCOME} not; there are {n_finished} finished and {n_lost} not, of {n_learners} learners. "
            "Import courses that have ended, with the outcome of each enrolment."
        )


def _signature() -> NDArray[np.int32]:
    """Of the features' names and order, so that arrays never meet columns of another release."""
    return np.frombuffer(" ".join(feature_names()).encode(), np.uint8).astype(np.int32)


__all__ = ["FACTOR_NAMES", "Prediction", "Predictor", "held_out_learners", "logit", "medians", "sigmoid"]
