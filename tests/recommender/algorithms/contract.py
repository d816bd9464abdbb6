"""What every recommender must do, whatever it is. A new one inherits `AlgorithmContract` and names itself."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from recommender.algorithms import base
from recommender.algorithms.base import Algorithm, FitOptions, Progress
from recommender.algorithms.catalogue import algorithm_class, build
from recommender.datasets.interactions import Interactions, feature_hash
from recommender.errors import (
    IncompatibleArtifact,
    InvalidConfig,
    InvalidData,
    NotEnoughData,
    NotEnoughMemory,
    NotFitted,
    TrainingStopped,
)
from recommender.registry import artifacts
from tests import toy


class AlgorithmContract:
    name: ClassVar[str]
    config: ClassVar[Mapping[str, object]] = {}  # small enough for a test, large enough to learn the toys
    is_personal: ClassVar[bool] = True  # two learners may get different answers
    uses_times: ClassVar[bool] = False  # the time between two events changes the answer
    tolerance: ClassVar[float] = 0.0  # between two trainings with one seed, relative to the largest number

    @classmethod
    def made(cls) -> Algorithm:
        return build(cls.name, cls.config)

    @pytest.fixture(scope="class")
    @classmethod
    def board(cls) -> Interactions:
        return toy.checkerboard()

    @pytest.fixture(scope="class")
    @classmethod
    def told(cls) -> list[Progress]:
        """What `fitted` tells while it trains."""
        return []

    @pytest.fixture(scope="class")
    @classmethod
    def fitted(cls, board: Interactions, told: list[Progress]) -> Algorithm:
        return cls.made().fit(board, FitOptions(progress=told.append))

    @pytest.fixture
    def spare(self, fitted: Algorithm) -> Algorithm:
        """As fitted as `fitted`, for tests that fit it again."""
        return copy.copy(fitted)

    def same(self, left: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> bool:
        return left.shape == right.shape and np.allclose(left, right, 0, self.tolerance * np.abs(right).max())

    def test_is_in_the_catalogue_under_its_name(self) -> None:
        found = algorithm_class(self.name)
        assert found.name == self.name
        assert found.config_class.from_dict(found.config_class().as_dict()) == found.config_class()
        with pytest.raises(InvalidConfig, match="no_such_parameter"):
            build(self.name, {"no_such_parameter": 1})

    def test_knows_the_checkerboard(self, fitted: Algorithm, board: Interactions) -> None:
        histories = board.sequences()
        scores = fitted.score(histories)
        assert scores.shape == (board.n_learners, board.n_activities)
        assert scores.dtype == np.float32
        if not self.is_personal:
            assert (scores == scores[0]).all()
            return
        for history, row in zip(histories, scores, strict=True):
            right = toy.same_colour(history, board.n_activities)
            wrong = np.arange(1 - history[0] % 2, board.n_activities, 2)
            assert row[right].min() > row[wrong].max()

    def test_knows_the_chain_if_it_looks_at_the_order(self) -> None:
        if not algorithm_class(self.name).uses_order:
            pytest.skip(f"{self.name} declares that it does not look at the order")
        fitted = self.made().fit(toy.chain())
        histories = [np.arange(start, start + 4) % 12 for start in range(12)]
        best = fitted.score(histories).argmax(axis=1)
        assert [(int(history[-1]) + 1) % 12 for history in histories] == best.tolist()

    def test_order_changes_the_answer_only_where_declared(self, fitted: Algorithm, board: Interactions) -> None:
        history = board.sequences()[0]
        forwards, backwards = fitted.score([history]), fitted.score([history[::-1]])
        assert np.allclose(forwards, backwards, atol=1e-6) is not fitted.uses_order

    def test_survives_the_artifact(self, fitted: Algorithm, board: Interactions, tmp_path: Path) -> None:
        manifest = {
            "algorithm": self.name,
            "config": fitted.config.as_dict(),
            "n_learners": board.n_learners,
            "n_activities": board.n_activities,
        }
        arrays = {**fitted.state(), "activity_ids": board.activity_ids}
        sha256 = artifacts.write(tmp_path / "version", arrays, manifest)
        artifact = artifacts.read(tmp_path / "version", sha256=sha256)
        again = algorithm_class(self.name).from_state(artifact.manifest["config"], artifact.arrays)
        assert again.config == fitted.config
        assert np.array_equal(again.score(board.sequences()), fitted.score(board.sequences()))

    def test_refuses_a_state_that_is_not_its_own(self, fitted: Algorithm) -> None:
        for name in fitted.state():
            state = fitted.state()
            del state[name]
            with pytest.raises(IncompatibleArtifact, match=name):
                algorithm_class(self.name).from_state(self.config, state)

    def test_second_fit_forgets_the_first_and_a_seed_repeats(self, spare: Algorithm) -> None:
        other = toy.checkerboard(n_learners=30, n_activities=10, missing=1, seed=5)
        histories = other.sequences()
        once = self.made().fit(other, FitOptions(seed=3)).score(histories)
        spare.score(histories)
        assert self.same(spare.fit(other, FitOptions(seed=3)).score(histories), once)

    def test_answers_a_learner_who_was_not_in_the_training(self, fitted: Algorithm, board: Interactions) -> None:
        assert fitted.learns_new_learners
        row = fitted.score([np.array([0, 4])])[0]
        assert not self.is_personal or row[[2, 6, 8]].min() > row[[1, 3, 5, 7]].max()

    def test_ignores_activities_it_does_not_know(self, fitted: Algorithm, board: Interactions) -> None:
        known, with_unknown = np.array([2, 4]), np.array([-1, 2, board.n_activities, 4, 10**6])
        assert np.array_equal(fitted.score([known]), fitted.score([with_unknown]))

    def test_falls_back_to_popularity_without_history(self, fitted: Algorithm, board: Interactions) -> None:
        scores = fitted.score([np.array([], int), board.sequences()[0], np.array([10**6])])
        assert np.array_equal(scores[0], fitted.state()["popularity"])
        assert np.array_equal(scores[0], scores[2])
        assert fitted.score([]).shape == (0, board.n_activities)

    def test_answers_newcomers_by_features_only_where_it_says_so(self, fitted: Algorithm, board: Interactions) -> None:
        nothing, unheard = np.array([], int), np.array([feature_hash("course=7")], np.int32)
        histories = [nothing, nothing, nothing, board.sequences()[0]]
        features = [*toy.in_courses([0, 1]), unheard, toy.in_courses([1])[0]]
        if not fitted.learns_newcomers:
            assert np.array_equal(fitted.score(histories, features=features), fitted.score(histories))
            assert not any(len(fitted.known_features(one)) for one in features)
            return
        learnt = self.made().fit(toy.enrolled(board))
        assert [len(learnt.known_features(one)) for one in features] == [1, 1, 0, 1]
        scores = learnt.score(histories, features=features)
        assert scores[0, ::2].min() > scores[0, 1::2].max()
        assert scores[1, 1::2].min() > scores[1, ::2].max()
        assert np.array_equal(scores[2:], learnt.score(histories[2:]))
        among = np.array([8, 0, 5])
        assert self.same(learnt.score(histories, among=among, features=features), scores[:, among])
        again = type(learnt).from_state(learnt.config, learnt.state())
        assert np.array_equal(again.score(histories, features=features), scores)
        with pytest.raises(InvalidData, match="1 lists of features for 4 histories"):
            learnt.score(histories, features=[unheard])

    def test_stops_when_told_and_keeps_nothing(self, spare: Algorithm, board: Interactions) -> None:
        with pytest.raises(TrainingStopped):
            spare.fit(board, FitOptions(should_stop=lambda: True))
        with pytest.raises(NotFitted, match="fit"):
            spare.score([np.array([0])])

    def test_tells_how_far_it_is(self, fitted: Algorithm, told: list[Progress]) -> None:
        assert told
        assert all(0 <= one.step <= one.n_steps and (one.message or one.n_epochs) for one in told)
        assert [one.step for one in told] == sorted(one.step for one in told)

    def test_refuses_what_does_not_fit_into_memory(self, board: Interactions, monkeypatch: pytest.MonkeyPatch) -> None:
        algorithm = self.made()
        assert 0 < algorithm.memory_bytes(10, 100, 1000) <= algorithm.memory_bytes(10, 100_000, 1000)
        monkeypatch.setattr(base, "available_memory_bytes", lambda: 100)
        with pytest.raises(NotEnoughMemory, match="GiB are free"):
            algorithm.fit(board)

    def test_refuses_data_without_a_choice(self) -> None:
        with pytest.raises(NotEnoughData, match="two activities"):
            self.made().fit(Interactions.from_columns([1, 2], [7, 7], [0, 0]))

    def test_explains_if_it_says_so(self, fitted: Algorithm, board: Interactions) -> None:
        histories = [np.concatenate(([10**6], history)) for history in board.sequences()]
        best = [toy.same_colour(history[1:], board.n_activities)[0] for history in histories]
        reasons = [fitted.explain(history, int(to), n=2) for history, to in zip(histories, best, strict=True)]
        n_explained = sum(bool(found) for found in reasons)
        assert n_explained > len(histories) / 2 if fitted.explains else n_explained == 0
        for history, found in zip(histories, reasons, strict=True):
            shares = [one.share for one in found]
            assert shares == sorted(shares, reverse=True)
            assert all(0 < share <= 1 for share in shares)
            assert all(history[one.history_position] == one.activity_index for one in found)

    def test_explains_a_list_as_each_alone(self, fitted: Algorithm, board: Interactions) -> None:
        history, asked = board.sequences()[0], np.array([7, 3, 8])
        together = fitted.explain_each(history, asked)
        for found, activity_index in zip(together, asked, strict=True):
            alone = fitted.explain(history, int(activity_index))
            assert [one.history_position for one in found] == [one.history_position for one in alone]
            assert [one.share for one in found] == pytest.approx([one.share for one in alone], abs=1e-3)

    def test_scores_some_as_all(self, fitted: Algorithm, board: Interactions) -> None:
        histories, among = [*list(board.sequences())[:3], np.array([], int)], np.array([8, 0, 5])
        assert self.same(fitted.score(histories, among=among), fitted.score(histories)[:, among])

    def test_looks_at_times_only_where_it_says_so(self, fitted: Algorithm, board: Interactions) -> None:
        """Those of the training carry their times; a list of arrays has none and is answered all the same."""
        lists = board.sequences()
        timed, plain = fitted.score(lists), fitted.score(list(lists))
        assert np.isfinite(plain).all()
        assert np.array_equal(timed, plain) is not self.uses_times
        assert np.array_equal(fitted.score(list(lists), lists.times), timed)
        with_unknown = [np.concatenate(([10**6], lists[0])), lists[1]]
        times = [np.concatenate(([0], lists.times[0])), lists.times[1]]
        assert self.same(fitted.score(with_unknown, times), fitted.score(lists.slice(0, 2)))
        with pytest.raises(InvalidData, match="one instant for each of its events"):
            fitted.score([lists[0]], [lists.times[0][1:]])

    def test_explains_nothing_without_history(self, fitted: Algorithm, board: Interactions) -> None:
        assert fitted.explain(np.array([], int), 8) == []
        with pytest.raises(InvalidData, match="unknown"):
            fitted.explain(board.sequences()[0], board.n_activities)
