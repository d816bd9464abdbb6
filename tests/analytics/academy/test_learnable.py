"""The first model of a new installation must be worth putting into use: the academy holds more than popularity."""

from datetime import UTC, datetime

import pytest

from analytics.academy.story import tell
from recommender.algorithms.base import FitOptions
from recommender.algorithms.catalogue import build
from recommender.datasets.interactions import Interactions
from recommender.datasets.splits import time_split
from recommender.evaluation.protocol import evaluate


@pytest.mark.parametrize("seed", [7, 8])
def test_ease_beats_popularity_by_far(seed):
    story = tell(seed=seed, n_learners=400, ends_at=datetime(2026, 11, 20, 15, 30, tzinfo=UTC))
    is_part = story.events.activity >= 0
    met = Interactions.from_columns(
        story.events.learner[is_part], story.events.activity[is_part], story.events.at[is_part]
    )
    split = time_split(met, 0.9)
    ndcg = {}
    for name in ("popularity", "ease"):
        algorithm = build(name, {})
        algorithm.fit(split.train, FitOptions())
        ndcg[name] = evaluate(algorithm, split).metrics["ndcg_10"]
    assert ndcg["ease"] > 2 * ndcg["popularity"]
