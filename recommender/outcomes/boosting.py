"""Gradient boosting that is additive over factors: one sum of small trees for each, over its features and the day.

Histogram-based boosting by scikit-learn (Ke et al., NeurIPS 2017), with interaction constraints as in explainable
boosting machines (Lou et al., KDD 2013): no tree mixes two factors. So what a factor did to a risk is a sum and not an
estimate; and it is no less accurate for that: on OULAD trees that may mix everything were behind on four days of five.
Trained in training processes only; the trees are kept as arrays and asked with NumPy.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from recommender.algorithms.base import FitOptions, State
from recommender.algorithms.config import Config, parameter
from recommender.algorithms.trees import TREE_ARRAYS, Forest, exported
from recommender.datasets.studies import Floats, Ints
from recommender.outcomes.base import FACTOR_NAMES, Predictor
from recommender.outcomes.examples import Examples, factor_of_feature

GRADE = "grade_"


@dataclass(frozen=True)
class BoostingConfig(Config):
    epochs: int = parameter(200, minimum=1, maximum=5_000, doc="trees")
    learning_rate: float = parameter(0.08, minimum=1e-4, maximum=1.0, doc="share of each tree that counts")
    max_leaves: int = parameter(15, minimum=2, maximum=255, doc="leaves of one tree")
    min_examples: int = parameter(200, minimum=1, maximum=100_000, doc="examples in a leaf, at least")
    regularization: float = parameter(5.0, minimum=0.0, maximum=1e6, doc="penalty on squared leaf values")
    feature_share: float = parameter(0.4, minimum=0.01, maximum=1.0, doc="features drawn at each split")


class Boosting(Predictor):
    name = "boosting"
    config_class = BoostingConfig
    is_additive = True
    arrays: ClassVar = {name: 1 for part in ("", GRADE) for name in (f"{part}{array}" for array in TREE_ARRAYS)}
    config: BoostingConfig

    def learn(self, examples: Examples, options: FitOptions) -> State:
        # Loaded here: processes that only ask never need scikit-learn. Its threads are not to spin while they wait: on
        # a busy machine a fit took five times as long.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        settings = self._settings(len(np.unique(examples.owner)), options.seed)
        risk = HistGradientBoostingClassifier(**settings).fit(examples.features, examples.is_risk)
        options.check_stop()
        graded = examples.where(np.isfinite(examples.grade_share))
        grade = None
        if len(graded):
            grade = HistGradientBoostingRegressor(**settings).fit(graded.features, graded.grade_share)
        options.check_stop()
        groups = _factor_places()
        return exported(risk, groups) | {f"{GRADE}{name}": array for name, array in exported(grade, groups).items()}

    def raw(self, examples: Examples) -> tuple[Floats, Floats]:
        return self._forest().total(examples.features), self._forest(GRADE).total(examples.features)

    def parts(self, examples: Examples) -> Floats:
        return self._forest().by_group(examples.features, len(FACTOR_NAMES))

    def _forest(self, prefix: str = "") -> Forest:
        return Forest(**{name: self._fitted()[prefix + name] for name in TREE_ARRAYS})

    def _settings(self, n_enrolments: int, seed: int) -> dict[str, Any]:
        config = self.config
        factors = _factor_places()
        day = int(np.flatnonzero(factors < 0)[0])
        return {
            "max_iter": config.epochs,
            "learning_rate": config.learning_rate,
            "max_leaf_nodes": config.max_leaves,
            # Of few enrolments a leaf may hold fewer, or nothing would ever be split.
            "min_samples_leaf": max(5, min(config.min_examples, n_enrolments // 20)),
            "l2_regularization": config.regularization,
            "max_features": config.feature_share,
            "interaction_cst": [{day, *np.flatnonzero(factors == place)} for place in range(len(FACTOR_NAMES))],
            "early_stopping": False,
            "random_state": seed,
        }


def _factor_places() -> Ints:
    """(n_features,) which factor each belongs to; -1 for the day."""
    return np.array([FACTOR_NAMES.index(name) if name else -1 for name in factor_of_feature().values()])
