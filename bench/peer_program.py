"""Run inside the peers' own environment: one peer fits one split and writes its lists. See `peers.py`.

`python peer_program.py NAME SPLIT.npz OUT.npz THREADS BUDGET_SECONDS`
"""

import sys
import time
from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

N_RECOMMENDED = 100
DESCRIBED = "rectools_sasrec_described"
"""Told what describes activities, where anything does."""
Matrix = Any  # scipy.sparse.csr_matrix, (n_learners, n_activities)
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


class Histories(NamedTuple):
    """List k is `activities[offsets[k]:offsets[k + 1]]`, oldest first."""

    offsets: Lists
    activities: Lists
    n_activities: int
    features: Lists  # (2, n_pairs): of activities that are described, each with each of its features

    def dataset(self, *, is_described: bool = False) -> Any:
        """As RecTools wants it; described by features, each a category of its own."""
        made = import_module("rectools.dataset").Dataset
        if not is_described:
            return made.construct(self.table())
        known = np.isin(self.features[0], self.activities)
        columns = {"id": self.features[0][known], "feature": "fact", "value": self.features[1][known]}
        facts = import_module("pandas").DataFrame(columns)
        return made.construct(self.table(), item_features_df=facts, cat_item_features=["fact"])

    def table(self) -> Any:
        """As RecTools wants it."""
        pandas = import_module("pandas")
        n = len(self.activities)
        owner = np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))
        at = pandas.Timestamp("2020-01-01") + pandas.to_timedelta(np.arange(n), unit="s")
        return pandas.DataFrame({"user_id": owner, "item_id": self.activities, "weight": 1.0, "datetime": at})


def rectools_sasrec(
    train: Histories, n_threads: int, budget_seconds: float, *, is_described: bool = False
) -> Callable[[Histories], Lists]:
    """Full softmax, 64 wide, two blocks, as long as 99 of 100 histories and at most 200; ends with the budget."""
    import_module("torch").set_num_threads(n_threads)
    transformers = import_module("rectools.models")
    length = int(np.clip(np.quantile(np.diff(train.offsets), 0.99), 5, 200))

    def trainer() -> Any:
        limit = {"seconds": budget_seconds} if budget_seconds else None
        quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
        lightning = import_module("pytorch_lightning").Trainer
        return lightning(max_epochs=100, max_time=limit, enable_checkpointing=False, accelerator="cpu", **quiet)

    model = transformers.SASRecModel(
        n_factors=64, n_heads=2, session_max_len=length, batch_size=128, loss="softmax", get_trainer_func=trainer
    )
    model.fit(train.dataset(is_described=is_described))
    print(f"RecTools SASRec: {model.fit_trainer.current_epoch} epochs of length {length}.", file=sys.stderr)

    def answer(inputs: Histories) -> Lists:
        asked = np.arange(len(inputs.offsets) - 1)
        known = inputs.dataset(is_described=is_described)
        found = model.recommend(asked, known, k=N_RECOMMENDED, filter_viewed=True)
        lists = np.full((len(asked), N_RECOMMENDED), -1)
        lists[found["user_id"], found["rank"] - 1] = found["item_id"]
        return lists

    return answer


def rectools_sasrec_described(train: Histories, n_threads: int, budget_seconds: float) -> Callable[[Histories], Lists]:
    """The same, where a vector of each feature is added to that of the activity."""
    return rectools_sasrec(train, n_threads, budget_seconds, is_described=True)


def lenskit_knn(train: Histories, n_threads: int, budget_seconds: float) -> Callable[[Histories], Lists]:
    return _lenskit(import_module("lenskit.knn").ItemKNNScorer(k=50, feedback="implicit"), train)


def lenskit_als(train: Histories, n_threads: int, budget_seconds: float) -> Callable[[Histories], Lists]:
    return _lenskit(import_module("lenskit.als").ImplicitMFScorer(features=64, epochs=15), train)


def _lenskit(scorer: Any, train: Histories) -> Callable[[Histories], Lists]:
    data = import_module("lenskit.data")
    scorer.train(data.from_interactions_df(train.table()[["user_id", "item_id"]]))
    everything = data.ItemList(item_ids=np.unique(train.activities))
    ids = everything.ids()

    def answer(inputs: Histories) -> Lists:
        lists = np.full((len(inputs.offsets) - 1, N_RECOMMENDED), -1)
        for row, (start, end) in enumerate(pairwise(inputs.offsets)):
            met = inputs.activities[start:end]
            query = data.RecQuery(user_items=data.ItemList(item_ids=met))
            strength = np.nan_to_num(scorer(query, everything).scores("numpy"), nan=-np.inf)
            strength[np.isin(ids, met)] = -np.inf
            best = np.argsort(-strength, kind="stable")[:N_RECOMMENDED]
            best = best[strength[best] > -np.inf]
            lists[row, : len(best)] = ids[best]
        return lists

    return answer


UNORDERED: dict[str, Callable[[Matrix, int], Answer]] = {
    "implicit_als": implicit_als,
    "implicit_als_128": implicit_als_128,
    "implicit_bpr": implicit_bpr,
    "implicit_knn": implicit_knn,
    "rectools_ease": rectools_ease,
}
ORDERED: dict[str, Callable[[Histories, int, float], Callable[[Histories], Lists]]] = {
    "lenskit_als": lenskit_als,
    "lenskit_knn": lenskit_knn,
    "rectools_sasrec": rectools_sasrec,
    DESCRIBED: rectools_sasrec_described,
}
PEERS = (*UNORDERED, *ORDERED)


def main(name: str, source: str, target: str, n_threads: str, budget_seconds: str) -> None:
    split = np.load(source)
    shape = (int(split["n_learners"]), int(split["n_activities"]))
    train = Histories(split["train_offsets"], split["train_activities"], shape[1], split["features"])
    inputs = Histories(split["input_offsets"], split["input_activities"], shape[1], split["features"])
    train_matrix, input_matrix = _matrix(train), _matrix(inputs)
    began, processor_began = time.perf_counter(), time.process_time()
    if name in ORDERED:
        in_order = ORDERED[name](train, int(n_threads), float(budget_seconds))
        fit_seconds, processor_seconds = time.perf_counter() - began, time.process_time() - processor_began
        began = time.perf_counter()
        lists = in_order(inputs)
    else:
        answer = UNORDERED[name](train_matrix, int(n_threads))
        fit_seconds, processor_seconds = time.perf_counter() - began, time.process_time() - processor_began
        began = time.perf_counter()
        lists = answer(input_matrix, split["tested"])
    score_seconds = time.perf_counter() - began
    np.savez(
        target,
        lists=lists,
        fit_seconds=fit_seconds,
        fit_processor_seconds=processor_seconds,
        score_seconds=score_seconds,
    )


def _matrix(histories: Histories) -> Matrix:
    values, shape = np.ones(len(histories.activities), np.float32), (len(histories.offsets) - 1, histories.n_activities)
    matrix = scipy.sparse.csr_matrix((values, histories.activities.copy(), histories.offsets), shape=shape)
    matrix.sort_indices()
    return matrix


if __name__ == "__main__":
    main(*sys.argv[1:])
