"""The predictors of outcomes by name, each loaded on first use. How to add one: docs/outcomes.md."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from recommender.errors import UnknownName
from recommender.outcomes.base import Predictor

PREDICTORS: dict[str, str] = {
    "logistic": "recommender.outcomes.logistic.Logistic",
    "boosting": "recommender.outcomes.boosting.Boosting",
    "ensemble": "recommender.outcomes.ensemble.Ensemble",
    "mlp": "recommender.outcomes.networks.mlp.MLP",
    "gru": "recommender.outcomes.networks.gru.GRU",
    "committee": "recommender.outcomes.committee.Committee",
}


def predictor_class(name: str) -> type[Predictor]:
    """The class behind a name. Importing it loads neither Keras nor scikit-learn; only its `fit` does.

    Raises:
        UnknownName: not in the table.
    """
    if name not in PREDICTORS:
        raise UnknownName("predictor", name, PREDICTORS)
    module, _, attribute = PREDICTORS[name].rpartition(".")
    found: type[Predictor] = getattr(import_module(module), attribute)
    return found


def build_predictor(name: str, config: Mapping[str, object] | None = None) -> Predictor:
    """An unfitted predictor; parameters that `config` does not name keep their defaults.

    Raises:
        UnknownName: not in the table.
        InvalidConfig: a parameter that does not exist or is out of its range.
    """
    found = predictor_class(name)
    return found(found.config_class.from_dict(config or {}))
