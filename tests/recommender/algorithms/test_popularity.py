import tracemalloc

import numpy as np
import pytest

from recommender.algorithms.popularity import Popularity, PopularityConfig
from recommender.datasets.interactions import Interactions
from tests.recommender.algorithms.contract import AlgorithmContract
from tests.toy import DAY_SECONDS


class TestPopularity(AlgorithmContract):
    name = "popularity"
    is_personal = False


def test_a_meeting_counts_half_after_the_half_life() -> None:
    at = np.array([0, 0, 10, 10]) * DAY_SECONDS
    interactions = Interactions.from_columns([1, 2, 1, 3], [5, 5, 6, 7], at)
    scores = Popularity(PopularityConfig(half_life_days=10.0)).fit(interactions).score([[]])
    assert scores[0] == pytest.approx([1.0, 1.0, 1.0])


def test_without_half_life_all_meetings_count_alike() -> None:
    interactions = Interactions.from_columns([1, 2, 1], [5, 5, 6], [0, 0, 10**9])
    scores = Popularity(PopularityConfig(half_life_days=None)).fit(interactions).score([[0]])
    assert scores[0] == pytest.approx([1.0, 0.5])


def test_takes_no_more_memory_than_it_says() -> None:
    """All others say 256 MiB more than they need; here only the interactions count."""
    learners, activities = np.divmod(np.arange(300_000), 100)
    data = Interactions.from_columns(learners, activities, np.arange(300_000))
    algorithm = Popularity()
    tracemalloc.start()
    algorithm.fit(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.5 < peak / algorithm.memory_bytes(data.n_learners, data.n_activities, len(data)) < 1
