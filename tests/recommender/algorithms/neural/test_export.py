"""What serves is what was trained, for every network, whichever back end trained it."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recommender.algorithms.catalogue import ALGORITHMS, algorithm_class, build
from recommender.algorithms.litert import Network
from recommender.algorithms.neural import export
from recommender.errors import NotSupported
from tests import toy
from tests.recommender.algorithms.neural.tiny import TINY, TINY_SEQUENCE

EPOCHS = {"epochs": 2, "patience": 2}
CASES: dict[str, dict[str, Any]] = {
    "sasrec": {**TINY_SEQUENCE, **EPOCHS, "blocks": 2, "heads": 2, "time_gaps": True},
    "gru4rec": {**TINY_SEQUENCE, **EPOCHS},
    "caser": {**TINY_SEQUENCE, **EPOCHS, "window": 4, "filters": 4},
    "ncf": {**TINY, **EPOCHS, "negatives": 8},
    "two_tower": {**TINY, **EPOCHS, "feature_buckets": 16},
    "mult_vae": {**TINY, **EPOCHS},
}
TRAIN = """
import sys
import keras
import numpy as np
from recommender.algorithms.base import FitOptions
from recommender.algorithms.catalogue import build
from tests import toy
from tests.recommender.algorithms.neural.test_export import CASES
name = sys.argv[1]
told = []
options = FitOptions(progress=told.append)
data = toy.enrolled(toy.chain())
fitted = build(name, {**CASES[name], "epochs": 4, "patience": 4}).fit(data, options)
losses = [one.loss for one in told if one.message.endswith("done")]
assert losses[-1] < losses[0], losses
print(keras.backend.backend())
np.savez(sys.argv[2], **fitted.state())
"""
ROOT = Path(__file__).parents[4]


def test_every_network_is_among_the_cases() -> None:
    assert set(CASES) == {name for name in ALGORITHMS if algorithm_class(name).__module__.split(".")[-2] == "neural"}


@pytest.mark.parametrize("name", CASES)
def test_a_flatbuffer_answers_as_its_network_to_1e_5(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In batches of other sizes than the one that it was exported with, too."""
    differences: list[float] = []
    disagreement = export.disagreement

    def noted(network: Any, flatbuffer: Any, *samples: Any) -> float:
        for n in (1, 3, 17):
            of_size = [np.resize(one, (n, *one.shape[1:])) for one in samples]
            differences.append(disagreement(network, flatbuffer, *of_size))
        return disagreement(network, flatbuffer, *samples)

    monkeypatch.setattr(export, "disagreement", noted)
    build(name, CASES[name]).fit(toy.chain())
    assert len(differences) == (6 if name == "two_tower" else 3)
    assert max(differences) < 1e-5


def test_a_network_answers_many_threads_at_once() -> None:
    """Each call gets the answer to its own rows, however many there are of another size beside it."""
    fitted = build("mult_vae", CASES["mult_vae"]).fit(toy.chain())
    network = Network(fitted.state()["encoder"])
    asked = [np.random.default_rng(k).normal(size=(1 + k % 7, 16)).astype(np.float32) for k in range(200)]
    right = [network(one) for one in asked]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(network, asked))
    assert all(np.array_equal(one, other) for one, other in zip(found, right, strict=True))
    with pytest.raises((RuntimeError, ValueError)):
        network(np.zeros((1, 4), np.float32))
    assert np.array_equal(network(asked[0]), right[0])


def test_one_that_answers_otherwise_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "disagreement", lambda *_given: 2e-5)
    with pytest.raises(NotSupported, match="differs from the trained one by 2e-05"):
        build("mult_vae", CASES["mult_vae"]).fit(toy.checkerboard())


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_trains_on_jax_and_serves_from_litert(name: str, tmp_path: Path) -> None:
    """The export asks for agreement to 1e-5 itself; here a process without JAX answers from what it wrote."""
    if find_spec("jax") is None:
        pytest.skip("JAX is not installed: `pip install jax[cpu]` into an environment like this one, and run it there.")
    state = tmp_path / "state.npz"
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    command = [sys.executable, "-c", TRAIN, name, str(state)]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert told.stdout.split()[-1] == "jax"
    with np.load(state) as arrays:
        served = algorithm_class(name).from_state(build(name, {**CASES[name], "epochs": 4}).config, dict(arrays))
    scores = served.score([np.array([k, (k + 1) % 12]) for k in range(12)])
    assert np.isfinite(scores).all()
    assert (scores.std(axis=0) > 0).any()  # it tells learners apart
    if served.learns_newcomers:
        scores = served.score([np.array([], int)] * 2, features=toy.in_courses([0, 1]))
        assert (scores[0] != scores[1]).any()
