"""What every predictor keeps, whatever it is made of. A test class per predictor inherits it."""

from __future__ import annotations

import functools
from typing import ClassVar

import numpy as np
import pytest

from recommender.algorithms.base import FitOptions
from recommender.errors import IncompatibleArtifact, NotEnoughData, NotFitted, TrainingStopped
from recommender.evaluation.outcome_metrics import roc_auc
from recommender.evaluation.outcome_protocol import asked_about, outcome_split, trained_on
from recommender.outcomes.base import FACTOR_NAMES, Predictor
from recommender.outcomes.catalogue import PREDICTORS, build_predictor
from tests.recommender.outcomes.toy_studies import toy_studies

SPLIT = outcome_split(toy_studies())
TRAIN = trained_on(SPLIT, with_weeks=True)
TEST = asked_about(SPLIT, with_weeks=True)
TRUTH = SPLIT.truth.outcome[TEST.owner] == 1


@functools.cache
def fitted_once(name: str, config: tuple[tuple[str, object], ...]) -> Predictor:
    return build_predictor(name, dict(config)).fit(TRAIN, FitOptions(seed=1))


class PredictorContract:
    name: ClassVar[str]
    config: ClassVar[dict[str, object]] = {}
    enough_auc: ClassVar[float] = 0.8

    @pytest.fixture
    def fitted(self) -> Predictor:
        return fitted_once(self.name, tuple(self.config.items()))

    def test_it_is_in_the_table(self):
        assert PREDICTORS[self.name].endswith(type(build_predictor(self.name)).__name__)

    def test_it_finds_who_will_not_finish(self, fitted):
        """One in ten does the opposite of what they did before, so that nobody can reach 1."""
        assert roc_auc(fitted.predict(TEST).risk_share, TRUTH) > self.enough_auc

    def test_grades_follow(self, fitted):
        grade = fitted.predict(TEST).grade_share
        assert ((grade >= 0) & (grade <= 1)).all()
        assert grade[~TRUTH].mean() > grade[TRUTH].mean() + 0.1

    def test_risks_are_probabilities(self, fitted):
        risk = fitted.predict(TEST).risk_share
        assert ((risk > 0) & (risk < 1)).all()
        assert abs(risk.mean() - TRUTH.mean()) < 0.1

    def test_a_round_trip_changes_nothing(self, fitted):
        again = type(fitted).from_state(fitted.config.as_dict(), fitted.state())
        for name in ("risk_share", "grade_share", "effects"):
            np.testing.assert_array_equal(getattr(again.predict(TEST), name), getattr(fitted.predict(TEST), name))

    def test_the_same_seed_gives_the_same(self, fitted):
        again = build_predictor(self.name, self.config).fit(TRAIN, FitOptions(seed=1))
        np.testing.assert_allclose(again.predict(TEST).risk_share, fitted.predict(TEST).risk_share, atol=1e-5)

    def test_effects_point_where_the_difference_is(self, fitted):
        """The diligent differ from the others in activity and work, and in nothing else."""
        found = fitted.predict(TEST)
        assert found.effects.shape == (len(TEST), len(FACTOR_NAMES))
        total = np.abs(found.effects).mean(axis=0)
        idle = FACTOR_NAMES.index("parallel_courses")
        assert total[idle] < total.max() / 10
        total_effect = found.effects.sum(axis=1)
        assert np.corrcoef(total_effect, found.risk_share)[0, 1] > 0.7

    def test_one_alone_answers_as_among_peers(self, fitted):
        shift = fitted.shift_of(TEST)
        alone = fitted.risk_at(TEST.where(np.array([4])), shift[4:5])
        assert alone[0] == pytest.approx(fitted.predict(TEST).risk_share[4], abs=1e-5)

    def test_nothing_asked_nothing_answered(self, fitted):
        assert len(fitted.predict(TEST.where(np.zeros(0, int))).risk_share) == 0

    def test_before_fit_there_is_no_answer(self):
        with pytest.raises(NotFitted):
            build_predictor(self.name).predict(TEST)

    def test_one_kind_of_outcome_teaches_nothing(self):
        with pytest.raises(NotEnoughData, match="not finished|finished"):
            build_predictor(self.name).fit(TRAIN.where(TRAIN.is_risk))

    def test_it_stops_when_asked(self):
        with pytest.raises(TrainingStopped):
            build_predictor(self.name, self.config).fit(TRAIN, FitOptions(should_stop=lambda: True))

    def test_other_features_are_refused(self, fitted):
        state = fitted.state() | {"features": np.zeros(3, np.int32)}
        with pytest.raises(IncompatibleArtifact, match="other features"):
            type(fitted).from_state({}, state)
        with pytest.raises(IncompatibleArtifact, match="calibration"):
            type(fitted).from_state({}, {name: array for name, array in state.items() if name != "calibration"})
