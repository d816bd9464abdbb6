import keras
import pytest

from recommender.algorithms.catalogue import build
from tests import toy
from tests.recommender.algorithms.neural.tiny import TINY_SEQUENCE


def test_the_graph_of_a_step_is_made_once_whatever_the_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of the chain have two lengths, and the last one fewer rows; Python is only asked for a graph."""
    asked: list[list[int | None]] = []
    train_step = keras.Model.train_step
    monkeypatch.setattr(
        keras.Model, "train_step", lambda self, data: asked.append(data[1].shape.as_list()) or train_step(self, data)
    )
    build("gru4rec", {**TINY_SEQUENCE, "epochs": 1}).fit(toy.chain())
    assert asked == [[None, None]]
