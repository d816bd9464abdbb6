import pytest

from recommender.algorithms.neural.config import OPTIMIZERS
from recommender.algorithms.neural.sasrec import SASRec, SASRecConfig
from recommender.errors import InvalidConfig
from tests import toy
from tests.recommender.algorithms.neural.tiny import TINY_SEQUENCE

# Plain gradients move little for each unit of step size, scaled ones much.
LEARNING_RATE = {"sgd": 1.0, "momentum": 0.2, "adagrad": 0.1, "adam": 0.02, "adamw": 0.02}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_learns_what_comes_next(name: str) -> None:
    config = {**TINY_SEQUENCE, "blocks": 1, "heads": 2, "optimizer": name, "learning_rate": LEARNING_RATE[name]}
    fitted = SASRec(SASRecConfig.from_dict(config)).fit(toy.chain())
    answers = fitted.score([[start, start + 1, start + 2] for start in range(8)]).argmax(axis=1)
    assert (answers == [start + 3 for start in range(8)]).mean() >= 0.75


def test_adam_is_the_default_and_an_unknown_one_is_told() -> None:
    assert SASRecConfig().optimizer == "adam"
    with pytest.raises(InvalidConfig, match="optimizer"):
        SASRecConfig(optimizer="magic")
