import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from recommender.algorithms.trees import Forest, exported, joined


@pytest.mark.parametrize("n_rows", [0, 1, 7, 5000])
@pytest.mark.parametrize("has_gaps", [False, True])
def test_answers_as_scikit_learn_does(n_rows: int, has_gaps: bool) -> None:
    """More rows than go down at once, and NaN in training and in what is asked."""
    draw = np.random.default_rng(1)
    features = draw.normal(size=(6000, 4)).astype(np.float32)
    if has_gaps:
        features[draw.random(features.shape) < 0.2] = np.nan
    is_met = np.nan_to_num(features[:, 0]) * np.nan_to_num(features[:, 1]) + np.isnan(features[:, 2]) > 0.3
    model = HistGradientBoostingClassifier(max_iter=20, early_stopping=False).fit(features[:1000], is_met[:1000])
    forest = Forest(**exported(model, np.full(4, -1)))
    asked = features[1000 : 1000 + n_rows]
    expected = model.decision_function(asked) if n_rows else np.zeros(0)
    np.testing.assert_allclose(forest.total(asked), expected, atol=1e-5)


def test_forests_that_are_joined_add_up() -> None:
    draw = np.random.default_rng(2)
    features = draw.normal(size=(900, 3)).astype(np.float32)
    groups = np.full(3, -1)
    models = [
        HistGradientBoostingClassifier(max_iter=n, early_stopping=False).fit(features, features[:, column] > 0)
        for column, n in enumerate((4, 1, 7))
    ]
    arrays = joined([exported(model, groups) for model in models])
    assert {name: array.dtype for name, array in arrays.items()} == {
        name: array.dtype for name, array in exported(models[0], groups).items()
    }
    assert len(arrays["first"]) == 4 + 1 + 7 + 1
    expected = np.sum([model.decision_function(features) for model in models], axis=0)
    np.testing.assert_allclose(Forest(**arrays).total(features), expected, atol=1e-5)


def test_of_nothing_it_says_nothing() -> None:
    forest = Forest(**exported(None, np.full(2, -1)))
    assert np.isnan(forest.total(np.zeros((3, 2), np.float32))).all()
    assert forest.by_group(np.zeros((3, 2), np.float32), 2).tolist() == [[0, 0]] * 3
