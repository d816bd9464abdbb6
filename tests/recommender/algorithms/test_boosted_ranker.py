import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from recommender.algorithms import boosted_ranker, ranking_features
from recommender.algorithms.base import FitOptions, Progress
from recommender.algorithms.boosted_ranker import BoostedRanker, BoostedRankerConfig
from recommender.algorithms.catalogue import build
from recommender.algorithms.sequential_linear import SequentialLinear
from recommender.datasets.interactions import Interactions
from recommender.datasets.splits import time_split
from recommender.errors import InvalidConfig, NotEnoughData, TrainingStopped
from recommender.evaluation.protocol import evaluate
from tests import toy
from tests.recommender.algorithms.contract import AlgorithmContract

MEMBERS = "sequential_linear:regularization=10,ease:regularization=10"
SMALL = {"members": MEMBERS, "min_examples": 5, "instants": 4, "epochs": 40, "learning_rate": 0.2}


class TestBoostedRanker(AlgorithmContract):
    name = "boosted_ranker"
    config = SMALL
    uses_times = True


class TestBoostedRankerOfFewCandidates(AlgorithmContract):
    name = "boosted_ranker"
    config = {**SMALL, "candidates": 9}
    uses_times = True


def waves(n_learners: int = 120, n_waves: int = 12, seed: int = 0) -> Interactions:
    """A course: every week three activities open, and everyone meets two of them within it, some a week ahead.

    An old activity that was left out is hardly ever met. Right answer: what was opened lately.
    """
    draw = np.random.default_rng(seed)
    rows = []
    for wave in range(n_waves):
        for learner in range(n_learners):
            week = wave - (1 if learner % 10 == 0 else 0)
            for activity in draw.permutation(3)[:2]:
                rows.append((learner, 3 * wave + activity, (7 * week + 7 + draw.integers(7)) * toy.DAY_SECONDS))
            if draw.random() < 0.02:
                rows.append((learner, draw.integers(3 * wave + 1), (7 * week + 7) * toy.DAY_SECONDS))
    learners, activities, at = map(np.array, zip(*rows, strict=True))
    return Interactions.from_columns(learners, activities, at)


def test_learns_what_comes_in_waves_better_than_its_members() -> None:
    split = time_split(waves())
    config = BoostedRankerConfig(members="ease,sequential_linear", min_examples=20, epochs=60)
    ours = evaluate(BoostedRanker(config).fit(split.train), split)
    for name in ("ease", "sequential_linear", "popularity"):
        other = evaluate(build(name).fit(split.train), split)
        assert ours.compared_with(other).difference.low > 0, name


def test_answers_as_the_trees_of_scikit_learn_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of all candidates is that of the model that was trained, asked itself."""
    seen = []
    fit = HistGradientBoostingClassifier.fit
    monkeypatch.setattr(
        HistGradientBoostingClassifier, "fit", lambda self, *data: seen.append(fit(self, *data)) or seen[-1]
    )
    data = waves()
    fitted = BoostedRanker(BoostedRankerConfig(min_examples=20)).fit(data)
    asked, features = [], []
    original = "recommender.algorithms.trees.Forest.total"
    monkeypatch.setattr(
        original, lambda _self, rows: features.append(rows) or sum(one.decision_function(rows) for one in seen)
    )
    asked = list(data.sequences())[:7]
    by_sklearn = fitted.score(asked)
    monkeypatch.undo()
    assert len(features[0]) > 20
    np.testing.assert_allclose(fitted.score(asked), by_sklearn, atol=1e-4)


def test_what_comes_soon_counts_more() -> None:
    """One event a day: the first that it looks at counts nearly whole, each later one less, the last hardly."""
    learners = np.arange(11)
    met = [(learner, 0, 0) for learner in learners] + [(learner, 1, learner + 1) for learner in learners]
    data = Interactions.from_columns(*np.array([*met, (11, 1, 0)]).T)
    config = BoostedRankerConfig(instants=1, ahead_share=0.5)
    [(split, soon)] = boosted_ranker._instants(data, config, seed=0)
    n_before = int(np.count_nonzero(data.at < split.parameters["cutoff"]))
    n_ahead = min(len(data) - n_before, int(np.ceil(n_before / 2)) + 1)
    assert soon == pytest.approx(1 - np.arange(1, n_ahead + 1) / (n_ahead + 1))


def test_half_the_trees_learn_what_comes_soon_and_half_what_comes_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    fit = HistGradientBoostingClassifier.fit
    monkeypatch.setattr(
        HistGradientBoostingClassifier, "fit", lambda self, *data: given.append(data) or fit(self, *data)
    )
    fitted = BoostedRanker(BoostedRankerConfig(**SMALL | {"epochs": 5})).fit(waves(40, 6))
    (features, is_right, weight), (all_features, is_met) = given
    np.testing.assert_array_equal(features[: len(is_met)], all_features)
    np.testing.assert_array_equal(is_right[: len(is_met)], is_met)
    # What came later is right in part, and wrong for the rest.
    n_in_part = len(is_right) - len(is_met)
    assert 0 < n_in_part <= is_met.sum()
    assert weight.sum() == pytest.approx(len(is_met))
    assert not is_right[len(is_met) :].any()
    assert len(fitted.loaded()[1].first) == 2 * 5 + 1


def test_what_is_no_candidate_comes_last_and_keeps_its_order() -> None:
    data = waves()
    fitted = BoostedRanker(BoostedRankerConfig(members="sequential_linear", min_examples=20, candidates=4)).fit(data)
    history = data.sequences()[3]
    row, member = fitted.score([history])[0], fitted.loaded()[0][0].score([history])[0]
    left = np.setdiff1d(np.arange(data.n_activities), history)
    best = left[np.argsort(-member[left], kind="stable")[:4]]
    rest = np.setdiff1d(left, best)
    assert row[best].min() > row[rest].max()
    np.testing.assert_array_equal(rest[np.argsort(row[rest])], rest[np.argsort(member[rest])])


def test_goes_on_after_a_kill_with_the_members_that_were_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, fits = waves(), []
    learn = SequentialLinear._learn
    monkeypatch.setattr(SequentialLinear, "_learn", lambda self, *of: fits.append(self) or learn(self, *of))
    ranker = BoostedRanker(BoostedRankerConfig(members="sequential_linear", instants=4))
    with pytest.raises(TrainingStopped):
        ranker.fit(data, FitOptions(working_folder=tmp_path, should_stop=lambda: len(fits) == 3))
    ranker.fit(data, FitOptions(working_folder=tmp_path))
    assert len(fits) == 3 + 3  # the third was stopped half-way and is done anew, with two more
    once = BoostedRanker(ranker.config).fit(data).score(data.sequences())
    np.testing.assert_array_equal(ranker.score(data.sequences()), once)


def test_tells_how_far_it_is_from_one_end_to_the_other() -> None:
    told: list[Progress] = []
    BoostedRanker(BoostedRankerConfig(**SMALL)).fit(waves(40, 6), FitOptions(progress=told.append))
    assert (told[-1].step, told[-1].message) == (told[-1].n_steps, "done")
    assert len({one.n_steps for one in told}) == 1
    assert told[0].message.startswith("sequential_linear")


def test_refuses_what_it_cannot_learn_from() -> None:
    at_once = Interactions.from_columns([1, 1, 2, 2], [5, 6, 5, 6], [0, 0, 0, 0])
    with pytest.raises(NotEnoughData, match="before and after some instant"):
        BoostedRanker().fit(at_once)
    everything = Interactions.from_columns([1, 1, 2, 2], [5, 6, 6, 5], [0, 1, 0, 1])
    with pytest.raises(NotEnoughData, match="others that were not"):
        BoostedRanker(BoostedRankerConfig(members="ease")).fit(everything)


@pytest.mark.parametrize("members", ["", "nobody", "blend", "boosted_ranker", "ease:no_such=1"])
def test_refuses_members_that_are_none(members: str) -> None:
    with pytest.raises(InvalidConfig):
        BoostedRankerConfig(members=members)


def test_works_inside_a_blend() -> None:
    data = waves(60, 8)
    blend = build("blend", {"members": "boosted_ranker:instants=3,ease", "held_out": "later"}).fit(data)
    assert blend.score(data.sequences()).shape == (data.n_learners, data.n_activities)


def test_takes_no_more_memory_than_it_says() -> None:
    data = waves(300, 30)
    ranker = BoostedRanker(BoostedRankerConfig(members="popularity", instants=4, max_learners=2000))
    tracemalloc.start()
    ranker.fit(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < ranker.memory_bytes(data.n_learners, data.n_activities, len(data)) < 20 * peak


def test_members_are_given_the_times(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    score = SequentialLinear._score
    monkeypatch.setattr(
        SequentialLinear, "_score", lambda self, histories, times: asked.append(times) or score(self, histories, times)
    )
    data = waves(40, 6)
    ranker = BoostedRanker(BoostedRankerConfig(**SMALL)).fit(data)
    assert asked
    assert all(times is not None for times in asked)
    asked.clear()
    ranker.score(data.sequences())
    np.testing.assert_array_equal(np.concatenate(asked[0]), data.sequences().at)


def test_is_asked_as_it_was_trained_where_the_clock_knows_days_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a past instant and at the end of the data, what was met on the last day is equally old."""
    last_ages, of_activities = [], ranking_features.of_activities
    monkeypatch.setattr(
        ranking_features,
        "of_activities",
        lambda *of: last_ages.append(of_activities(*of)[:, 9]) or of_activities(*of),
    )
    BoostedRanker(BoostedRankerConfig(**SMALL)).fit(waves())
    assert len(last_ages) == SMALL["instants"] + 1
    assert {float(np.nanmin(ages)) for ages in last_ages} == {0.0}
