"""A trained network as a LiteRT flatbuffer, checked against the network. Imports Keras: only `fit` may import this."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from recommender.algorithms.litert import Network
from recommender.errors import NotSupported

_MOST_DIFFERENCE = 1e-5  # relative to the largest answer


def exported(network: Any, *sample_shape: int) -> NDArray[np.uint8]:
    """The network as the bytes of a LiteRT flatbuffer.

    Args:
        network: a `keras.Model` of one input.
        sample_shape: of the input that both are asked with; dimensions that the network leaves open stay open.

    Raises:
        NotSupported: the flatbuffer does not answer as the network does, so it could not serve.
    """
    with tempfile.TemporaryDirectory(prefix="neuralink-") as folder:
        path = Path(folder) / "network.tflite"
        network.export(str(path), format="litert", verbose=False)
        flatbuffer = np.frombuffer(path.read_bytes(), np.uint8)
    difference = disagreement(network, flatbuffer, sample_shape)
    if not difference < _MOST_DIFFERENCE:
        raise NotSupported(f"The exported {network.name} differs from the trained one by {difference:g}.")
    return flatbuffer


def disagreement(network: Any, flatbuffer: NDArray[np.uint8], sample_shape: tuple[int, ...]) -> float:
    """Largest difference of two answers, relative to the largest answer."""
    sample = np.random.default_rng(0).normal(size=sample_shape).astype(np.float32)
    right = ops.convert_to_numpy(network(sample))
    try:
        served = Network(flatbuffer)(sample)
    except (RuntimeError, ValueError) as error:
        raise NotSupported(f"LiteRT cannot run what Keras exported: {error}") from error
    return float(np.abs(served - right).max() / max(1.0, float(np.abs(right).max())))
