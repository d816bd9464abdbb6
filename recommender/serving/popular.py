"""What is recommended where no model can answer: named fallbacks, from the day tables, under the same rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, QuerySet, Sum

from analytics.public import Activity
from recommender.serving.rules import admitted
from recommender.serving.situation import Situation

LATELY_DAYS = 28
POPULAR_IN_YOUR_COURSES = "popular_in_your_courses"


@dataclass(frozen=True)
class Popular:
    """Activities that a fallback found, best first, each with its strength 0..1."""

    name: str
    activities: list[tuple[int, float]]  # id, strength


def popular(situation: Situation, limit: int) -> Popular:
    """The first fallback with something to say; the last one's empty answer if none has."""
    found = Popular("popular", [])
    for name, choose in FALLBACKS.items():
        found = Popular(name, choose(situation, limit))
        if found.activities:
            break
    return found


def popular_in_your_courses(situation: Situation, limit: int) -> list[tuple[int, float]]:
    """Ids and strengths, best first."""
    if not situation.enrolled_course_ids:
        return []
    return _most_met(admitted(situation).filter(course_id__in=situation.enrolled_course_ids), situation, limit)


def _first_in_your_courses(situation: Situation, limit: int) -> list[tuple[int, float]]:
    """A course that nobody has begun: its parts in their order."""
    if not situation.enrolled_course_ids:
        return []
    parts = admitted(situation).filter(course_id__in=situation.enrolled_course_ids)
    ids = parts.order_by("course_id", F("opens_at").asc(nulls_first=True), "position", "id").values_list(
        "pk", flat=True
    )
    return [(activity_id, 1.0 - place / limit) for place, activity_id in enumerate(ids[:limit])]


def _popular(situation: Situation, limit: int) -> list[tuple[int, float]]:
    return _most_met(admitted(situation), situation, limit)


def _most_met(activities: QuerySet[Activity], situation: Situation, limit: int) -> list[tuple[int, float]]:
    """By learners per day, summed over the last weeks; what nobody met lately is left out."""
    lately = activities.filter(
        days__organisation_id=situation.organisation.pk,
        days__on__gt=(situation.now - timedelta(days=LATELY_DAYS)).date(),
        days__on__lte=situation.now.date(),
    )
    rows = list(lately.annotate(met=Sum("days__n_learners")).order_by("-met", "id").values_list("pk", "met")[:limit])
    return [(activity_id, met / rows[0][1]) for activity_id, met in rows]


FALLBACKS: dict[str, Callable[[Situation, int], list[tuple[int, float]]]] = {
    POPULAR_IN_YOUR_COURSES: popular_in_your_courses,
    "first_in_your_courses": _first_in_your_courses,
    "popular": _popular,
}
