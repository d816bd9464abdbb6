"""Every predictor keeps the contract; what only some can do is tested here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recommender.algorithms.base import FitOptions
from recommender.algorithms.trees import exported
from recommender.evaluation.outcome_metrics import roc_auc
from recommender.outcomes import logistic
from recommender.outcomes.base import FACTOR_NAMES, medians
from recommender.outcomes.boosting import Boosting, _factor_places
from recommender.outcomes.catalogue import build_predictor
from recommender.outcomes.examples import Examples
from recommender.outcomes.level import level_shift, platt, sigmoid
from recommender.outcomes.logistic import Logistic
from tests.recommender.outcomes.contract import TEST, TRAIN, TRUTH, PredictorContract

FEW = {"epochs": 40, "learning_rate": 0.1}


class TestLogistic(PredictorContract):
    name = "logistic"

    def test_a_subject_has_a_line_of_its_own(self, monkeypatch):
        """Of two where good and bad are swapped each is told right; one that is new gets the common line."""
        monkeypatch.setattr(logistic, "OWN_ENROLMENTS", 20)

        def contrary(examples: Examples) -> Examples:
            is_second = examples.owner // 2 % 2 == 1
            return replace(examples, subject=1_000 + is_second.astype(np.int64), is_risk=examples.is_risk ^ is_second)

        train, test = contrary(TRAIN), contrary(replace(TEST, is_risk=TRUTH))
        fitted = Logistic().fit(train)
        state = fitted.state()
        assert state["subjects"].tolist() == [1_000, 1_001]
        raw, _grade = fitted.raw(test)
        for subject in (1_000, 1_001):
            of_it = test.subject == subject
            assert roc_auc(raw[of_it], test.is_risk[of_it]) > 0.7, subject
        rest = raw - fitted.parts(test).sum(axis=1)
        for cohort in np.unique(test.subject * 10_000 + test.day):
            assert np.ptp(rest[test.subject * 10_000 + test.day == cohort]) < 1e-4
        new, _grade = fitted.raw(replace(test, subject=np.full(len(test), 7)))
        none = {name: state[name][:0] for name in ("subjects", "subject_coefficients")}
        common = Logistic.with_arrays(state | none)
        np.testing.assert_array_equal(new, common.raw(test)[0])
        again = Logistic.from_state(fitted.config, state)
        np.testing.assert_array_equal(again.raw(test)[0], raw)

    def test_few_enrolments_make_no_line_of_their_own(self):
        assert len(Logistic().fit(TRAIN).state()["subjects"]) == 0


class TestBoosting(PredictorContract):
    name = "boosting"
    config = FEW

    def test_parts_add_up_to_the_whole(self, fitted):
        """What factors did is a sum and not an estimate: left over is only what the day alone says."""
        raw, _grade = fitted.raw(TEST)
        rest = raw - fitted.parts(TEST).sum(axis=1)
        for day in np.unique(TEST.day):
            assert np.ptp(rest[TEST.day == day]) < 1e-5

    def test_the_arrays_say_what_scikit_learn_says(self):
        from sklearn.ensemble import HistGradientBoostingClassifier

        settings = Boosting(Boosting.config_class(**FEW))._settings(200, seed=3)
        model = HistGradientBoostingClassifier(**settings).fit(TRAIN.features, TRAIN.is_risk)
        mine = Boosting.with_arrays(exported(model, _factor_places()))
        np.testing.assert_allclose(
            mine._forest().total(TEST.features), model.decision_function(TEST.features), atol=1e-5
        )


class TestEnsemble(PredictorContract):
    name = "ensemble"
    config = FEW


class TestMLP(PredictorContract):
    name = "mlp"
    config = {"epochs": 12, "batch_size": 128}

    def test_the_graph_of_a_step_is_made_once(self, monkeypatch):
        """Python is only asked for a graph; the last batch is smaller than the others."""
        import keras

        asked = []
        train_step = keras.Model.train_step
        monkeypatch.setattr(keras.Model, "train_step", lambda self, data: asked.append(self) or train_step(self, data))
        build_predictor(self.name, self.config | {"epochs": 1}).learn(TRAIN, FitOptions())
        assert len(TRAIN) % self.config["batch_size"]
        assert len(asked) == 1


class TestGRU(PredictorContract):
    name = "gru"
    config = {"epochs": 10, "batch_size": 128, "embedding_size": 16}

    def test_numpy_says_what_keras_says(self, fitted):
        import keras

        from recommender.outcomes.scaling import scaled

        model = fitted.build(keras, TEST)
        model.set_weights([fitted.state()[name] for name in fitted.weight_names()])
        features = scaled(TEST.features, fitted.state()["scale"])
        risk, grade = model.predict([TEST.weeks, features], verbose=0)
        mine = fitted.raw(TEST)
        np.testing.assert_allclose(mine[0], risk[:, 0], atol=1e-4)
        np.testing.assert_allclose(mine[1], grade[:, 0], atol=1e-4)


class TestCommittee(PredictorContract):
    name = "committee"
    config = {"epochs": 6, "batch_size": 128}

    def test_it_is_the_mean_of_all(self, fitted):
        """Half of it the ensemble, and its networks began differently."""
        ensemble, networks = fitted._members()
        members = [ensemble, *networks]
        answers = [member.raw(TEST)[0] for member in members]
        np.testing.assert_allclose(fitted.raw(TEST)[0], answers[0] / 2 + sum(answers[1:]) / 10)
        assert np.abs(answers[1] - answers[2]).max() > 0.01
        typical = next(iter(fitted.without_each(TEST, fitted.raw(TEST)[0])))
        parts = [next(iter(member.without_each(TEST, member.raw(TEST)[0]))) for member in members]
        np.testing.assert_allclose(typical, parts[0] / 2 + sum(parts[1:]) / 10)


def test_a_cohort_gets_the_level_that_earlier_runs_teach():
    logits, cohort = np.array([-1.0, 0.0, 1.0, 5.0]), np.array([1, 1, 1, 2])
    trusted = level_shift(logits, cohort, np.array([0.2, 0.2, 0.2, np.nan]), np.ones(4))
    assert sigmoid(logits + trusted)[:3].mean() == pytest.approx(0.2, abs=1e-6)
    assert trusted[3] == 0
    doubted = level_shift(logits, cohort, np.full(4, 0.2), np.zeros(4))
    np.testing.assert_allclose(doubted, 0, atol=1e-6)


def test_calibration_mends_overconfidence_and_never_sharpens():
    generator = np.random.default_rng(0)
    truth = generator.normal(0, 1.5, 4000)
    came = generator.random(4000) < sigmoid(truth)
    slope, intercept = platt(3 * truth + 1, came)
    assert slope == pytest.approx(1 / 3, abs=0.05)
    assert intercept == pytest.approx(-1 / 3, abs=0.1)
    assert platt(truth / 3, came)[0] == 1


def test_medians_leave_out_what_is_not_told():
    values = np.array([1, 3, np.nan, 5, 7, 100], np.float32)
    np.testing.assert_array_equal(medians(np.array([0, 0, 0, 1, 1, 1]), values), [2, 7])
    assert np.isnan(medians(np.array([0]), np.array([np.nan], np.float32)))[0]


def test_factors_are_named_as_in_the_table():
    assert len(FACTOR_NAMES) == len(set(FACTOR_NAMES)) == 12


def test_the_calibration_is_of_learners_held_out_and_then_everybody_teaches():
    taught = []

    class Watched(Logistic):
        def learn(self, examples, options):
            taught.append(set(examples.learner.tolist()))
            return super().learn(examples, options)

    watched = Watched().fit(TRAIN)
    part, everybody = taught
    assert everybody == set(TRAIN.learner[TRAIN.is_labelled].tolist())
    assert 0.6 < len(part) / len(everybody) < 0.95
    kept = TRAIN.where(~np.isin(TRAIN.learner, list(part)))
    raw, _grade = Logistic.with_arrays(
        Logistic().learn(TRAIN.where(np.isin(TRAIN.learner, list(part))), FitOptions())
    ).raw(kept)
    np.testing.assert_allclose(watched.state()["calibration"], platt(raw, kept.is_risk), rtol=1e-4)
