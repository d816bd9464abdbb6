"""Logistic regression and boosting, averaged: what a line gets wrong trees get right, and the other way round.

The weighted mean of both raw logits (a stack with fixed weights: Breiman, "Stacked regressions", Machine Learning 24,
1996, shows that little is gained by learning them). In the first weeks there is little that trees could tell apart, and
the line counts three times as much: with each of OULAD's earlier terms left out in turn, day 7's ROC-AUC is 0.002 above
that of halves, and from day 60 on halves are best. Both are additive over factors, and so is their mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from recommender.algorithms.base import FitOptions, State
from recommender.datasets.studies import Floats, Ints
from recommender.outcomes.base import Predictor
from recommender.outcomes.boosting import Boosting, BoostingConfig
from recommender.outcomes.examples import Examples
from recommender.outcomes.logistic import Logistic, LogisticConfig

LINE, TREES = "line_", "trees_"
LINE_WEIGHTS = {14: 0.75, 60: 0.5}
"""Day of the course -> the line's; the trees have the rest. Straight between the days."""


@dataclass(frozen=True)
class EnsembleConfig(BoostingConfig):
    """Those of the trees; the line keeps its defaults."""


class Ensemble(Predictor):
    name = "ensemble"
    config_class = EnsembleConfig
    is_additive = True
    arrays: ClassVar = {f"{LINE}{name}": n for name, n in Logistic.arrays.items()} | {
        f"{TREES}{name}": n for name, n in Boosting.arrays.items()
    }
    config: EnsembleConfig

    def learn(self, examples: Examples, options: FitOptions) -> State:
        line = Logistic(LogisticConfig()).learn(examples, options)
        trees = Boosting(BoostingConfig(**self.config.as_dict())).learn(examples, options)
        return {f"{LINE}{name}": array for name, array in line.items()} | {
            f"{TREES}{name}": array for name, array in trees.items()
        }

    def raw(self, examples: Examples) -> tuple[Floats, Floats]:
        (line, line_grade), (trees, trees_grade) = (part.raw(examples) for part in self._both())
        weight = _line_weight(examples.day)
        return weight * line + (1 - weight) * trees, weight * line_grade + (1 - weight) * trees_grade

    def parts(self, examples: Examples) -> Floats:
        line, trees = (part.parts(examples) for part in self._both())
        weight = _line_weight(examples.day)[:, None]
        return np.asarray(weight * line + (1 - weight) * trees)

    def _both(self) -> tuple[Logistic, Boosting]:
        state = self._fitted()
        line = Logistic.with_arrays({name: state[LINE + name] for name in Logistic.arrays})
        return line, Boosting.with_arrays({name: state[TREES + name] for name in Boosting.arrays})


def _line_weight(day: Ints) -> Floats:
    """Share of the line in the answer, (k,)."""
    return np.asarray(np.interp(day, list(LINE_WEIGHTS), list(LINE_WEIGHTS.values())))
