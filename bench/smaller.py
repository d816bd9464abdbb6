"""What a smaller network costs and saves: quality, bytes, and the time of an answer, before and after."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from bench.record import Measurement
from recommender.algorithms.base import Algorithm, FitOptions
from recommender.algorithms.catalogue import build
from recommender.datasets.splits import Split
from recommender.evaluation.protocol import evaluate

_N_ASKED = 200


def measure(case: str, name: str, config: dict[str, Any], split: Split, options: FitOptions) -> Iterator[Measurement]:
    """Lines for the vectors in int8, and for a student of half the size, each beside the network as it is."""
    whole = build(name, config)
    size = whole.config.as_dict()["embedding_size"]
    student = {"embedding_size": size // 2, "teacher": f"embedding_size={size}"}
    before = _figures(whole.fit(split.train, options), split)
    for variant, changed in (("int8", {"precision": "int8"}), ("student", student)):
        after = _figures(build(name, {**config, **changed}).fit(split.train, options), split)
        for (key, unit), value in after.items():
            yield Measurement("quality", f"{case}/{variant}", key, value, unit, "as it is", before[key, unit])


def answer_ms(algorithm: Algorithm, split: Split) -> float:
    """The usual time to score everything for one learner."""
    seconds = []
    for learner in range(min(_N_ASKED, split.n_tested)):
        began = time.perf_counter()
        algorithm.score([split.test_inputs[learner]])
        seconds.append(time.perf_counter() - began)
    return 1000 * float(np.median(seconds))


def _figures(fitted: Algorithm, split: Split) -> dict[tuple[str, str], float]:
    return {
        ("ndcg_10", "share"): evaluate(fitted, split).metrics["ndcg_10"],
        ("state_bytes", "B"): float(sum(array.nbytes for array in fitted.state().values())),
        ("answer_ms", "ms"): answer_ms(fitted, split),
    }
