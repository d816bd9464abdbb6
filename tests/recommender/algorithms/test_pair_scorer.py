import numpy as np
import pytest

from recommender.algorithms import pair_scorer
from recommender.algorithms.pair_scorer import Head


@pytest.mark.parametrize(("cached", "at_once"), [(2**17, 256), (8, 2), (1, 1)])
@pytest.mark.parametrize(("n_learners", "n_activities"), [(1, 1), (5, 13), (1, 40)])
def test_a_head_answers_as_its_layers_one_after_the_other(
    n_learners: int, n_activities: int, cached: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pair_scorer, "_CACHED_NUMBERS", cached)
    monkeypatch.setattr(pair_scorer, "_LEARNERS_AT_ONCE", at_once)
    draw = np.random.default_rng(n_activities)
    learners, activities, deep, bias, answer = (
        draw.normal(size=shape).astype(np.float32) for shape in ((n_learners, 8), (n_activities, 8), (4, 2), (2,), (6,))
    )
    pairs = learners[:, None].astype(float) * activities, learners[:, None].astype(float) + activities
    layer = np.maximum(np.maximum(pairs[1][..., 4:], 0) @ deep + bias, 0)
    right = np.concatenate([pairs[0][..., :4], layer], axis=-1) @ answer
    found = Head(deep, bias, answer).scores(learners, activities)
    assert found.dtype == np.float32
    assert found == pytest.approx(right, rel=1e-5, abs=1e-5)
