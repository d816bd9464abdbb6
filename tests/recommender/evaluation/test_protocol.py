from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pytest

from recommender.algorithms.base import Algorithm, FitOptions, State
from recommender.algorithms.catalogue import build
from recommender.algorithms.config import Config
from recommender.datasets.interactions import Interactions, Sequences, offsets_of
from recommender.datasets.splits import leave_last_out, random_holdout, time_split
from recommender.errors import InvalidData
from recommender.evaluation.protocol import evaluate, protocol_hash, ranks_of
from tests import toy


class Fixed(Algorithm):
    """Gives every history the same numbers."""

    name = "fixed"
    config_class = Config
    numbers: ClassVar[Sequence[float]]

    def _learn(self, interactions: Interactions, options: FitOptions) -> State:
        return {}

    def _score(self, histories: list[np.ndarray], at: object) -> np.ndarray:
        return np.tile(np.array(self.numbers, np.float32), (len(histories), 1))


def lists_of(*lists: list[int]) -> Sequences:
    lengths = np.array([len(one) for one in lists], np.int64)
    return Sequences(offsets_of(lengths), np.concatenate(lists).astype(np.int32))


def test_ties_are_broken_against_the_model() -> None:
    scores = np.zeros((1, 6), np.float32)
    assert ranks_of(scores, lists_of([2])).tolist() == [6]
    assert sorted(ranks_of(scores, lists_of([0, 5]))) == [5, 6]


def test_ranks_by_hand() -> None:
    scores = np.array([[9, 1, 5, 5, 7], [1, 2, 3, 4, 5]], np.float32)
    assert ranks_of(scores, lists_of([2, 0, 1], [4])).tolist() == [4, 1, 5, 1]
    assert sorted(ranks_of(scores, lists_of([2, 3], [0]))[:2]) == [3, 4]


def test_ranks_do_not_depend_on_the_block() -> None:
    generator = np.random.default_rng(0)
    scores = generator.integers(0, 5, (20, 30)).astype(np.float32)
    targets = lists_of(*[generator.choice(30, generator.integers(1, 6), replace=False).tolist() for _ in range(20)])
    assert ranks_of(scores, targets, 1).tolist() == ranks_of(scores, targets).tolist()


def test_what_was_met_is_left_out() -> None:
    interactions = Interactions.from_columns([1] * 3 + [2] * 3, [10, 11, 12, 11, 10, 13], [0, 1, 2, 0, 1, 2])
    split = leave_last_out(interactions)
    Fixed.numbers = [9, 8, 2, 1]
    found = evaluate(Fixed().fit(split.train), split, cutoffs=(1, 2))
    assert found.per_learner["mrr"].tolist() == [1, 0.5]
    assert found.metrics["hr_1"] == 0.5
    assert found.metrics["coverage_1"] == 0.25
    assert found.metrics["coverage_2"] == 0.5
    assert found.n_learners == 2


def test_saying_the_same_of_everything_earns_nothing() -> None:
    split = leave_last_out(toy.chain(n_activities=40, length=20))
    Fixed.numbers = [1.0] * 40
    assert evaluate(Fixed().fit(split.train), split).metrics["hr_20"] == 0


@pytest.mark.parametrize("split", [leave_last_out(toy.checkerboard()), time_split(toy.checkerboard(), 0.7)])
def test_small_blocks_give_the_same_figures(split: object) -> None:
    fitted = build("ease", {"regularization": 5.0}).fit(split.train)
    whole, pieces = evaluate(fitted, split), evaluate(fitted, split, block_bytes=100)
    assert whole.metrics == pytest.approx(pieces.metrics)
    assert whole.protocol_hash == pieces.protocol_hash == protocol_hash(split)


def test_learning_beats_popularity_on_the_checkerboard() -> None:
    split = time_split(toy.checkerboard(), 0.7)
    popularity, ease = (evaluate(build(name).fit(split.train), split) for name in ("popularity", "ease"))
    assert ease.metrics["ndcg_10"] > popularity.metrics["ndcg_10"] + 0.2


def test_another_catalogue_is_refused() -> None:
    with pytest.raises(InvalidData, match=r"split\.train"):
        evaluate(build("popularity").fit(toy.chain()), leave_last_out(toy.checkerboard()))


def test_learners_are_told_apart_by_what_they_bring() -> None:
    split = leave_last_out(toy.chain(n_learners=30, n_activities=40, length=12))
    found = evaluate(build("popularity").fit(split.train), split)
    assert {k: v for k, v in found.metrics.items() if k.endswith("_n_learners")} == {"light_n_learners": 30}
    assert found.metrics["light_ndcg_10"] == pytest.approx(found.metrics["ndcg_10"])
    assert found.tested.tolist() == list(range(30))


def test_unlike_protocols_are_never_compared() -> None:
    data = toy.chain(n_learners=30, n_activities=40, length=12)
    one, other = (evaluate(build("popularity").fit(s.train), s) for s in (leave_last_out(data), random_holdout(data)))
    assert one.compared_with(one).p_value == 1
    with pytest.raises(InvalidData, match="cannot be compared"):
        one.compared_with(other)
