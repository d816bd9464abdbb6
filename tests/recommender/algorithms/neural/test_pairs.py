from typing import Any

import numpy as np
import pytest

from recommender.algorithms.catalogue import build
from recommender.algorithms.neural import pairs
from tests import toy
from tests.recommender.algorithms.neural.tiny import TINY


def test_what_serves_answers_as_the_network_that_was_trained_to_1e_5(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the histories on, through the encoder in LiteRT and the head in NumPy, relative to the largest answer."""
    trained: list[Any] = []
    arrays = pairs.PairModel.arrays
    monkeypatch.setattr(pairs.PairModel, "arrays", lambda self: trained.append(self) or arrays(self))
    data = toy.checkerboard()
    fitted = build("ncf", {**TINY, "negatives": 16}).fit(data)
    histories = [history[:3] for history in data.sequences()]
    rows = np.stack(histories)
    model = trained[-1]
    everything = np.arange(data.n_activities, dtype=np.int32)[None]
    right = np.asarray(model.logits(model((rows, np.ones(rows.shape, np.float32))), everything, False))
    assert np.ptp(right) > 1
    assert np.abs(fitted.score(histories) - right).max() < 1e-5 * np.abs(right).max()
    assert np.abs(model.scores(rows, np.ones(rows.shape, np.float32)) - right).max() < 1e-5 * np.abs(right).max()
