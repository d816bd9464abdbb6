"""A trained network as a LiteRT flatbuffer, checked against the network. Imports Keras: only `fit` may import this.

Keras can export to LiteRT from TensorFlow alone. What another back end trained is stored, read again in a process whose
back end is TensorFlow, and exported there: the same layers with the same weights.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from recommender.algorithms.litert import Network
from recommender.errors import NotSupported

EXPORTING_BACKEND = "tensorflow"
_MOST_DIFFERENCE = 1e-5  # relative to the largest answer


def drawn_sample(*shape: int) -> NDArray[np.float32]:
    """Numbers of a standard normal, always the same."""
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def exported(network: Any, *samples: NDArray[Any]) -> NDArray[np.uint8]:
    """The network as the bytes of a LiteRT flatbuffer.

    Args:
        network: a `keras.Model`, whose inputs from the second on have names.
        samples: one for each input, that both are asked with; dimensions that the network leaves open stay open.

    Raises:
        NotSupported: the flatbuffer does not answer as the network does, so it could not serve.
    """
    with tempfile.TemporaryDirectory(prefix="neuralink-") as folder:
        path = Path(folder) / "network.tflite"
        if keras.backend.backend() == EXPORTING_BACKEND:
            write(network, path)
        else:
            _write_elsewhere(network, path)
        flatbuffer = np.frombuffer(path.read_bytes(), np.uint8)
    difference = disagreement(network, flatbuffer, *samples)
    if not difference < _MOST_DIFFERENCE:
        raise NotSupported(f"The exported {network.name} differs from the trained one by {difference:g}.")
    return flatbuffer


def write(network: Any, path: Path) -> None:
    """Only where TensorFlow is the back end."""
    network.export(str(path), format="litert", verbose=False)


def _write_elsewhere(network: Any, path: Path) -> None:
    stored = path.with_suffix(".keras")
    network.save(stored)
    environment = {**os.environ, "KERAS_BACKEND": EXPORTING_BACKEND, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "recommender.algorithms.neural.convert", str(stored), str(path)]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if told.returncode:
        reason = (told.stderr.strip().splitlines() or ["no word"])[-1]
        raise NotSupported(
            f"{network.name} was trained on {keras.backend.backend()} and could not be exported in a process with "
            f"{EXPORTING_BACKEND}: {reason}. Install it beside the other back end; see docs/dependencies.md."
        )


def disagreement(network: Any, flatbuffer: NDArray[np.uint8], *samples: NDArray[Any]) -> float:
    """Largest difference of two answers, relative to the largest answer."""
    right = ops.convert_to_numpy(network(samples[0] if len(samples) == 1 else list(samples)))
    names = [one.name for one in network.inputs[1:]]
    try:
        served = Network(flatbuffer)(samples[0], **dict(zip(names, samples[1:], strict=True)))
    except (RuntimeError, ValueError) as error:
        raise NotSupported(f"LiteRT cannot run what Keras exported: {error}") from error
    return float(np.abs(served - right).max() / max(1.0, float(np.abs(right).max())))
