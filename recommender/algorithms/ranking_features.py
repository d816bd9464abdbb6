"""What a ranker knows of an activity at an instant, and of a learner who is asked about it then.

All of it is about how things stand, so what was learnt of one wave of activities holds for the next: how often it is
met lately and ever, how old its meetings are, how many are there again, what kind it is, where in a list it usually
comes beside where the learner is, how busy the learner is, and how strongly and in which place each member recommends
it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm, Scores, Times
from recommender.algorithms.members import is_open, standardise
from recommender.backends.local import LocalBackend
from recommender.datasets.interactions import DAY_SECONDS, Index, Interactions

Features = NDArray[np.float32]
MAX_FLAGS = 16
_HALF_LIVES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # days
_QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)  # of the ages of an activity's meetings
_NOTHING = 0.01  # of the usual rate: what an activity is given that is not met, so that it has a logarithm
_TINY = float(np.finfo(np.float64).tiny)  # after years, all half-lives leave nothing
_PLACE, _SHARE = 0, 1
_LATELY = (7.0, 21.0)  # days
_N_OF_ACTIVITY = 3 + len(_HALF_LIVES) + len(_QUANTILES)
_N_OF_DAYS = len(_HALF_LIVES)
_N_OF_LEARNER = 3 + len(_LATELY)


def most_features(n_members: int) -> int:
    """Columns of `Pairs.features`, at most."""
    return _N_OF_ACTIVITY + _N_OF_DAYS + MAX_FLAGS + _N_OF_LEARNER + 2 * n_members


def flags(interactions: Interactions) -> Index:
    """Shape (n,), n <= MAX_FLAGS: of the features that activities share and not all have, the most common ones.

    Of those that the very same activities have, such as a kind and the word for it, it is one.
    """
    hashes, counts = np.unique(interactions.shared_features()[1], return_counts=True)
    best = hashes[np.argsort(-counts, kind="stable")][: 4 * MAX_FLAGS]
    _same, first = np.unique(_has(interactions, best), axis=1, return_index=True)
    return best[np.sort(first)][:MAX_FLAGS]


def _has(interactions: Interactions, hashes: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Shape (n_activities, len(hashes)): whether each activity has each feature."""
    features = interactions.activity_features
    found = np.zeros((interactions.n_activities, len(hashes)), bool)
    if features is not None and len(hashes):
        order = np.argsort(hashes)
        at = np.minimum(np.searchsorted(hashes, features.activity_index, sorter=order), len(hashes) - 1)
        is_one = hashes[order[at]] == features.activity_index
        found[features.owner[is_one], order[at[is_one]]] = True
    return found


def of_activities(interactions: Interactions, flagged: Index) -> Features:
    """Shape (n_activities, n), as things stand at the last event; n hangs on `flagged` and on what days are known.

    How many activities were usually met before it; the share of learners who met it; the logarithm of the rate beside
    the usual one, with each half-life and without; quantiles of the days since it was met; the logarithms of the rate
    at which learners are there, also those who had met it before; 1 for each of the features `flagged` that it has.
    """
    n, met = interactions.n_activities, interactions.activity_index
    # Not at the instant that splits them: of days alone, all ages would be a day more there than when it is asked.
    age = (interactions.at.max() - interactions.at) / DAY_SECONDS
    counts = np.bincount(met, minlength=n)
    rates = [np.bincount(met, np.exp2(-age / half_life), n) for half_life in _HALF_LIVES]
    starts = interactions.sequences().offsets[:-1]
    place = np.arange(len(interactions)) - starts[interactions.learner_index]
    columns = [
        np.bincount(met, place, n) / np.where(counts > 0, counts, np.nan),
        counts / interactions.n_learners,
        *map(_log_rate, (*rates, counts)),
        *_ages(met, age, counts),
        *_of_days(interactions),
        *_has(interactions, flagged).T,
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _ages(met: Index, age: NDArray[np.floating], counts: NDArray[np.integer]) -> list[NDArray[np.floating]]:
    """For each quantile, of each activity: the age of that of its meetings, the latest one first, rounded down."""
    in_order = age[np.lexsort((age, met))]
    first = np.minimum(np.cumsum(counts) - counts, len(age) - 1)
    steps = [(quantile * np.maximum(counts - 1, 0)).astype(np.int64) for quantile in _QUANTILES]
    return [np.where(counts > 0, in_order[first + step], np.nan) for step in steps]


def _of_days(interactions: Interactions) -> list[NDArray[np.floating]]:
    """With each half-life: what is not opened for the first time may still be what everybody works on."""
    if interactions.activity_days is None:
        return []
    now = int(interactions.at.max())
    # As at past instants, not the day that goes on; where the clock knows days alone, the last one is whole.
    days = interactions.activity_days.before(now if now % DAY_SECONDS else now + DAY_SECONDS)
    age = (now - days.at) / DAY_SECONDS
    weights = (days.n_learners * np.exp2(-age / half_life) for half_life in _HALF_LIVES)
    return [_log_rate(np.bincount(days.activity_index, weight, interactions.n_activities)) for weight in weights]


def _log_rate(rate: NDArray[np.number]) -> NDArray[np.floating]:
    found: NDArray[np.floating] = np.log(rate / max(float(rate.mean()), _TINY) + _NOTHING)
    return found


@dataclass(frozen=True)
class Pairs:
    """What is known of the candidates of some histories."""

    place: NDArray[np.int32]  # (n_histories, n_activities), the best that a member gives, 0 first; n_candidates: none
    strength: Scores  # (n_histories, n_activities), what the members say together, standardised
    is_candidate: NDArray[np.bool_]  # (n_histories, n_activities)
    features: Features  # (n_pairs, most_features(n_members) or fewer), of the candidates in the order of `np.nonzero`


def of_pairs(
    members: list[Algorithm],
    of_activity: Features,
    now: int,
    histories: list[Index],
    times: Times | None,
    n_candidates: int,
) -> Pairs:
    """Candidates are the first `n_candidates` of each member's list; what was met is none.

    `of_activity` is what `of_activities` says, and `now` the instant that it is of, in seconds since 1970 UTC.
    """
    open_ = is_open(histories, len(of_activity))
    answers = [_answer(member.score(histories, times), open_, n_candidates) for member in members]
    place = np.minimum.reduce([places for _scores, places in answers])
    is_candidate = place < n_candidates
    row, activity = np.nonzero(is_candidate)
    learner = _of_learners(of_activity[:, _SHARE], now, histories, times)
    of_members = [column[row, activity] for answer in answers for column in answer]
    found = np.concatenate([of_activity[activity], learner[row], np.stack(of_members, axis=1)], axis=1)
    found[:, _PLACE] -= learner[row, 0]
    strength = np.add.reduce([scores for scores, _places in answers])
    return Pairs(place, strength, is_candidate, found.astype(np.float32, copy=False))


def _of_learners(share: Features, now: int, histories: list[Index], times: Times | None) -> Features:
    """Shape (n_histories, _N_OF_LEARNER).

    How many were met; how much of what others met is among them; days since the last one, and how many were met lately:
    not a number where there is no clock.
    """
    n, lengths = len(histories), [len(history) for history in histories]
    owner = np.repeat(np.arange(n), lengths)
    found = np.full((n, _N_OF_LEARNER), np.nan, np.float32)
    found[:, 0] = lengths
    found[:, 1] = np.bincount(owner, share[np.concatenate(histories)], n) / max(float(share.sum()), _TINY)
    if times is not None:
        # Who went on since the training is as busy as at its end.
        age = np.maximum(now - np.concatenate(times), 0) / DAY_SECONDS
        found[:, 2] = np.inf
        np.minimum.at(found[:, 2], owner, age)
        for column, days in enumerate(_LATELY):
            found[:, 3 + column] = np.bincount(owner[age <= days], minlength=n)
    return found


def _answer(scores: Scores, open_: NDArray[np.bool_], n: int) -> tuple[Scores, NDArray[np.int32]]:
    """Standardised, and the place of each of the best `n`; `n` for all others."""
    standardise(scores, open_)
    best = LocalBackend().top_n(np.where(open_, scores, -np.inf), n)
    places = np.full(scores.shape, n, np.int32)
    np.put_along_axis(places, best, np.arange(best.shape[1], dtype=np.int32), axis=1)
    places[~open_] = n
    return scores, places
