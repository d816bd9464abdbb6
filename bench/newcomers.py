"""Learners who have met nothing yet and are enrolled: how well is told what they begin with.

Asked at the beginning of a term of OULAD, about everybody who was registered and not seen yet, and of whom something
was seen later. Right are the first ten activities that they met; ranked are the activities of their courses that
somebody had met by then, as serving does. Models learn from what came before that day, of registrations too.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.datasets import lists_of, oulad_days, oulad_features, oulad_sites, table
from bench.record import Measurement
from recommender.algorithms.base import Algorithm, FitOptions, Scores
from recommender.algorithms.catalogue import build
from recommender.algorithms.neural.bags import FIRST_EVENTS
from recommender.datasets.interactions import DAY_SECONDS, Interactions, Sequences, feature_hash, offsets_of
from recommender.evaluation import metrics
from recommender.evaluation.bootstrap import compare
from recommender.evaluation.protocol import ranks_of

TERMS = {"2014B": "2014-02-01", "2014J": "2014-10-01"}
"""Parameters are chosen on the former, and the latter is told."""
PEER = "popularity_in_courses"
_BLOCK = 512


@dataclass(frozen=True)
class Newcomers:
    """Who is asked about, and what is known and right."""

    train: Interactions
    features: Sequences  # n lists of hashes: the courses of each
    targets: Sequences  # n lists: what each met first
    in_reach: NDArray[np.bool_]  # (n, n_activities): in their courses
    opening: NDArray[np.float32]  # (n_activities,): higher the earlier a course lists it, as serving reads one anew


def newcomers(term: str) -> Newcomers:
    """From the files of OULAD."""
    events, registered = table("oulad", "studentVle.parquet"), table("oulad", "studentRegistration.parquet")
    for rows in (events, registered):
        rows["course"] = rows["code_module"].astype(str) + "-" + rows["code_presentation"].astype(str)
    events["day"] = oulad_days(events["code_presentation"]) + events["date"]
    begins = oulad_days(registered["code_presentation"])
    registered["since"] = (begins + registered["date_registration"]).fillna(0).astype(int)
    registered["until"] = begins + registered["date_unregistration"]
    everything = Interactions.from_columns(events["id_student"], events["id_site"], events["day"] * DAY_SECONDS)
    everything = everything.described(
        oulad_features(everything.activity_ids), _learner_features(everything.learner_ids, registered)
    )
    day = (pd.Timestamp(TERMS[term]) - pd.Timestamp(0)).days
    cutoff = day * DAY_SECONDS
    train = everything.where(everything.at < cutoff).known_before(cutoff)
    now = registered[(registered["since"] < day) & ~(registered["until"] <= day)]
    new = np.setdiff1d(np.intersect1d(everything.learner_ids, now["id_student"]), train.learner_ids)
    lists = everything.sequences().take(np.searchsorted(everything.learner_ids, new))
    known = np.isin(everything.activity_ids, train.activity_ids)
    met = [one[known[one]] for one in lists]
    asked = np.flatnonzero([len(one) for one in met])
    firsts = [np.searchsorted(train.activity_ids, everything.activity_ids[met[k][:FIRST_EVENTS]]) for k in asked]
    courses = now.groupby("id_student")["course"].unique()[new[asked]]
    sites = oulad_sites().loc[train.activity_ids]
    in_reach = np.stack([np.isin(sites["course"], own) for own in courses])
    opening = np.empty(len(sites), np.float32)
    opening[np.lexsort((sites.index, sites["week_from"].fillna(-1)))] = -np.arange(len(sites))
    hashes = [[feature_hash(f"course={course}") for course in own] for own in courses]
    return Newcomers(train, lists_of(hashes), lists_of([first.tolist() for first in firsts]), in_reach, opening)


def measure(term: str, configs: Mapping[str, Mapping[str, Any]], options: FitOptions) -> Iterator[Measurement]:
    """NDCG at 10 by features, beside popularity in the same courses; without a model, popularity everywhere too.

    Args:
        term: one of TERMS.
        configs: by algorithm what is not the default; those that cannot answer newcomers are passed over.
        options: of each fit.

    Raises:
        DataMissing: the files are not there.
    """
    asked = newcomers(term)
    case = f"oulad/newcomers-{term}"
    popularity = build("popularity").fit(asked.train)
    bound = ndcg(asked, partial(answers, popularity))
    without = {
        "popularity_everywhere": ndcg(asked, partial(answers, popularity), is_bound=False),
        "first_in_courses": ndcg(asked, lambda features: np.tile(asked.opening, (len(features), 1))),
        PEER: bound,
    }
    for name, found in without.items():
        yield Measurement("quality", f"{case}/{name}", "ndcg_10", float(found.mean()), "share")
    yield Measurement("quality", case, "n_learners", len(bound), "learners")
    for name, config in configs.items():
        algorithm = build(name, config)
        if algorithm.learns_newcomers:
            found = ndcg(asked, partial(answers, algorithm.fit(asked.train, options)))
            yield from _figures(f"{case}/{name}", found, bound)


def _figures(case: str, found: NDArray[np.float64], bound: NDArray[np.float64]) -> Iterator[Measurement]:
    yield Measurement("quality", case, "ndcg_10", float(found.mean()), "share", PEER, float(bound.mean()))
    difference = compare(found, bound).difference
    for name in ("mean", "low", "high"):
        yield Measurement("quality", case, f"ndcg_10_difference_{name}", getattr(difference, name), "share")


def answers(algorithm: Algorithm, features: Sequences) -> Scores:
    """For learners of whom nothing but features is known."""
    nothing = Sequences(np.zeros(len(features) + 1, np.int64), np.zeros(0, np.int32))
    return algorithm.score(nothing, features=features)


def ndcg(asked: Newcomers, answer: Callable[[Sequences], Scores], *, is_bound: bool = True) -> NDArray[np.float64]:
    """Shape (n_learners,), from strengths of shape (n, n_activities) for n lists of features; in their courses only."""
    ranks = []
    for start in range(0, len(asked.features), _BLOCK):
        scores = answer(asked.features.slice(start, start + _BLOCK))
        if is_bound:
            scores[~asked.in_reach[start : start + _BLOCK]] = -np.inf
        ranks.append(ranks_of(scores, asked.targets.slice(start, start + _BLOCK)))
    lengths, n_activities = asked.targets.lengths, asked.in_reach.shape[1]
    n_candidates = asked.in_reach.sum(axis=1) if is_bound else np.full(len(lengths), n_activities)
    return metrics.measures(np.concatenate(ranks), asked.targets.owner, lengths, n_candidates, (10,))["ndcg_10"]


def _learner_features(ids: NDArray[np.int64], registered: pd.DataFrame) -> Sequences:
    rows = registered[np.isin(registered["id_student"], ids)].sort_values(["id_student", "since"], kind="stable")
    counts = np.bincount(np.searchsorted(ids, rows["id_student"]), minlength=len(ids))
    hashes = {course: feature_hash(f"course={course}") for course in rows["course"].unique()}
    at = rows["since"].to_numpy(np.int64) * DAY_SECONDS
    return Sequences(offsets_of(counts), rows["course"].map(hashes).to_numpy(np.int32), at)
