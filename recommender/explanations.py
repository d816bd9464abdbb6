"""Why this: one sentence in the learner's words, about what they did themselves and never about other people."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from django.utils.translation import get_language, gettext

from analytics.public import Activity


@lru_cache(maxsize=256)
def _translated(message: str, language: str | None) -> str:
    """`language` is the one that `gettext` looks up itself: it stands here as the key."""
    return gettext(message)


def _(message: str, language: str | None = None) -> str:
    """As `gettext`, which takes longer to find a sentence than to fill it in; an answer has ten."""
    return _translated(message, language or get_language())


class Reason(NamedTuple):
    sentence: str
    activities: Sequence[Activity] = ()  # the learner's own, that led here


def because_of(met: Sequence[Activity], language: str | None = None) -> Reason | None:
    """From what of the learner's own history spoke for it, strongest first; None where nothing is named.

    `language` is the one in use, where it was looked up before: for a list it need not be each time.
    """
    if not met:
        return None
    if len(met) == 1:
        return Reason(_("Because you worked on %(first)s", language) % {"first": met[0]}, met)
    sentence = _("Because you worked on %(first)s and %(second)s", language) % {"first": met[0], "second": met[1]}
    return Reason(sentence, met[:2])


def pinned(activity: Activity) -> Reason:
    if activity.course is None:
        return Reason(_("Put forward by your organisation"))
    return Reason(_("Put forward for learners of %(course)s") % {"course": activity.course})


def unfinished(activity: Activity) -> Reason:
    return Reason(_("You began it and have not finished"), [activity])


def next_in_course(activity: Activity) -> Reason:
    if activity.course is None:
        return Reason(_("Comes next after what you did"))
    return Reason(_("Comes next in %(course)s") % {"course": activity.course})


def popular(activity: Activity) -> Reason:
    if activity.course is None:
        return Reason(_("Popular lately"))
    return Reason(_("Popular in %(course)s lately") % {"course": activity.course})


def follows(met: Activity) -> Reason:
    return Reason(_("Often comes after %(met)s") % {"met": met}, [met])


def first_in_course(activity: Activity) -> Reason:
    return Reason(_("A first step in %(course)s") % {"course": activity.course})


def usual_first_step(activity: Activity) -> Reason:
    """Where a model recommends to somebody of whom it knows nothing but their courses."""
    if activity.course is None:
        return Reason(_("A usual first step beside your courses"))
    return Reason(_("A usual first step in %(course)s, where you are enrolled") % {"course": activity.course})


def usual_next_step(activity: Activity) -> Reason:
    """Where a model recommends without naming an event."""
    if activity.course is None:
        return Reason(_("A usual next step after what you did"))
    return Reason(_("A usual next step in %(course)s after what you did") % {"course": activity.course})
