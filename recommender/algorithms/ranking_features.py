"""What a ranker knows of an activity at an instant, and of a learner who is asked about it then.

All of it is about how things stand and not which activity it is, so what was learnt of one wave of activities holds
for the next: how often it is met lately and ever, how old it is, where in a list it usually comes beside where the
learner is, and how strongly and in which place each member recommends it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm, Scores, Times
from recommender.algorithms.members import is_open, standardise
from recommender.algorithms.popularity import DAY_SECONDS
from recommender.backends.local import LocalBackend
from recommender.datasets.interactions import Index, Interactions

Features = NDArray[np.float32]
_HALF_LIVES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # days
_NOTHING = 0.01  # of the usual rate: what an activity is given that is not met, so that it has a logarithm
N_OF_ACTIVITY = len(_HALF_LIVES) + 5
_TINY = float(np.finfo(np.float64).tiny)  # after years, all half-lives leave nothing
_PLACE = N_OF_ACTIVITY - 1


def n_features(n_members: int) -> int:
    return N_OF_ACTIVITY + 1 + 2 * n_members


def of_activities(interactions: Interactions) -> Features:
    """Shape (n_activities, N_OF_ACTIVITY), as things stand at the last event.

    The logarithm of the rate beside the usual one, with each half-life and without; the share of learners who met it;
    days since it was first and last met; how many activities were usually met before it.
    """
    n, met = interactions.n_activities, interactions.activity_index
    # Not at the instant that splits them: of days alone, all ages would be a day more there than when it is asked.
    age = (interactions.at.max() - interactions.at) / DAY_SECONDS
    counts = np.bincount(met, minlength=n)
    rates = [np.bincount(met, np.exp2(-age / half_life), n) for half_life in _HALF_LIVES]
    first, last = np.zeros(n), np.full(n, np.inf)
    np.maximum.at(first, met, age)
    np.minimum.at(last, met, age)
    starts = interactions.sequences().offsets[:-1]
    place = np.arange(len(interactions)) - starts[interactions.learner_index]
    columns = [
        *map(_log_rate, (*rates, counts)),
        counts / interactions.n_learners,
        first,
        np.where(counts > 0, last, np.nan),
        np.bincount(met, place, n) / np.where(counts > 0, counts, np.nan),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _log_rate(rate: NDArray[np.number]) -> NDArray[np.floating]:
    found: NDArray[np.floating] = np.log(rate / max(float(rate.mean()), _TINY) + _NOTHING)
    return found


@dataclass(frozen=True)
class Pairs:
    """What is known of the candidates of some histories."""

    place: NDArray[np.int32]  # (n_histories, n_activities), the best that a member gives, 0 first; n_candidates: none
    strength: Scores  # (n_histories, n_activities), what the members say together, standardised
    is_candidate: NDArray[np.bool_]  # (n_histories, n_activities)
    features: Features  # (n_pairs, n_features(n_members)), of the candidates in the order of `np.nonzero`


def of_pairs(
    members: list[Algorithm], of_activity: Features, histories: list[Index], times: Times | None, n_candidates: int
) -> Pairs:
    """Candidates are the first `n_candidates` of each member's list; what was met is none."""
    open_ = is_open(histories, len(of_activity))
    answers = [_answer(member.score(histories, times), open_, n_candidates) for member in members]
    place = np.minimum.reduce([places for _scores, places in answers])
    is_candidate = place < n_candidates
    row, activity = np.nonzero(is_candidate)
    found = np.empty((len(row), n_features(len(members))), np.float32)
    found[:, :N_OF_ACTIVITY] = of_activity[activity]
    length = np.array([len(history) for history in histories], np.float32)[row]
    found[:, _PLACE] -= length
    found[:, N_OF_ACTIVITY] = length
    for column, (scores, places) in enumerate(answers):
        found[:, N_OF_ACTIVITY + 1 + 2 * column] = scores[row, activity]
        found[:, N_OF_ACTIVITY + 2 + 2 * column] = places[row, activity]
    strength = np.add.reduce([scores for scores, _places in answers])
    return Pairs(place, strength, is_candidate, found)


def _answer(scores: Scores, open_: NDArray[np.bool_], n: int) -> tuple[Scores, NDArray[np.int32]]:
    """Standardised, and the place of each of the best `n`; `n` for all others."""
    standardise(scores, open_)
    best = LocalBackend().top_n(np.where(open_, scores, -np.inf), n)
    places = np.full(scores.shape, n, np.int32)
    np.put_along_axis(places, best, np.arange(best.shape[1], dtype=np.int32), axis=1)
    places[~open_] = n
    return scores, places
