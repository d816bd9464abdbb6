"""Why this: one sentence in the learner's words, about what they did themselves and never about other people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from analytics.public import Activity
from recommender.algorithms.base import Contribution


@dataclass(frozen=True)
class Reason:
    sentence: str
    activities: list[Activity] = field(default_factory=list)  # the learner's own, that led here


def because_of(
    contributions: Sequence[Contribution], activity_ids: NDArray[np.int64], activities: Mapping[int, Activity]
) -> Reason | None:
    """From what an algorithm says of a history; None where it names nothing.

    Args:
        contributions: strongest first.
        activity_ids: shape (n_activities,), the database id behind each activity index.
        activities: id -> activity, at least those named.
    """
    named = [activities.get(int(activity_ids[contribution.activity_index])) for contribution in contributions]
    found = [activity for activity in named if activity is not None]
    if not found:
        return None
    if len(found) == 1:
        return Reason(_("Because you worked on %(first)s") % {"first": found[0]}, found)
    sentence = _("Because you worked on %(first)s and %(second)s") % {"first": found[0], "second": found[1]}
    return Reason(sentence, found[:2])


def popular(activity: Activity) -> Reason:
    if activity.course is None:
        return Reason(_("Popular lately"))
    return Reason(_("Popular in %(course)s lately") % {"course": activity.course})


def follows(met: Activity) -> Reason:
    return Reason(_("Often comes after %(met)s") % {"met": met}, [met])


def first_in_course(activity: Activity) -> Reason:
    return Reason(_("A first step in %(course)s") % {"course": activity.course})


def usual_next_step(activity: Activity) -> Reason:
    """Where a model recommends without naming an event."""
    if activity.course is None:
        return Reason(_("A usual next step after what you did"))
    return Reason(_("A usual next step in %(course)s after what you did") % {"course": activity.course})
