import numpy as np
import pytest

from recommender.errors import InvalidData
from recommender.evaluation import segments


def test_bounds_belong_to_their_segment() -> None:
    lengths = np.array([0, 4, 5, 19, 20, 10_000])
    names = [list(segments.SEGMENTS)[k] for k in segments.segment_of(lengths)]
    assert names == ["new", "new", "light", "light", "heavy", "heavy"]


def test_every_length_is_in_exactly_one_segment() -> None:
    bounds = list(segments.SEGMENTS.values())
    assert bounds[0][0] == 0
    assert bounds[-1][1] is None
    assert all(
        high + 1 == low for (_low, high), (low, _high) in zip(bounds, bounds[1:], strict=False) if high is not None
    )


def test_means_by_segment_and_none_for_nobody() -> None:
    segment = segments.segment_of(np.array([1, 2, 30]))
    assert segments.by_segment(np.array([0.2, 0.4, 1.0]), segment) == {
        "new": (2, pytest.approx(0.3)),
        "heavy": (1, 1.0),
    }
    flat = segments.named({"ndcg_10": np.array([0.2, 0.4, 1.0])}, segment, ("ndcg_10",))
    assert flat == {"new_n_learners": 2, "new_ndcg_10": pytest.approx(0.3), "heavy_n_learners": 1, "heavy_ndcg_10": 1.0}


def test_refuses_figures_of_other_learners() -> None:
    with pytest.raises(InvalidData, match="same learners"):
        segments.by_segment(np.ones(3), np.zeros(2, np.int8))
