"""Run inside the peers' own environment: one peer fits one split and writes its lists. See `peers.py`.

`python peer_program.py NAME SPLIT.npz OUT.npz THREADS`
"""

import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import scipy.sparse

N_RECOMMENDED = 100
Matrix = scipy.sparse.csr_matrix
Lists = np.ndarray[Any, np.dtype[np.integer]]
Answer = Callable[[Matrix, Lists], Lists]


def implicit_als(train: Matrix, n_threads: int, factors: int = 64) -> Answer:
    als = import_module("implicit.cpu.als").AlternatingLeastSquares
    model = als(factors=factors, iterations=15, num_threads=n_threads, random_state=0)
    model.fit(train, show_progress=False)
    return lambda inputs, tested: model.recommend(
        np.arange(len(tested)), inputs, N=N_RECOMMENDED, recalculate_user=True
    )[0]


def implicit_als_128(train: Matrix, n_threads: int) -> Answer:
    return implicit_als(train, n_threads, 128)


def implicit_bpr(train: Matrix, n_threads: int) -> Answer:
    bpr = import_module("implicit.cpu.bpr").BayesianPersonalizedRanking
    model = bpr(factors=64, iterations=100, num_threads=n_threads, random_state=0)
    model.fit(train, show_progress=False)
    return lambda inputs, tested: model.recommend(tested, inputs, N=N_RECOMMENDED)[0]


def implicit_knn(train: Matrix, n_threads: int) -> Answer:
    model = import_module("implicit.nearest_neighbours").CosineRecommender(K=200, num_threads=n_threads)
    model.fit(train, show_progress=False)
    return lambda inputs, tested: model.recommend(np.arange(len(tested)), inputs, N=N_RECOMMENDED)[0]


def rectools_ease(train: Matrix, n_threads: int) -> Answer:
    ease = import_module("rectools.models.ease").EASEModel(regularization=500.0, recommend_n_threads=n_threads)
    weights = _fit_rectools(ease, train)

    def answer(inputs: Matrix, _tested: Lists) -> Lists:
        # Its own `recommend` wants every tested learner in its table with the same history as in the training.
        found = np.empty((inputs.shape[0], min(N_RECOMMENDED, inputs.shape[1])), np.int64)
        for start in range(0, inputs.shape[0], 1000):
            block = inputs[start : start + 1000]
            scores = np.asarray(block @ weights)
            scores[block.nonzero()] = -np.inf
            found[start : start + 1000] = np.argsort(-scores, axis=1)[:, :N_RECOMMENDED]
        return found

    return answer


def _fit_rectools(ease: Any, train: Matrix) -> Any:
    pandas, dataset = import_module("pandas"), import_module("rectools.dataset").Dataset
    pairs = train.tocoo()
    table = pandas.DataFrame({"user_id": pairs.row, "item_id": pairs.col, "weight": 1.0, "datetime": "2026-01-01"})
    made = dataset.construct(table)
    ease.fit(made)
    # Its items are those of the training alone, in the order of their first row.
    places = made.item_id_map.external_ids
    weights = np.zeros((train.shape[1], train.shape[1]), np.float32)
    weights[np.ix_(places, places)] = ease.weight
    return weights


PEERS: dict[str, Callable[[Matrix, int], Answer]] = {
    "implicit_als": implicit_als,
    "implicit_als_128": implicit_als_128,
    "implicit_bpr": implicit_bpr,
    "implicit_knn": implicit_knn,
    "rectools_ease": rectools_ease,
}


def main(name: str, source: str, target: str, n_threads: str) -> None:
    split = np.load(source)
    shape = (int(split["n_learners"]), int(split["n_activities"]))
    train = _matrix(split["train_offsets"], split["train_activities"], shape[1])
    inputs = _matrix(split["input_offsets"], split["input_activities"], shape[1])
    began = time.perf_counter()
    answer = PEERS[name](train, int(n_threads))
    fit_seconds = time.perf_counter() - began
    began = time.perf_counter()
    lists = answer(inputs, split["tested"])
    np.savez(target, lists=lists, fit_seconds=fit_seconds, score_seconds=time.perf_counter() - began)


def _matrix(offsets: Lists, activities: Lists, n_activities: int) -> Matrix:
    values = np.ones(len(activities), np.float32)
    matrix = scipy.sparse.csr_matrix((values, activities, offsets), shape=(len(offsets) - 1, n_activities))
    matrix.sort_indices()
    return matrix


if __name__ == "__main__":
    main(*sys.argv[1:])
