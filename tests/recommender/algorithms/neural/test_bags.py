import numpy as np
import pytest

from recommender.algorithms.catalogue import build
from recommender.algorithms.neural import bags
from recommender.algorithms.neural.two_tower import TwoTower, TwoTowerConfig
from recommender.datasets.interactions import Interactions, Sequences, feature_hash, offsets_of
from recommender.errors import NotEnoughData, NotSupported
from tests import toy
from tests.recommender.algorithms.contract import AlgorithmContract
from tests.recommender.algorithms.neural.tiny import TINY


class TestNCF(AlgorithmContract):
    name = "ncf"
    config = {**TINY, "dropout": 0.0, "epochs": 20, "negatives": 16}
    tolerance = 1e-3


class TestTwoTower(AlgorithmContract):
    name = "two_tower"
    config = {**TINY, "dropout": 0.0, "epochs": 20, "feature_buckets": 64}
    tolerance = 1e-3


class TestMultVAE(AlgorithmContract):
    name = "mult_vae"
    config = {**TINY, "dropout": 0.3, "epochs": 40, "divergence_share": 0.001}
    tolerance = 1e-3


def features_of(colours: np.ndarray) -> Sequences:
    hashes = [feature_hash(f"colour={colour}") for colour in colours]
    return Sequences(offsets_of(np.ones(len(hashes), np.int64)), np.array(hashes, np.int32))


def test_two_towers_score_an_activity_that_nobody_has_met_by_its_features() -> None:
    board = toy.checkerboard()
    described = board.described(features_of(board.activity_ids % 2))
    config = TwoTowerConfig.from_dict({**TINY, "hidden_vector_share": 0.3})
    fitted = TwoTower(config).fit(described)
    places = np.array([0, 16])  # an odd one before all others, an even one behind them
    extended = fitted.with_activities(features_of(np.array([1, 0])), places)
    histories = [np.array([0, 2, 4]), np.array([1, 3, 5])]
    scores = extended.score([history + 1 for history in histories])
    even, odd = scores[:, [17, 0]]
    assert even[0] > even[1]
    assert odd[1] > odd[0]
    assert scores[:, 1:17] == pytest.approx(fitted.score(histories), abs=1e-6)
    assert (extended.score([np.array([0])])[0, 1:17].argmax()) % 2 == 1  # a history of nothing but new ones is answered
    with pytest.raises(NotSupported, match="two_tower can"):
        build("ease").with_activities(features_of(np.array([1])), places)


def lists_of(*histories: list[int]) -> Sequences:
    offsets = offsets_of(np.array([len(history) for history in histories]))
    return Sequences(offsets, np.array([k for history in histories for k in history], np.int32))


def test_every_bag_shows_and_hides_something() -> None:
    lists = lists_of([1, 2], [3], [4, 5, 6, 7, 8], [9, 10, 11])
    epoch = bags.Epoch(lists, 3, 2, 0.5, np.random.default_rng(0))
    batches = [epoch[k] for k in range(len(epoch))]
    assert sum(len(batch.targets) for batch in batches) == 3  # who met one thing only teaches nothing
    for batch in batches:
        is_shown, is_event = batch.inputs.is_shown, batch.is_event
        assert (is_shown <= is_event).all()
        assert (is_shown.sum(axis=1) >= 1).all()
        assert ((is_event - is_shown).sum(axis=1) >= 1).all()
        assert batch.targets.shape[1] <= 3
        for row, real in zip(batch.targets, is_event, strict=True):
            met = set(row[real > 0].tolist())
            assert any(met <= set(history.tolist()) for history in lists)
    assert all(np.array_equal(epoch[0].targets, again) for again in (epoch[0].targets, batches[0].targets))


@pytest.mark.parametrize("name", ["ncf", "two_tower", "mult_vae"])
def test_says_when_nothing_belongs_together(name: str) -> None:
    with pytest.raises(NotEnoughData, match="two activities"):
        build(name, TINY).fit(Interactions.from_columns([1, 2], [5, 6], [0, 0]))
