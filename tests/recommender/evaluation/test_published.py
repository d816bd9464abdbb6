"""Figures that others measured on the same data by the same rule; `make test ARGS='-m quality'`."""

import pytest

from bench.datasets import DATASETS, DataMissing
from recommender.algorithms.catalogue import build
from recommender.datasets.splits import Split
from recommender.evaluation.protocol import evaluate

pytestmark = pytest.mark.quality


def split_of(name: str) -> Split:
    try:
        return DATASETS[name].split()
    except DataMissing as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize(
    ("dataset", "algorithm", "ndcg_10", "hr_10"),
    [
        ("ml-1m", "popularity", 0.0180, 0.0369),
        ("ml-1m", "ease", 0.054, 0.109),
        ("mooccubex", "popularity", 0.034, 0.064),
        ("mooccubex", "ease", 0.145, 0.253),
    ],
)
def test_measures_what_others_measured(dataset: str, algorithm: str, ndcg_10: float, hr_10: float) -> None:
    split = split_of(dataset)
    found = evaluate(build(algorithm).fit(split.train), split).metrics
    assert (found["ndcg_10"], found["hr_10"]) == pytest.approx((ndcg_10, hr_10), abs=0.0025)
