from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recommender.algorithms.base import FitOptions, Progress
from recommender.algorithms.blend import Blend, BlendConfig
from recommender.algorithms.catalogue import build
from recommender.algorithms.item_knn import ItemKNN
from recommender.algorithms.sequential_linear import SequentialLinear
from recommender.datasets.interactions import Interactions, Sequences
from recommender.datasets.splits import leave_last_out, time_split
from recommender.errors import InvalidConfig, NotEnoughData, TrainingStopped
from recommender.evaluation.protocol import evaluate
from tests import toy
from tests.recommender.algorithms.contract import AlgorithmContract

MEMBERS = "sequential_linear:regularization=10,sequential_linear:regularization=10:middle_steps=9:short_steps=none"


class TestBlend(AlgorithmContract):
    name = "blend"
    config = {"members": MEMBERS, "held_out_share": 0.3}


class TestBlendWithoutRefit(AlgorithmContract):
    name = "blend"
    config = {"members": MEMBERS, "held_out_share": 0.3, "refit": False}


def test_weights_prefer_the_member_that_knows_the_order() -> None:
    config = BlendConfig(members="item_knn,sequential_linear:regularization=1", held_out_share=0.2)
    split = leave_last_out(toy.chain(n_learners=300, n_activities=40, length=9))
    fitted = Blend(config).fit(split.train)
    of_knn, of_sequence = fitted.state()["blend_weights"].reshape(2, 2).sum(axis=1)
    assert of_sequence > abs(of_knn)
    alone = evaluate(build("item_knn").fit(split.train), split).metrics["ndcg_10"]
    assert evaluate(fitted, split).metrics["ndcg_10"] > 0.95 > alone


def test_weights_are_where_the_likelihood_is_flat() -> None:
    """Moving any weight either way makes the held-out events less likely."""
    config = BlendConfig(members="ease:regularization=20,ials:embedding_size=4", held_out_share=0.5, refit=False)
    data = toy.checkerboard(n_learners=200, n_activities=30, missing=5)
    fitted = Blend(config).fit(data, FitOptions(seed=2))
    asked = [
        events
        for learner, events in enumerate(data.sequences())
        if learner in set(np.random.default_rng(2).permutation(data.n_learners)[:100])
    ]
    weights = fitted.state()["blend_weights"]

    def likelihood(tried: np.ndarray) -> float:
        fitted.state()["blend_weights"][:] = tried
        total = 0.0
        for events, row in zip(asked, fitted.score([one[:-1] for one in asked]).astype(np.float64), strict=True):
            row[events[:-1]] = -np.inf
            total += row[events[-1]] - np.log(np.exp(row - row.max()).sum()) - row.max()
        return total / len(asked) - 0.0005 * float((tried.astype(float) ** 2).sum())

    best = weights.copy()
    assert (best >= 0).all()
    assert best.sum() > 0
    reached = likelihood(best)
    for place in range(len(best)):
        for change in (-0.3, 0.3) if best[place] > 0 else ():
            assert likelihood(best + change * np.eye(len(best), dtype=np.float32)[place]) < reached


def test_answers_are_weighted_standard_scores_over_what_is_not_met(monkeypatch: pytest.MonkeyPatch) -> None:
    """In blocks of any size; a member without weight is not even asked."""
    fitted = Blend(BlendConfig(members="ease,item_knn,ials:embedding_size=4")).fit(toy.checkerboard())
    weights = np.array([0.5, 0.25, 0, 0, 0, 2], np.float32)
    fitted.state()["blend_weights"][:] = weights
    histories = [np.array([0, 2, 2]), np.array([1]), np.arange(16)[::-1], np.array([5, 3])]
    right = np.zeros((len(histories), 16))
    for member, (plain, in_logarithm) in zip(fitted.members(), weights.reshape(-1, 2), strict=True):
        for row, history in enumerate(histories[:2] + histories[3:]):
            scores = member.score([history])[0].astype(float)
            rest = np.delete(scores, history)
            standard = (scores - rest.mean()) / rest.std()
            right[row] += plain * standard + in_logarithm * np.arcsinh(standard)
    monkeypatch.setattr(ItemKNN, "_score", lambda *_given: pytest.fail("a member without weight was asked"))
    monkeypatch.setattr("recommender.algorithms.blend._CACHED_NUMBERS", 20)
    found = fitted.score(histories)
    assert found[[0, 1, 3]] == pytest.approx(right[:3], rel=1e-4, abs=1e-4)
    assert np.isfinite(found[2]).all()  # who has met everything


@pytest.mark.parametrize("members", ["", "blend", "nobody", "ease:depth=3", "ease:neighbours=many"])
def test_refuses_members_that_cannot_be(members: str) -> None:
    with pytest.raises(InvalidConfig):
        BlendConfig(members=members)


def test_shares_the_budget_and_tells_which_member_is_trained() -> None:
    told: list[Progress] = []
    Blend(BlendConfig(members="ease,item_knn")).fit(toy.checkerboard(), FitOptions(progress=told.append))
    assert {one.message.split(":")[0] for one in told} == {"ease", "item_knn"}
    assert told[-1].step == told[-1].n_steps == 400


def test_goes_on_behind_the_members_that_were_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped in the second of two members: the first is not trained again, and the answer is the undisturbed one."""
    data, histories = toy.chain(), [np.arange(k, k + 4) % 12 for k in range(12)]
    config = BlendConfig(members="item_knn,sequential_linear:regularization=10")
    right = Blend(config).fit(data)
    trained: list[str] = []
    for one in (ItemKNN, SequentialLinear):
        learn = one._learn

        def noted(self: Any, *given: Any, learn: Any = learn) -> Any:
            trained.append(self.name)
            return learn(self, *given)

        monkeypatch.setattr(one, "_learn", noted)
    stopping = FitOptions(working_folder=tmp_path, should_stop=lambda: "sequential_linear" in trained)
    with pytest.raises(TrainingStopped):
        Blend(config).fit(data, stopping)
    assert trained == ["item_knn", "sequential_linear"]
    again = Blend(config).fit(data, FitOptions(working_folder=tmp_path))
    assert trained[2:] == ["sequential_linear", "item_knn", "sequential_linear"]  # the last two with everything
    assert np.array_equal(again.score(histories), right.score(histories))
    Blend(config).fit(data, FitOptions(working_folder=tmp_path, seed=1))
    assert len(trained) == 9  # another seed is another training


def test_networks_are_trained_once_and_closed_forms_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept back for the weights is the last event of some, so a network loses next to nothing."""
    seen: list[int] = []
    data = toy.chain()
    monkeypatch.setattr(ItemKNN, "needs_keras", True)
    for one in (ItemKNN, SequentialLinear):
        learn = one._learn

        def noted(self: Any, interactions: Interactions, options: FitOptions, learn: Any = learn) -> Any:
            seen.append(len(interactions))
            return learn(self, interactions, options)

        monkeypatch.setattr(one, "_learn", noted)
    Blend(BlendConfig(members="item_knn,sequential_linear", held_out_share=0.5)).fit(data)
    assert seen == [len(data) - 60, len(data) - 60, len(data)]


def test_any_event_may_be_kept_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event asked for comes last, the others keep their order, and none of those asked for is learnt from."""
    given: list[np.ndarray] = []
    learnt: list[Interactions] = []
    learn = ItemKNN._learn

    def noted(self: ItemKNN, interactions: Interactions, options: FitOptions) -> Any:
        learnt.append(interactions)
        return learn(self, interactions, options)

    def weights_of(members: list[Any], histories: Sequences, targets: np.ndarray) -> np.ndarray:
        given.extend(np.append(events, target) for events, target in zip(histories, targets, strict=True))
        assert np.array_equal(histories.at, histories.activity_index)  # activity k came at second k
        return np.ones(2 * len(members), np.float32)

    monkeypatch.setattr(ItemKNN, "_learn", noted)
    monkeypatch.setattr("recommender.algorithms.blend.learn_weights", weights_of)
    data = Interactions.from_columns(np.repeat(np.arange(40), 5), np.tile(np.arange(5), 40), np.tile(np.arange(5), 40))
    config = BlendConfig(members="item_knn", held_out_share=1.0, refit=False, held_out="any")
    Blend(config).fit(data)
    assert {int(events[-1]) for events in given} == set(range(5))
    assert all(events[:-1].tolist() == sorted(set(range(5)) - {events[-1]}) for events in given)
    asked = np.sort([events[-1] for events in given])
    left = np.bincount(learnt[0].activity_index, minlength=5)
    assert np.array_equal(left, 40 - np.bincount(asked, minlength=5))


def test_later_asks_as_the_default_protocol_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Members are fitted on the first nine tenths of all time, asked what came then, and fitted on everything."""
    learnt: list[Interactions] = []
    asked: list[tuple[Sequences, np.ndarray]] = []
    learn = ItemKNN._learn

    def noted(self: ItemKNN, interactions: Interactions, options: FitOptions) -> Any:
        learnt.append(interactions)
        return learn(self, interactions, options)

    def weights_of(members: list[Any], histories: Sequences, targets: np.ndarray) -> np.ndarray:
        asked.append((histories, targets))
        return np.ones(2 * len(members), np.float32)

    monkeypatch.setattr(ItemKNN, "_learn", noted)
    monkeypatch.setattr(ItemKNN, "needs_keras", True)  # one that would not be fitted again otherwise
    monkeypatch.setattr("recommender.algorithms.blend.learn_weights", weights_of)
    data = toy.chain(n_activities=20, length=10)
    fitted = Blend(BlendConfig(members="item_knn", held_out="later", held_out_share=1.0, refit=False)).fit(data)
    split = time_split(data, 0.9)
    assert [len(one) for one in learnt] == [len(split.train), len(data)]
    histories, targets = asked[0]
    right = {
        (tuple(had), met) for had, later in zip(split.test_inputs, split.test_targets, strict=True) for met in later
    }
    assert {(tuple(had), met) for had, met in zip(histories, targets, strict=True)} == right
    assert len(targets) == len(split.test_targets.activity_index)
    assert fitted.n_activities == 20


def test_a_share_of_those_who_came_later_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def weights_of(members: list[Any], histories: Sequences, targets: np.ndarray) -> np.ndarray:
        asked.append(len(targets))
        return np.ones(2 * len(members), np.float32)

    monkeypatch.setattr("recommender.algorithms.blend.learn_weights", weights_of)
    for share in (0.25, 1.0):
        Blend(BlendConfig(members="item_knn", held_out="later", held_out_share=share)).fit(toy.chain())
    assert asked == [30, 120]


def test_needs_learners_with_a_step_to_tell() -> None:
    with pytest.raises(NotEnoughData, match="two activities or more"):
        Blend().fit(Interactions.from_columns([1, 2, 3], [7, 8, 9], [0, 0, 0]))
