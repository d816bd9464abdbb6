"""The recommenders by name, each loaded on first use. How to add one: docs/adding_an_algorithm.md."""

from collections.abc import Mapping
from importlib import import_module

from recommender.algorithms.base import Algorithm
from recommender.errors import UnknownName

ALGORITHMS: dict[str, str] = {
    "popularity": "recommender.algorithms.popularity.Popularity",
    "item_knn": "recommender.algorithms.item_knn.ItemKNN",
    "ease": "recommender.algorithms.ease.EASE",
    "sequential_linear": "recommender.algorithms.sequential_linear.SequentialLinear",
    "ials": "recommender.algorithms.ials.IALS",
    "boosted_ranker": "recommender.algorithms.boosted_ranker.BoostedRanker",
    "blend": "recommender.algorithms.blend.Blend",
    "sasrec": "recommender.algorithms.neural.sasrec.SASRec",
    "gru4rec": "recommender.algorithms.neural.gru4rec.GRU4Rec",
    "caser": "recommender.algorithms.neural.caser.Caser",
    "ncf": "recommender.algorithms.neural.ncf.NCF",
    "two_tower": "recommender.algorithms.neural.two_tower.TwoTower",
    "mult_vae": "recommender.algorithms.neural.mult_vae.MultVAE",
}

RECOMMENDERS = sorted(ALGORITHMS)


def algorithm_class(name: str) -> type[Algorithm]:
    """The class behind a name. Importing it never imports Keras; only its `fit` does.

    Raises:
        UnknownName: not in the table.
    """
    if name not in ALGORITHMS:
        raise UnknownName("algorithm", name, ALGORITHMS)
    module, _, attribute = ALGORITHMS[name].rpartition(".")
    found: type[Algorithm] = getattr(import_module(module), attribute)
    return found


def build(name: str, config: Mapping[str, object] | None = None) -> Algorithm:
    """An unfitted algorithm; parameters that `config` does not name keep their defaults.

    Raises:
        UnknownName: not in the table.
        InvalidConfig: a parameter that does not exist or is out of its range.
    """
    found = algorithm_class(name)
    return found(found.config_class.from_dict(config or {}))
