"""Small data whose right answer is known without any model."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.datasets.interactions import Interactions, Sequences, feature_hash

DAY_SECONDS = 86_400


def checkerboard(n_learners: int = 80, n_activities: int = 16, missing: int = 3, seed: int = 0) -> Interactions:
    """Learners of even id meet activities of even index, odd ones the odd; each misses `missing` of them.

    Right answer: whatever a learner of one colour has not met of that colour comes before all of the other.
    Ids are 1000 + learner, 100 + activity.
    """
    generator = np.random.default_rng(seed)
    learners, activities = [], []
    for learner in range(n_learners):
        own = np.arange(learner % 2, n_activities, 2)
        met = generator.permutation(own)[: len(own) - missing]
        learners.append(np.full(len(met), 1000 + learner))
        activities.append(100 + met)
    at = np.concatenate([np.arange(len(met)) for met in activities]) * DAY_SECONDS
    return Interactions.from_columns(np.concatenate(learners), np.concatenate(activities), at)


def enrolled(board: Interactions) -> Interactions:
    """A checkerboard on which each colour is a course: activities tell theirs, and so do learners, as hashes.

    Right answer for somebody who has met nothing: the activities of their course before all others.
    """
    return board.described(in_courses(board.activity_ids % 2), in_courses(board.learner_ids % 2))


def in_courses(colours: ArrayLike) -> Sequences:
    """One list for each colour, with the hash of its course."""
    hashes = np.array([feature_hash(f"course={colour}") for colour in np.asarray(colours)], np.int32)
    return Sequences(np.arange(len(hashes) + 1), hashes, np.zeros(len(hashes), np.int64))


def chain(n_learners: int = 120, n_activities: int = 12, length: int = 7, seed: int = 0) -> Interactions:
    """Everyone walks round a circle of activities, one step a day, from a place of their own.

    Right answer: after activity k comes k + 1. Only what looks at the order can tell it from k - length.
    """
    generator = np.random.default_rng(seed)
    start = generator.integers(0, n_activities, n_learners)
    steps = np.arange(length)
    activities = (start[:, None] + steps) % n_activities
    learners = np.repeat(np.arange(n_learners), length)
    return Interactions.from_columns(learners, activities.ravel(), np.tile(steps, n_learners) * DAY_SECONDS)


def same_colour(history: NDArray[np.integer], n_activities: int) -> NDArray[np.int64]:
    """Of a checkerboard history, what is left of its colour."""
    own = np.arange(int(history[0]) % 2, n_activities, 2)
    return np.setdiff1d(own, history)
