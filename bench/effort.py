"""What a recommender costs: beside the bare linear algebra that it cannot do without, and with ten times the data."""

import multiprocessing
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import psutil
from scipy.linalg import lapack

from bench.record import Measurement
from recommender.algorithms.base import Algorithm, FitOptions
from recommender.backends.local import LocalBackend
from recommender.datasets.interactions import Interactions
from recommender.datasets.splits import Split

GROWTH = (1, 3, 10)
N_RECOMMENDED = 100


def measure(case: str, make: Callable[[], Algorithm], split: Split, options: FitOptions) -> Iterator[Measurement]:
    """For EASE a line `fit_seconds` beside the solve of its system, then those of growth."""
    if make().name == "ease":
        _, fit_seconds = _timed(lambda: make().fit(split.train, options))
        solve = _bare_solve_seconds(split.train.n_activities)
        yield Measurement("quality", case, "fit_seconds", fit_seconds, "s", "bare_solve", solve)
    yield from _growth(case, make, split, options)


def scoring(case: str, fitted: Algorithm, split: Split) -> Measurement:
    """The line `top_100_seconds`: the best 100 for everybody who is asked, beside one product of dense matrices."""
    product = _bare_product_seconds(split)
    _, seconds = _timed(lambda: _recommend_to_all(fitted, split))
    return Measurement("quality", case, "top_100_seconds", seconds, "s", "bare_product", product)


def _bare_solve_seconds(n: int) -> float:
    """LAPACK alone on the system of EASE: Cholesky of a matrix of that size, then n right-hand sides, in float32.

    7/3 n**3 operations (spotrf and spotrs, in place), whatever way `fit` takes to the same inverse.
    """
    gram, right = np.ones((n, n), np.float32, order="F"), np.eye(n, dtype=np.float32, order="F")
    np.fill_diagonal(gram, n)

    def solve() -> None:
        factor, _info = lapack.spotrf(gram, lower=1, overwrite_a=1, clean=0)
        lapack.spotrs(factor, right, lower=1, overwrite_b=1)

    return _timed(solve)[1]


def _bare_product_seconds(split: Split) -> float:
    """Everybody's dense history times dense weights between activities, in float32, nothing else."""
    n = split.train.n_activities
    weights, block = np.ones((n, n), np.float32), np.ones((min(2048, split.n_tested), n), np.float32)
    return _timed(lambda: block @ weights)[1] * split.n_tested / len(block)


def _recommend_to_all(algorithm: Algorithm, split: Split, step: int = 2048) -> None:
    for start in range(0, split.n_tested, step):
        LocalBackend().top_n(algorithm.score(split.test_inputs.slice(start, start + step)), N_RECOMMENDED)


def _growth(case: str, make: Callable[[], Algorithm], split: Split, options: FitOptions) -> Iterator[Measurement]:
    """Fits on a tenth, three tenths and all of the learners; the exponent is the slope of the logarithms."""
    order = np.random.default_rng(options.seed).permutation(split.train.n_learners)
    seconds, peaks, sizes = [], [], []
    for times in GROWTH:
        chosen = order[: max(1, len(order) * times // GROWTH[-1])]
        part = split.train.where(np.isin(split.train.learner_index, chosen), all_activities=True)
        processor_seconds, peak = _cost_of_fit(make(), part, options)
        seconds.append(processor_seconds)
        peaks.append(peak)
        sizes.append(len(part))
        yield Measurement("quality", case, f"fit_processor_seconds_{times}x", seconds[-1], "s")
        told = make().memory_bytes(part.n_learners, part.n_activities, len(part))
        yield Measurement("quality", case, f"fit_peak_bytes_{times}x", peaks[-1], "B", "what it says itself", told)
    for name, values in (("processor_seconds", seconds), ("bytes", peaks)):
        exponent = float(np.polyfit(np.log(sizes), np.log(values), 1)[0])
        yield Measurement("quality", case, f"fit_{name}_exponent", exponent, "exponent")


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    made = work()
    return made, time.perf_counter() - began


def _cost_of_fit(algorithm: Algorithm, interactions: Interactions, options: FitOptions) -> tuple[float, float]:
    """Processor seconds and the peak of the bytes that it adds.

    Of a network in a process of its own, which begins with what Keras takes: there is nothing free yet that an earlier
    fit left behind. Of the others from NumPy's arrays, which is nearly all of it, in a second fit, because counting
    slows it down.
    """
    if algorithm.needs_keras:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
            return alone.submit(_cost_of_network, algorithm, interactions, options).result()
    seconds = _processor_seconds(lambda: algorithm.fit(interactions, options))
    tracemalloc.start()
    type(algorithm)(algorithm.config).fit(interactions, options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, float(peak)


def _cost_of_network(algorithm: Algorithm, interactions: Interactions, options: FitOptions) -> tuple[float, float]:
    import keras  # noqa: F401 (is no part of the fit)

    process, ended, most = psutil.Process(), threading.Event(), 0
    before = process.memory_info().rss

    def watch() -> None:
        nonlocal most
        while not ended.wait(0.02):
            most = max(most, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        seconds = _processor_seconds(lambda: algorithm.fit(interactions, options))
    finally:
        ended.set()
        watcher.join()
    return seconds, float(max(most - before, 1))


def _processor_seconds(work: Callable[[], Any]) -> float:
    """Of all threads: what else the machine does must not bend the curve."""
    began = time.process_time()
    work()
    return time.process_time() - began
